"""What the help says of every verb, taken apart, for pages in other forms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer


@dataclass(frozen=True)
class VerbPage:
    """What the help says of a verb, or of a group of verbs.

    Args:
        path: the words of the command, `snapferry lab up`.
        usage: what follows them.
        text: paragraphs; the first is the summary.
        arguments: what each is called, and what it is.
        options: the same; empty for a group.
        examples: command lines.
        verbs: the verbs below it, each with its summary.
    """

    path: str
    usage: str
    text: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    verbs: tuple[tuple[str, str], ...]


def every_page(app: typer.Typer) -> Iterator[VerbPage]:
    """The page of the command, then those of its verbs, by name."""
    command: Any = typer.main.get_command(app)
    yield from _pages(command, typer.Context(command, info_name="snapferry"))


def _pages(command: Any, context: typer.Context) -> Iterator[VerbPage]:
    yield _page(command, context)
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _pages(below, typer.Context(below, info_name=name, parent=context))


def _page(command: Any, context: typer.Context) -> VerbPage:
    records: list[tuple[str, tuple[str, str] | None]] = [
        (each.param_type_name, each.get_help_record(context)) for each in command.get_params(context)
    ]
    below = getattr(command, "commands", {})
    return VerbPage(
        path=_path(context),
        usage=" ".join(command.collect_usage_pieces(context)).replace("{", "").replace("}", ""),
        text=tuple(" ".join(each.split()) for each in (command.help or "").split("\n\n")),
        arguments=tuple(
            map(_argument, (record for kind, record in records if record and kind == "argument"))
        ),
        options=tuple(record for kind, record in records if record and kind == "option"),
        examples=tuple(re.findall(r"^  (snapferry .*)$", command.epilog or "", re.MULTILINE)),
        verbs=tuple((name, each.help.partition("\n\n")[0]) for name, each in sorted(below.items())),
    )


def _path(context: Any) -> str:
    above = f"{_path(context.parent)} " if context.parent else ""
    return f"{above}{context.info_name}"


def _argument(record: tuple[str, str]) -> tuple[str, str]:
    """The name without its type, and the text without what the usage shows."""
    return record[0].split()[0], record[1].removesuffix("[required]").rstrip()
