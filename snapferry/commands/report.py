"""`snapferry report`: what the latest run did."""

from typing import Annotated, Literal

import typer

from runs.commands import current
from snapferry.calls import RunCall
from snapferry.exit_codes import ExitCode
from snapferry.next_steps import next_command, say_next
from snapferry.options import RunId, chosen_run
from snapferry.plan_files import note_differences
from snapferry.verb import verb

Format = Annotated[
    Literal["console", "json", "markdown", "html"],
    typer.Option("--format", help="Format of the report on standard output."),
]


@verb(
    "snapferry report orders-to-ireland.yaml --format html > report.html",
    "snapferry report orders-to-ireland.yaml --run 20261129-125301402-18c1",
)
def report(call: RunCall, run: RunId = None, format: Format = "console") -> ExitCode:
    """Show what the plan's latest run, or another one, did.

    Reads the run's journal only; nothing is sent to the domains. docs/report.md explains every
    key.
    """
    from configs.values.visible import visible_values
    from reports.build.report import report_of
    from reports.files import report_files
    from reports.views.markdown import markdown
    from reports.views.report import report_view
    from runs.state import State
    from snapferry.output.console import print_text, say, show, show_json

    plan = call.load()
    runs = State(call.folder, plan.name)
    found = chosen_run(runs, run)
    if found is None:
        say(f"There is no run of plan {plan.name} yet.")
        say_next(next_command("check"))
        return ExitCode.REFUSED
    note_differences(found, plan)
    made = report_of(found.document, current())
    if call.as_json or format == "json":
        show_json(made.model_dump_json(indent=2))
    elif format == "markdown":
        print_text(markdown(made))
    elif format == "html":
        from reports.page.page import page

        print_text(page(made))
    else:
        files = tuple(str(file) for file in report_files(found) if file.exists())
        log = runs.log_of(found.run_id)
        show(report_view(visible_values(made), files, log=str(log) if log.exists() else ""))
    return ExitCode.DONE
