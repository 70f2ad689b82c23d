"""Running a flow from a verb: a Prefect server for its time, live progress, and the report at its end."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from snapferry.options import errors_end_here, terminated_as_interrupted

if TYPE_CHECKING:
    from datetime import datetime

    from configs.plan import Plan
    from flows.sessions.session import Options
    from runs.journal import Journal
    from runs.state import State
    from tasks.records.previews import RoundPreview


def run_flow(plan_name: str, state: Path, call: Callable[[], str | None]) -> "Journal":
    """Runs a flow on a server and returns the journal of its run, however it ended.

    Args:
        call: imports the flow and runs it. Prefect reads its settings when it is imported: not before. It
            returns the run's id where that run may have been finished by another process meanwhile.

    Raises:
        SnapferryError, KeyboardInterrupt: no run came about.
    """
    from domains.errors import SnapferryError
    from flows.prefect_runtime.server import prefect_server
    from runs.errors import Busy, StateUnusable
    from runs.state import State
    from snapferry.console import say
    from snapferry.progress import shown_progress

    runs = State(state, plan_name)
    with runs.lock_plan():
        pass  # when another run holds it, say so before a server is started
    before = _sessions(runs)
    say("Starting Prefect …")
    with prefect_server(state):
        from flows.prefect_runtime.steps import prefect_reachable

        finished: str | None = None
        try:
            with shown_progress(), prefect_reachable():
                finished = call()
        except Busy:
            raise  # whatever run there is now, it is the other process's
        except (SnapferryError, KeyboardInterrupt):
            if _sessions(runs) == before:
                raise  # no run came about: there is nothing to report but the error
    worked_on = (run for run, session in _sessions(runs).items() if before.get(run) != session)
    run_id = next(worked_on, finished)
    journal = runs.run(run_id) if run_id else None
    if journal is None:
        raise StateUnusable(f"the run of plan {plan_name} is not in {state}", "see `snapferry status`")
    return journal


def _sessions(runs: "State") -> dict[str, tuple["datetime", int]]:
    """When each run began, and how many sessions it has had: a saved plan's may begin again under its id."""
    return {j.run_id: (j.document.started, j.document.sessions) for j in runs.journals()}


def show_end(journal: "Journal", *, as_json: bool, next_step: str = "") -> None:
    """Prints the report of a run.

    Args:
        next_step: replaces the report's advice after a run that is done.
    """
    from reports.build.report import report_of
    from reports.files import report_files
    from reports.views.report import report_view
    from runs.lifecycle import RunStatus
    from snapferry.console import show, show_json

    report = report_of(journal.document)
    if next_step and journal.document.status == RunStatus.DONE:
        report = report.model_copy(update={"next": next_step})
    if as_json:
        show_json(report.model_dump_json(indent=2))
    else:
        show(report_view(report, tuple(str(file) for file in report_files(journal) if file.exists())))


def show_preview(found: "RoundPreview", file: Path, *, as_json: bool, options: str = "") -> None:
    """Prints what would be done, and the command that does it."""
    from reports.views.seed_preview import seed_preview_view
    from snapferry.console import say, show, show_json

    if as_json:
        show_json(found.model_dump_json(indent=2))
        return
    show(seed_preview_view(found))
    if found.continues and not found.frozen:
        say(f"Run {found.continues} is unfinished; --execute goes on with it.")
    say(f"Nothing was changed. To do it: snapferry {found.verb} {file} --execute{options}")


def run_round(plan: "Plan", options: "Options", call: "Callable[[], str]", *, as_json: bool) -> NoReturn:
    """Runs the flow of a round, shows its report, and ends the command with its exit code."""
    from snapferry.exit_codes import code_of_run

    with errors_end_here(), terminated_as_interrupted():
        journal = run_flow(plan.name, options.state, call)
        show_end(journal, as_json=as_json)
    raise typer.Exit(code_of_run(journal.document))
