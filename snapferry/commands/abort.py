"""`snapferry abort`: roll back a cutover, or remove what a rehearsal, seed rounds or a migration left."""

from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.calls import ExecutableCall
from snapferry.exit_codes import ExitCode
from snapferry.plan_files import load_or_begun, note_differences
from snapferry.verb import verb

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.options import RunOptions
    from runs.journal import Document

Seeds = Annotated[
    bool, typer.Option("--seeds", help="Consent to removing the copies and snapshots of seed rounds.")
]


@verb(
    "snapferry abort orders-to-ireland.yaml",
    "snapferry abort orders-to-ireland.yaml --execute",
    "snapferry abort orders-to-ireland.yaml --seeds --execute",
)
def abort(call: ExecutableCall, seeds: Seeds = False) -> ExitCode | None:
    """Roll back a cutover, or remove what unfinished runs left.

    Deals with one at a time: an unfinished cutover, else a rehearsal, seed rounds (with --seeds), or a
    migration that is not done. A cutover can be rolled back until it starts to open the target: the source
    accepts writes again, and the copies wait for the next cutover. Only what the runs made is removed,
    identified by journal and UUID; of a migration, the snapshot stays, and each index that has taken
    writes. Without --execute, shows which of these it is and what would be removed.
    """
    plan = load_or_begun(call.file, call.folder)
    from flows.sessions.options import RunOptions

    options = RunOptions(state=call.folder, seeds=seeds)
    if call.execute:
        return _execute(call, plan, options)
    _show(call, plan, options)
    return None


def _show(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> None:
    from flows.aborting.abort import preview, subject
    from reports.views.cleanup import cleanup_document, leftovers_view, unfinished_cutover_view
    from runs.state import State
    from snapferry.next_steps import same_command, say_next
    from snapferry.output.console import say
    from tasks.records.cleanup import Leftovers

    found = preview(plan, options)
    note_differences(subject(State(options.state, plan.name)).journal, plan)
    more = ("--seeds",) if found.concerns == "seed rounds" else ()
    to_run = same_command("--execute", *more)
    if isinstance(found, Leftovers):
        call.show(found, leftovers_view, cleanup_document, to_run=to_run)
    else:
        call.show(found, unfinished_cutover_view, to_run=to_run)
    if call.as_json:
        return
    what = "roll it back" if found.concerns == "cutover" else "remove it"
    say(f"Nothing was changed. To {what}:")
    say_next(to_run)


def _execute(call: ExecutableCall, plan: "Plan", options: "RunOptions") -> ExitCode | None:
    """Roll back or clean up. If an error follows a change, return the exit code of the run by then."""
    from domains.errors import SnapferryError
    from flows.aborting.abort import abort as roll_back_or_remove
    from flows.aborting.abort import subject
    from reports.views.cleanup import cleanup_document, removal_view, rolled_back_view
    from runs.errors import LockLost
    from runs.journal import Journal
    from runs.state import State
    from runs.state_files import Unrecorded, recorded_if_possible
    from snapferry.exit_codes import code_of_run
    from snapferry.next_steps import next_command, say_next
    from snapferry.output.console import keep_output, say, show_error
    from snapferry.output.progress import shown_progress
    from snapferry.output.run_log import open_log
    from snapferry.running import show_unrecorded
    from tasks.records.cleanup import RemovalRecord

    state = State(options.state, plan.name)
    keep_output(state.output_log)
    before = subject(state).journal
    note_differences(before, plan)
    unrecorded: Unrecorded = {}
    open_log(state.log_of(before.run_id))
    try:
        with shown_progress(state), recorded_if_possible() as unrecorded:
            record = roll_back_or_remove(plan, options)
    except LockLost:
        raise  # whatever the journal says now is another process's
    except SnapferryError as error:
        run = Journal.load(before.path).document
        if unrecorded:
            show_error(error)
            return show_unrecorded(unrecorded)
        if run.sessions == before.document.sessions:
            raise
        show_error(error)
        _say_what_was_done(before.document, run)
        return code_of_run(run)
    if isinstance(record, RemovalRecord):
        call.show(record, removal_view, cleanup_document)
    else:
        call.show(record, rolled_back_view)
    say(f"Log: {state.log_of(before.run_id)}")
    if not call.as_json and not isinstance(record, RemovalRecord):
        say_next(next_command("cutover"))
    return show_unrecorded(unrecorded)


def _say_what_was_done(before: "Document", run: "Document") -> None:
    from snapferry.output.console import warn

    sent = [each for each in run.intents[len(before.intents) :] if each.result == "sent"]
    changes = (f"{each.side} {each.action} {', '.join(each.names)}" for each in sent)
    warn("Done before the error: " + ("; ".join(changes) or "nothing"))
    window = run.window
    if window and window.ended and not (before.window and before.window.ended):
        warn("The source takes writes again.")
