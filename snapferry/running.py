"""Run a flow from a verb: with a Prefect server, live progress, and the report at the end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from configs.plan import Plan
    from runs.journal import Journal
    from runs.state import State
    from snapferry.calls import Call, ExecutableCall
    from snapferry.exit_codes import ExitCode
    from tasks.records.previews import RoundPreview


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
    from snapferry.console import keep_output, say
    from snapferry.progress import shown_progress

    runs = State(state, plan_name)
    keep_output(runs.output_log)
    with runs.lock_plan():
        pass  # if another run holds it, say so before starting a server
    before = _sessions(runs)
    say("Starting Prefect …")
    with prefect_server(state):
        from flows.prefect_runtime.steps import prefect_reachable

        finished: str | None = None
        try:
            with shown_progress(runs), prefect_reachable():
                finished = call()
        except Busy:
            raise  # any run there is now belongs to the other process
        except (SnapferryError, KeyboardInterrupt):
            if _sessions(runs) == before:
                raise  # no run was started or resumed, so the error is all there is to report
    worked_on = (run for run, session in _sessions(runs).items() if before.get(run) != session)
    run_id = next(worked_on, finished)
    journal = runs.run(run_id) if run_id else None
    if journal is None:
        raise StateUnusable(f"the run of plan {plan_name} is not in {state}", "see `snapferry status PLAN`")
    return journal


def _sessions(runs: "State") -> dict[str, tuple["datetime", int]]:
    """Start and number of sessions of each run; the run of a saved plan may start again under the same id."""
    return {j.run_id: (j.document.started, j.document.sessions) for j in runs.journals()}


def show_report(call: "Call", journal: "Journal", *, then: str = "") -> None:
    """Print the report of a run.

    Args:
        then: the verb of the next step after a run that is done, instead of the report's own.
    """
    from reports.build.report import report_of
    from reports.files import report_files
    from reports.views.report import report_view
    from runs.commands import current
    from runs.lifecycle import RunStatus
    from runs.state import State
    from snapferry.console import say
    from snapferry.next_steps import next_command
    from snapferry.run_log import open_log

    report = report_of(journal.document, current())
    if then and journal.document.status == RunStatus.DONE:
        report = report.model_copy(update={"next": next_command(then), "next_command": next_command(then)})
    files = tuple(str(file) for file in report_files(journal) if file.exists())
    log = State.of(journal).log_of(journal.run_id)
    open_log(log)
    call.show(report, lambda shown: report_view(shown, files, log=str(log)))
    if call.as_json:
        say(f"Log: {log}")


def show_preview(call: "ExecutableCall", preview: "RoundPreview", *consents: str) -> None:
    """Print what a round would do and, for people, the command that does it.

    Args:
        consents: what that command needs after `--execute`.
    """
    from reports.views.seed_preview import seed_preview_view
    from snapferry.console import say
    from snapferry.next_steps import same_command, say_next

    to_run = same_command("--execute", *consents)
    call.show(preview, seed_preview_view, to_run=to_run)
    if call.as_json:
        return
    if preview.continues and not preview.frozen:
        say(f"Run {preview.continues} is unfinished; --execute resumes it.")
    say("Nothing was changed. To go ahead:")
    say_next(to_run)


def run_and_report(call: "ExecutableCall", plan: "Plan", flow: "Callable[[], str | None]") -> "ExitCode":
    """Run a flow, print its report, and return the exit code of the run.

    Args:
        flow: as in `run_flow`.
    """
    from snapferry.exit_codes import code_of_run

    journal = run_flow(plan.name, call.folder, flow)
    show_report(call, journal)
    return code_of_run(journal.document)
