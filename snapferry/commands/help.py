"""`snapferry help`: the same as `--help` of the verb it names."""

from typing import Annotated, Any

import typer

from snapferry.verb import verb

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="VERB", hidden=True),
]


@verb("snapferry help cutover", "snapferry help lab up")
def help(context: typer.Context, names: Names = None) -> None:
    """Show all verbs, or the help of one verb."""
    from snapferry.output.console import print_text

    found: Any = context.parent
    for name in names or ():
        below = getattr(found.command, "commands", {})
        if name not in below:
            known = ", ".join(below) or "none"
            raise typer.BadParameter(
                f"there is no verb {name} here; the verbs are: {known}", param_hint="VERB"
            )
        found = typer.Context(below[name], info_name=name, parent=found)
    print_text(found.command.get_help(found) + "\n")
