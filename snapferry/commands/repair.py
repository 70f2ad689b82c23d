"""`snapferry repair`: bring exactly the documents into line that a verification names."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import ExecutableCall
from snapferry.commands.verify import Sample, Seed
from snapferry.exit_codes import ExitCode
from snapferry.options import run_options
from snapferry.verb import verb
from snapferry.verify_options import settings_of

if TYPE_CHECKING:
    from configs.plan import Plan
    from domains.errors import SnapferryError
    from flows.sessions.options import RunOptions
    from runs.journal import Intent
    from runs.state import State

Level = Annotated[
    Literal["operations", "content"] | None,
    typer.Option(
        "--level",
        help="How closely to compare. Default: the plan's level; counts name no documents, so for them "
        "operations.",
        show_default=False,
    ),
]


@verb(
    "snapferry repair orders-to-ireland.yaml",
    "snapferry repair orders-to-ireland.yaml --execute",
    "snapferry repair orders-to-ireland.yaml --level content --sample 1 --execute",
)
def repair(
    call: ExecutableCall, level: Level = None, sample: Sample = None, seed: Seed = None
) -> ExitCode | None:
    """Repair exactly the documents that verify has named.

    For the copies of a finished migration that are not yet in use. Compares as `verify` does. What the target
    lacks or has otherwise is written as the source has it, what the source does not have is deleted, and all
    of it is verified again. Refuses where somebody else writes to the target.
    """
    plan = call.load()
    if level or plan.verify.level != "counts" or sample is not None or seed is not None:
        settings = settings_of(plan.verify, {"level": level, "sample": sample, "seed": seed})
        plan = plan.model_copy(update={"verify": settings})
    options = run_options(call.folder)
    if call.execute:
        return _execute(call, plan, options)
    _show(call, plan, options)
    return None


def _show(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> None:
    from flows.repair import preview
    from reports.views.repair import repair_preview_view
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say
    from snapferry.output.progress import shown_progress

    with shown_progress():
        found = preview(plan, options)
    to_run = same_command("--execute") if found.indices else ""
    call.show(found, repair_preview_view, to_run=to_run)
    if to_run and not call.as_json:
        say("Nothing was changed. To go ahead:")
        say_next(to_run)


def _execute(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> ExitCode | None:
    """Repair. If an error follows a change, list the changes and return the exit code."""
    from domains.errors import SnapferryError
    from flows.repair import repair as bring_into_line
    from flows.sessions.which_run import repairable_run
    from reports.views.repair import repair_document, repair_view
    from runs.errors import LockLost
    from runs.state import State
    from runs.state_files import Unrecorded, recorded_if_possible
    from snapferry.output.console import say, show_error
    from snapferry.output.progress import shown_progress
    from snapferry.output.run_log import open_log
    from snapferry.running import show_unrecorded

    state = State(options.state, plan.name)
    before = repairable_run(state)
    sent_before = len(_sent(state, before.run_id))
    unrecorded: Unrecorded = {}
    open_log(state.log_of(before.run_id))
    try:
        with shown_progress(state), recorded_if_possible() as unrecorded:
            record = bring_into_line(plan, options)
    except LockLost:
        raise  # whatever the journal says now is another process's
    except SnapferryError as error:
        if unrecorded:
            show_error(error)
            return show_unrecorded(unrecorded)
        return _after_error(error, _sent(state, before.run_id)[sent_before:])
    call.show(record, repair_view, repair_document, to_run=_next(state, before.run_id))
    say(f"Log: {state.log_of(before.run_id)}")
    if not call.as_json:
        _say_next(state, before.run_id)
    passed = record.verified is not None and record.verified.passed
    return show_unrecorded(unrecorded) or (ExitCode.DONE if passed else ExitCode.DIFFERENT)


def _after_error(error: "SnapferryError", sent: "list[Intent]") -> ExitCode:
    """Raise the error of a command that changed nothing; after a change, show it with what was changed."""
    from snapferry.exit_codes import code_of_error
    from snapferry.output.console import show_error, warn

    if not sent:
        raise error
    show_error(error)
    changes = "; ".join(f"{each.side} {each.action} {', '.join(each.names)}" for each in sent)
    warn(f"Done before the error: {changes}. The same command resumes the rest.")
    code = code_of_error(error)
    return ExitCode.FAILED if code == ExitCode.REFUSED else code


def _sent(state: "State", run_id: str) -> "list[Intent]":
    """The requests of the run that may have taken effect, oldest first."""
    journal = state.run(run_id)
    return [each for each in journal.document.intents if each.may_have_changed] if journal else []


def _next(state: "State", run_id: str) -> str:
    """The command to run next about the run."""
    from reports.build.report import report_of
    from runs.commands import current

    journal = state.run(run_id)
    return report_of(journal.document, current()).next_command if journal else ""


def _say_next(state: "State", run_id: str) -> None:
    from snapferry.next_steps import say_next

    to_run = _next(state, run_id)
    if to_run:
        say_next(to_run)
