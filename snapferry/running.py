"""Running a flow from a verb: a Prefect server for its time, live progress, and the report at its end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runs.journal import Journal
    from runs.state import State


def run_flow(plan_name: str, state: Path, call: Callable[[], object]) -> "Journal":
    """Runs a flow on a server and returns the journal of its run, however it ended.

    Args:
        call: imports the flow and runs it. Prefect reads its settings when it is imported: not before.

    Raises:
        SnapferryError, KeyboardInterrupt: no run came about.
    """
    from domains.errors import SnapferryError
    from flows.server import prefect_server
    from runs.state import State
    from snapferry.console import say
    from snapferry.progress import shown_progress

    runs = State(state, plan_name)
    with runs.lock_plan():
        pass  # when another run holds it, say so before a server is started
    sessions = _sessions(runs)
    say("Starting Prefect …")
    with prefect_server(state):
        from flows.steps import prefect_reachable

        try:
            with shown_progress(), prefect_reachable():
                call()
        except (SnapferryError, KeyboardInterrupt):
            if _sessions(runs) == sessions:
                raise  # no run came about: there is nothing to report but the error
    return next(j for j in runs.journals() if sessions.get(j.run_id) != j.document.sessions)


def _sessions(runs: "State") -> dict[str, int]:
    """How many sessions each run has had."""
    return {journal.run_id: journal.document.sessions for journal in runs.journals()}


def show_end(journal: "Journal", *, as_json: bool, next_step: str = "") -> None:
    """Prints the report of a run.

    Args:
        next_step: replaces the report's advice after a run that is done.
    """
    from reports.build import report_files, report_of
    from reports.console import report_view
    from snapferry.console import show, show_json

    report = report_of(journal.document)
    if next_step and journal.document.status == "done":
        report = report.model_copy(update={"next": next_step})
    if as_json:
        show_json(report.model_dump_json(indent=2))
    else:
        show(report_view(report, tuple(str(file) for file in report_files(journal) if file.exists())))
