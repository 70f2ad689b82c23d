"""`snapferry finish`: clean up what a finished migration or cutover has left."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from snapferry.calls import ExecutableCall
from snapferry.exit_codes import ExitCode
from snapferry.options import run_options
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from domains.errors import SnapferryError
    from flows.finish import Choices
    from flows.sessions.options import RunOptions
    from runs.journal import Intent
    from runs.state import State

_STORED = {"keep": "keep", "remove": "drop", "drop": "drop"}
"""Values of --snapshots as journals have them; `drop` is the word of earlier versions."""


def _as_stored(given: str | None) -> str | None:
    if given is not None and given not in _STORED:
        raise typer.BadParameter(f"{given!r} is not one of 'keep', 'remove'")
    return _STORED[given] if given else None


Snapshots = Annotated[
    str | None,
    typer.Option(
        "--snapshots",
        metavar="[keep|remove]",
        help="Keep or remove the snapshots of the run and its seed rounds. Default: keep.",
        callback=_as_stored,
        show_default=False,
    ),
]
Registrations = Annotated[
    Literal["keep", "remove"] | None,
    typer.Option(
        "--registrations",
        help="Keep or remove the registrations of the repository on both sides. Default: remove, or restore "
        "the one that was there before.",
        show_default=False,
    ),
]
Source = Annotated[
    Literal["blocked", "released"] | None,
    typer.Option(
        "--source",
        help="After a cutover, keep the source blocked or release it. Default: no change.",
        show_default=False,
    ),
]


@verb(
    "snapferry finish orders-to-ireland.yaml --execute",
    "snapferry finish orders-to-ireland.yaml --source released --execute",
)
def finish(
    call: ExecutableCall,
    snapshots: Snapshots = None,
    registrations: Registrations = None,
    source: Source = None,
) -> ExitCode | None:
    """Clean up after a finished migration or cutover.

    Cleans up its snapshots, the registrations of the repository, and the write block on the source. The
    indices that were moved are not touched. You can run it again with other choices.
    """
    plan = call.load()
    from flows.finish import Choices

    options, choices = run_options(call.folder), Choices(snapshots, registrations, source)
    if call.execute:
        return _execute(call, plan, options, choices)
    _show(call, plan, options, choices)
    return None


def _show(call: ExecutableCall, plan: "Plan", options: "RunOptions", choices: "Choices") -> None:
    from flows.finish import preview
    from reports.views.cleanup import finish_preview_view
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say

    found = preview(plan, options, choices)
    to_run = "" if found.finished else same_command("--execute")
    if call.as_json or not found.finished:
        call.show(found, finish_preview_view, to_run=to_run)
    if found.finished:
        say(f"Run {found.run_id} is already cleaned up.")
        return
    if not call.as_json:
        say("Nothing was changed. To go ahead:")
        say_next(to_run)


def _execute(
    call: ExecutableCall, plan: "Plan", options: "RunOptions", choices: "Choices"
) -> ExitCode | None:
    """Clean up. If an error follows a change, list the changes and return the exit code."""
    from domains.errors import SnapferryError
    from flows.finish import finish as clean_up
    from flows.finish import finished_run
    from reports.build.report import report_of
    from reports.views.cleanup import cleanup_document, finish_view
    from runs.commands import current
    from runs.errors import LockLost
    from runs.state import State
    from runs.state_files import Unrecorded, recorded_if_possible
    from snapferry.next_steps import say_next
    from snapferry.output.console import say, show_error, warn
    from snapferry.output.progress import shown_progress
    from snapferry.output.run_log import open_log
    from snapferry.running import show_unrecorded
    from tasks.steps import FINISH

    state = State(options.state, plan.name)
    before, sent_before = finished_run(state), len(_sent_requests(state))
    unrecorded: Unrecorded = {}
    open_log(state.log_of(before.run_id))
    try:
        with shown_progress(state), recorded_if_possible() as unrecorded:
            record = clean_up(plan, options, choices)
    except LockLost:
        raise  # whatever the journal says now is another process's
    except SnapferryError as error:
        if unrecorded:
            show_error(error)
            return show_unrecorded(unrecorded)
        sent = _sent_requests(state)[sent_before:]
        if not sent:
            raise
        show_error(error)
        changes = "; ".join(f"{each.side} {each.action} {', '.join(each.names)}" for each in sent)
        warn(f"Done before the error: {changes}. The same command resumes the rest.")
        return _code_after_change(error)
    if record == before.document.recorded(FINISH):
        say(f"Run {before.run_id} is already cleaned up.")
    left = report_of(finished_run(state).document, current()).next_command
    call.show(record, finish_view, cleanup_document, to_run=left)
    say(f"Log: {state.log_of(before.run_id)}")
    if left and not call.as_json:
        say_next(left)
    return show_unrecorded(unrecorded)


def _sent_requests(state: "State") -> "list[Intent]":
    """Every request of the plan's runs that took effect, oldest first; each round has its own journal."""
    intents = (intent for journal in state.journals() for intent in journal.document.intents)
    return sorted((each for each in intents if each.result == "sent"), key=lambda each: each.at)


def _code_after_change(error: "SnapferryError") -> ExitCode:
    """The exit code of an error after the first change: it is no longer a refusal."""
    from snapferry.exit_codes import code_of_error

    code = code_of_error(error)
    return ExitCode.FAILED if code == ExitCode.REFUSED else code
