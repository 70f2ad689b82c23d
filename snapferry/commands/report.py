"""`snapferry report`: what the latest run did."""

from typing import Annotated, Literal

import typer

from snapferry.exit_codes import ExitCode
from snapferry.options import AsJson, PlanFile, StateFolder, errors_end_here, load, state_folder

EXAMPLE = "Example: snapferry report orders-to-ireland.yaml --format markdown > report.md"
Format = Annotated[
    Literal["console", "json", "markdown"], typer.Option("--format", help="console, json or markdown.")
]


def report(
    plan: PlanFile, format: Format = "console", state: StateFolder = None, as_json: AsJson = False
) -> None:
    """Show what the plan's latest run did. Sends nothing."""
    from reports.build.report import report_of
    from reports.views.markdown import markdown
    from reports.views.report import report_view
    from runs.state import State
    from snapferry.console import say, show, show_json

    loaded = load(plan)
    with errors_end_here():
        latest = State(state_folder(state), loaded.name).latest()
    if latest is None:
        say(f"There is no run of plan {loaded.name} yet. To start one: snapferry migrate {plan} --execute")
        raise typer.Exit(ExitCode.REFUSED)
    made = report_of(latest.document)
    if as_json or format == "json":
        show_json(made.model_dump_json(indent=2))
    elif format == "markdown":
        typer.echo(markdown(made), nl=False)
    else:
        show(report_view(made))
