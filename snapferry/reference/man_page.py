"""The manual page `snapferry(1)`, made from the help: one page with every verb, in the macros of man(7)."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from snapferry.exit_codes import ExitCode
from snapferry.reference.verb_pages import VerbPage

_FILES = (
    (
        "~/.local/state/snapferry",
        "Journals, locks, reports and logs, by plan. --state or SNAPFERRY_STATE name another place.",
    ),
    ("~/.cache/snapferry", "Engines that the lab has downloaded."),
)
_ENVIRONMENT = (
    ("SNAPFERRY_STATE", "Where journals and locks are: a folder, or s3://BUCKET/PREFIX."),
    ("PREFECT_API_URL", "The Prefect server that shows the runs. Without it, none is needed."),
    ("AWS_PROFILE, AWS_REGION, …", "As for any program that uses AWS: credentials and their place."),
    ("SNAPFERRY_CACHE", "Where the lab keeps the engines that it has downloaded."),
    ("SNAPFERRY_LAB_JAVA", "The Java that runs the engines of the lab."),
    ("COLUMNS", "Width of what is printed."),
)


def man_page(pages: Iterable[VerbPage]) -> str:
    """The page as the text of a file.

    Args:
        pages: that of the command, then those of its verbs.
    """
    first, *verbs = pages
    return "\n".join(_lines(first, verbs)) + "\n"


def _lines(first: VerbPage, verbs: list[VerbPage]) -> Iterator[str]:
    yield '.TH SNAPFERRY 1 "" "Snapferry" "User commands"'
    yield from (".SH NAME", _text("snapferry - move the indices of one OpenSearch Service domain to another"))
    yield from (".SH SYNOPSIS", ".B snapferry", _text(first.usage))
    yield from (".SH DESCRIPTION", *map(_text, first.text), ".PP")
    yield _text("Nothing that changes a domain runs without --execute. Each verb has a section below.")
    yield from (".SH OPTIONS", *_entries(first.options))
    yield ".SH VERBS"
    for page in verbs:
        yield from _verb(page)
    yield ".SH EXIT STATUS"
    yield from _entries((str(code.value), code.meaning) for code in ExitCode)
    yield from (".SH ENVIRONMENT", *_entries(_ENVIRONMENT))
    yield from (".SH FILES", *_entries(_FILES))


def _verb(page: VerbPage) -> Iterator[str]:
    yield f".SS {_line(page.path)}"
    yield f".B {_line(f'{page.path} {page.usage}')}"
    for paragraph in page.text:
        yield from (".PP", _text(paragraph))
    yield from _entries((*page.arguments, *page.verbs, *page.options))
    if page.examples:
        yield from (".PP", "Examples:", ".PP", ".EX", *map(_line, page.examples), ".EE")


def _entries(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in entries:
        yield from (".TP", f".B {_line(name)}", _text(text))


def _text(text: str) -> str:
    r"""The text as it is, in short lines: a backslash, a hyphen and a dot at the beginning mean something."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace('"', "\\(dq")
    lines = wrap(plain, 80, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _line(text: str) -> str:
    """The same in one line, for a heading or a command."""
    return _text(text).replace("\n", " ")
