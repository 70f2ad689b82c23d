"""Run the steps of a verb: with live progress, and the report at the end."""

import gc
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from flows.sessions.begin_or_resume import Request, VerbRules
    from runs.journal import Journal
    from runs.state import State
    from runs.state_files import Unrecorded
    from snapferry.calls import Call, ExecutableCall
    from snapferry.exit_codes import ExitCode
    from tasks.records.previews import RoundPreview

_ROOM = 4 * 1024 * 1024
"""Bytes that a run should find free: its journal, its reports and its log."""


@dataclass(frozen=True)
class Chain:
    """The steps of a verb, in their order; both return the run's id.

    Args:
        run: runs them in this process.
        flow: runs them as a flow run on a Prefect server. It imports Prefect, so it is called only for that.
    """

    run: Callable[["Request"], str]
    flow: Callable[["Request"], str]


def run_chain(request: "Request", rules: "VerbRules", chain: Chain) -> "Journal":
    """Run a verb's steps and return the journal of its run, however it ended.

    They run on the Prefect server that PREFECT_API_URL names, else in this process. What the plan's runs
    exclude, and a domain that cannot be reached, is refused before.

    Raises:
        SnapferryError, KeyboardInterrupt: no run was started or resumed.
    """
    from domains.errors import SnapferryError
    from runs.errors import Busy, StateUnusable
    from snapferry.output.progress import shown_progress

    runs = request.state
    server = os.environ.get("PREFECT_API_URL", "")
    _require_startable(request, rules)
    before = _sessions(runs)
    _meet_and_import(request, rules, server)
    finished: str | None = None
    failed: BaseException | None = None
    try:
        with shown_progress(runs):
            finished = _run_on_server(chain, request) if server else chain.run(request)
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
        raise StateUnusable(
            f"the run of plan {runs.plan_name} is not in {runs.folder}", "see `snapferry status PLAN`"
        )
    return _with_end(journal, failed) if failed else journal


def _require_startable(request: "Request", rules: "VerbRules") -> None:
    """Refuse what the plan's runs exclude, and a state folder without room."""
    from flows.sessions.begin_or_resume import require_possible
    from runs.state_files import require_room
    from snapferry.output.console import keep_output
    from snapferry.output.progress import shown_progress

    runs = request.state
    keep_output(runs.output_log)
    runs.require_free()
    require_room(runs.folder, _ROOM)
    with shown_progress(runs), runs.lock_plan():
        require_possible(request, rules)


def _meet_and_import(request: "Request", rules: "VerbRules", server: str) -> None:
    """Make sure that the domains answer, and Prefect's server if one is named; import what runs the steps."""
    with _importing():
        _meet(request)
        if server:
            _require_server(server)
        import_module(f"flows.{'deployed' if server else 'chains'}.{rules.verb}")


def _require_server(address: str) -> None:
    from domains.http.environment import without_login
    from flows.prefect_runtime.named_server import require_prefect_server
    from snapferry.output.console import say

    require_prefect_server(address)
    say(f"This run is shown on the Prefect server at {without_login(address)}.")


def _run_on_server(chain: Chain, request: "Request") -> str:
    from flows.prefect_runtime.steps import prefect_reachable

    with prefect_reachable():
        return chain.flow(request)


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
    from snapferry.exit_codes import ExitCode
    from snapferry.output.console import show_problem

    for problem in unrecorded.values():
        show_problem(f"this was done, but could not be recorded: {problem.message}", problem.hint)
    return ExitCode.FAILED if unrecorded else None


@contextmanager
def _importing() -> Generator[None]:
    """Look for no garbage inside the block, nor later among its imports: that takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _meet(request: "Request") -> None:
    """Make sure that both domains answer; a rehearsal may have another target."""
    from flows.sessions.first_contact import contact
    from flows.sessions.rehearsal import target_of

    wanted = request.rehearsal
    contact(target_of(request.plan, wanted) if wanted else request.plan, request.state)


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
    from snapferry.next_steps import next_command
    from snapferry.output.console import say
    from snapferry.output.run_log import open_log

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
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say

    to_run = same_command("--execute", *consents)
    call.show(preview, seed_preview_view, to_run=to_run)
    if call.as_json:
        return
    if preview.continues and not preview.frozen:
        say(f"Run {preview.continues} is unfinished; --execute resumes it.")
    say("Nothing was changed. To go ahead:")
    say_next(to_run)


def run_and_report(
    call: "ExecutableCall", request: "Request", rules: "VerbRules", chain: Chain
) -> "ExitCode":
    """Run a verb's steps, print the report, and return the exit code of the run.

    Args:
        request, rules, chain: as in `run_chain`.
    """
    from snapferry.exit_codes import code_of_run

    journal = run_chain(request, rules, chain)
    show_report(call, journal)
    return code_of_run(journal.document)
