"""`snapferry migrate`: the job."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.plan import Plan
from snapferry.commands.plan import resolved, show_document, show_planned
from snapferry.exit_codes import ExitCode
from snapferry.options import (
    AllowDelete,
    AllowPartial,
    AsJson,
    NewRun,
    PlanFile,
    StateFolder,
    errors_end_here,
    load_either,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from runs.journal import Journal
    from runs.state import State
    from tasks.planning import PlanDocument

EXAMPLE = "Example: snapferry migrate orders-to-ireland.yaml --execute"
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without this, show what would be done.")]


@dataclass(frozen=True)
class Options:
    """What was chosen on the command line.

    Args:
        saved: the saved plan that is executed, where `file` holds one.
        next_step: replaces the report's advice after a run that is done.
    """

    plan: Plan
    file: Path
    state: Path
    allow_delete: tuple[str, ...]
    allow_partial: bool
    new_run: bool
    as_json: bool
    saved: "PlanDocument | None" = None
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
    from flows.session import Options as Session
    from tasks.migration import Consents

    loaded, saved = load_either(plan)
    if saved and new_run:
        raise typer.BadParameter("a saved plan names its run: save the plan again for another one")
    folder, consents = state_folder(state), Consents(frozenset(allow_delete or ()), allow_partial)
    if execute:
        deletions = tuple(allow_delete or ())
        raise typer.Exit(
            run(Options(loaded, plan, folder, deletions, allow_partial, new_run, as_json, saved))
        )
    found = resolved(loaded, saved, Session(folder, consents, new_run))
    if as_json:
        show_document(found.document)
    else:
        show_planned(found, plan)


def run(options: Options) -> ExitCode:
    """Runs or continues the migration, shows the report, and returns the exit code."""
    from flows.session import Options as Session
    from flows.session import finished_before
    from snapferry.console import say
    from snapferry.exit_codes import code_of_status

    with errors_end_here(), terminated_as_interrupted():
        asked = Session(options.state, new_run=options.new_run)
        journal = finished_before(options.plan, asked, options.saved)
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
                    saved_plan=str(options.file) if options.saved else None,
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
