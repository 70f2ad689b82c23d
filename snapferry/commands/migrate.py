"""`snapferry migrate`: the job."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.plan import Plan
from snapferry.commands.plan import show_resolution
from snapferry.exit_codes import ExitCode
from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from runs.journal import Journal
    from runs.state import State

EXAMPLE = "Example: snapferry migrate orders-to-ireland.yaml --execute"
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without this, show what would be done.")]
NewRun = Annotated[
    bool, typer.Option("--new-run", help="Start another run, although one has finished or is unfinished.")
]


@dataclass(frozen=True)
class Options:
    """What was chosen on the command line; `next_step` replaces the report's advice after a
    run that is done."""

    plan: Plan
    file: Path
    state: Path
    allow_delete: tuple[str, ...]
    allow_partial: bool
    new_run: bool
    as_json: bool
    next_step: str = ""


def migrate(
    plan: PlanFile,
    execute: Execute = False,
    allow_delete: AllowDelete = None,
    allow_partial: AllowPartial = False,
    new_run: NewRun = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Move the plan's indices from source to target and verify them.

    An unfinished run is continued; a finished one shows its report and exits as it did. Uses the Prefect
    server named by PREFECT_API_URL, else a temporary one.
    """
    folder = state_folder(state)
    options = Options(load(plan), plan, folder, tuple(allow_delete or ()), allow_partial, new_run, as_json)
    if execute:
        raise typer.Exit(run(options))
    show_resolution(options.plan, folder, options.allow_delete, allow_partial, as_json, plan)


def run(options: Options) -> ExitCode:
    """Runs or continues the migration, shows the report, and returns the exit code."""
    from flows.session import Options as Session
    from flows.session import finished_before
    from snapferry.console import say
    from snapferry.exit_codes import code_of_status

    with errors_end_here(), terminated_as_interrupted():
        journal = finished_before(options.plan, Session(options.state, new_run=options.new_run))
        if journal:
            say(f"Run {journal.run_id} has finished already; --new-run starts another.")
        else:
            journal = _run_flow(options)
        _show_end(options, journal)
    return code_of_status(journal.document.status)


def _run_flow(options: Options) -> "Journal":
    """Runs the flow on a server and returns the journal of its run, however it ended."""
    from domains.errors import SnapferryError
    from flows.server import prefect_server
    from runs.state import State
    from snapferry.console import say
    from snapferry.progress import shown_progress

    runs = State(options.state, options.plan.name)
    with runs.lock_plan():
        pass  # when another run holds it, say so before a server is started
    sessions = _sessions(runs)
    say("Starting Prefect …")
    with prefect_server(options.state):
        from flows.migrate import ConsentParameters, migrate
        from flows.steps import prefect_reachable

        consents = ConsentParameters(
            allow_delete=list(options.allow_delete), allow_partial=options.allow_partial
        )
        try:
            with shown_progress(), prefect_reachable():
                migrate(
                    options.plan,
                    execute=True,
                    consents=consents,
                    new_run=options.new_run,
                    state=str(options.state),
                )
        except (SnapferryError, KeyboardInterrupt):
            if _sessions(runs) == sessions:
                raise  # no run came about: there is nothing to report but the error
    return next(j for j in runs.journals() if sessions.get(j.run_id) != j.document.sessions)


def _sessions(runs: "State") -> dict[str, int]:
    """How many sessions each run has had."""
    return {journal.run_id: journal.document.sessions for journal in runs.journals()}


def _show_end(options: Options, journal: "Journal") -> None:
    from reports.build import report_files, report_of
    from reports.console import report_view
    from snapferry.console import show, show_json

    report = report_of(journal.document)
    if options.next_step and journal.document.status == "done":
        report = report.model_copy(update={"next": options.next_step})
    if options.as_json:
        show_json(report.model_dump_json(indent=2))
    else:
        show(report_view(report, tuple(str(file) for file in report_files(journal) if file.exists())))
