"""Run a flow from a verb: with a Prefect server, live progress, and the report at the end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from configs.plan import Plan
    from runs.journal import Journal
    from runs.state import State
    from runs.state_files import Unrecorded
    from snapferry.calls import Call, ExecutableCall
    from snapferry.exit_codes import ExitCode
    from tasks.records.previews import RoundPreview

_ROOM = 4 * 1024 * 1024
"""Bytes that a run should find free: the database of a temporary Prefect server is the most of it."""


def run_flow(plan_name: str, state: Path, call: Callable[[], str | None]) -> "Journal":
    """Run a flow on a Prefect server and return the journal of its run, however it ended.

    Args:
        state: the state folder.
        call: imports the flow and runs it. Prefect reads its settings when it is imported, so not before. It
            returns the run's id if another process may have finished that run meanwhile.

    Raises:
        SnapferryError, KeyboardInterrupt: no run was started or resumed.
    """
    from domains.errors import SnapferryError
    from flows.prefect_runtime.server import prefect_server
    from runs.errors import Busy, StateUnusable
    from runs.state import State
    from runs.state_files import require_room
    from snapferry.console import keep_output, say
    from snapferry.progress import shown_progress

    runs = State(state, plan_name)
    keep_output(runs.output_log)
    runs.require_free()  # say so before starting a server, and that there is no room for it
    require_room(state, _ROOM)
    before = _sessions(runs)
    say("Starting Prefect …")
    with prefect_server(state):
        from flows.prefect_runtime.steps import prefect_reachable

        finished: str | None = None
        failed: BaseException | None = None
        try:
            with shown_progress(), prefect_reachable():
                finished = call()
        except Busy:
            raise  # any run there is now belongs to the other process
        except (SnapferryError, KeyboardInterrupt) as error:
            if _sessions(runs) == before:
                raise  # no run was started or resumed, so the error is all there is to report
            failed = error
    worked_on = (run for run, session in _sessions(runs).items() if before.get(run) != session)
    run_id = next(worked_on, finished)
    journal = runs.run(run_id) if run_id else None
    if journal is None:
        raise StateUnusable(f"the run of plan {plan_name} is not in {state}", "see `snapferry status`")
    return _with_end(journal, failed) if failed else journal


def _with_end(journal: "Journal", failed: BaseException) -> "Journal":
    """The journal as it is on the disk, with the end that a full disk may have kept from being recorded."""
    from domains.errors import SnapferryError
    from flows.sessions.session import status_after
    from runs.lifecycle import RunStatus

    run = journal.document
    if run.status is RunStatus.RUNNING and isinstance(failed, SnapferryError):
        run.status, run.message, run.hint = status_after(failed, journal), failed.message, failed.hint
    return journal


def show_unrecorded(unrecorded: "Unrecorded") -> "ExitCode | None":
    """Say what was done and could not be recorded; return the exit code for that, None if all was."""
    from snapferry.console import show_problem
    from snapferry.exit_codes import ExitCode

    for problem in unrecorded.values():
        show_problem(f"this was done, but could not be recorded: {problem.message}", problem.hint)
    return ExitCode.FAILED if unrecorded else None


def _sessions(runs: "State") -> dict[str, tuple["datetime", int]]:
    """Start and number of sessions of each run; the run of a saved plan may start again under the same id."""
    return {j.run_id: (j.document.started, j.document.sessions) for j in runs.journals()}


def show_report(call: "Call", journal: "Journal", *, next_step: str = "") -> None:
    """Print the report of a run.

    Args:
        next_step: replaces the report's advice after a run that is done.
    """
    from reports.build.report import report_of
    from reports.files import report_files
    from reports.views.report import report_view
    from runs.lifecycle import RunStatus

    report = report_of(journal.document)
    if next_step and journal.document.status == RunStatus.DONE:
        report = report.model_copy(update={"next": next_step})
    files = tuple(str(file) for file in report_files(journal) if file.exists())
    call.show(report, lambda shown: report_view(shown, files))


def show_preview(call: "ExecutableCall", preview: "RoundPreview", options: str = "") -> None:
    """Print what a round would do and, for people, the command that does it.

    Args:
        options: what that command needs after `--execute`.
    """
    from reports.views.seed_preview import seed_preview_view
    from snapferry.console import say

    call.show(preview, seed_preview_view)
    if call.as_json:
        return
    if preview.continues and not preview.frozen:
        say(f"Run {preview.continues} is unfinished; --execute resumes it.")
    say(f"Nothing was changed. To go ahead: snapferry {preview.verb} {call.file} --execute{options}")


def run_and_report(call: "ExecutableCall", plan: "Plan", flow: "Callable[[], str | None]") -> "ExitCode":
    """Run a flow, print its report, and return the exit code of the run.

    Args:
        flow: as in `run_flow`.
    """
    from snapferry.exit_codes import code_of_run

    journal = run_flow(plan.name, call.folder, flow)
    show_report(call, journal)
    return code_of_run(journal.document)
