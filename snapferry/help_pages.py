"""How help pages look: verbs listed by group, examples that can be copied."""

from typing import Any, ClassVar

from typer.core import TyperGroup


def examples_text(examples: tuple[str, ...]) -> str:
    """The examples for the end of a help page, one a line."""
    title = "Example:" if len(examples) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {example}" for example in examples)])


class GroupedHelp(TyperGroup):
    """Help that lists the verbs by group and never cuts a summary.

    Args:
        order: titles of the groups, in order; others follow. Typer has verbs with verbs of their own at the
        end.
    """

    order: ClassVar[tuple[str, ...]] = ()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group; Typer has groups only in its boxed help, which is wider."""
        width = max(len(name) for name in self.commands)
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            rows = groups.setdefault(getattr(command, "rich_help_panel", None) or "Commands", [])
            rows.append((name.ljust(width), (command.help or "").partition("\n\n")[0]))
        for title in sorted(groups, key=self._place):
            with formatter.section(title):
                formatter.write_dl(groups[title])

    def _place(self, title: str) -> int:
        return self.order.index(title) if title in self.order else len(self.order)
