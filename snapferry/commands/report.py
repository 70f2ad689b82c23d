"""`snapferry report`: what the latest run did."""

from typing import Annotated, Literal

import typer

from snapferry.calls import RunCall
from snapferry.exit_codes import ExitCode
from snapferry.plan_files import note_differences
from snapferry.verb import verb

Format = Annotated[
    Literal["console", "json", "markdown"],
    typer.Option("--format", help="Format of the report on standard output."),
]


@verb("snapferry report orders-to-ireland.yaml --format markdown > report.md")
def report(call: RunCall, format: Format = "console") -> ExitCode:
    """Show what the plan's latest run did.

    Reads the run's journal only; nothing is sent to the domains. docs/report.md explains every
    key.
    """
    from reports.build.report import report_of
    from reports.views.markdown import markdown
    from reports.views.report import report_view
    from runs.state import State
    from snapferry.console import print_text, say, show, show_json

    plan = call.load()
    latest = State(call.folder, plan.name).latest()
    if latest is None:
        say(f"There is no run of plan {plan.name} yet. To start one: snapferry migrate {call.file} --execute")
        return ExitCode.REFUSED
    note_differences(latest, plan)
    found = report_of(latest.document)
    if call.as_json or format == "json":
        show_json(found.model_dump_json(indent=2))
    elif format == "markdown":
        print_text(markdown(found))
    else:
        show(report_view(found))
    return ExitCode.DONE
