"""`snapferry abort`: a cutover is put back; what a rehearsal or seed rounds have left is taken away."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snapferry.options import (
    AsJson,
    Execute,
    PlanFile,
    StateFolder,
    errors_end_here,
    load_or_begun,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.sessions.session import Options
    from runs.journal import Document

EXAMPLE = "Example: snapferry abort orders-to-ireland.yaml --execute"


Seeds = Annotated[
    bool, typer.Option("--seeds", help="Consent to taking away the copies and snapshots of seed rounds.")
]


def abort(
    plan: PlanFile,
    execute: Execute = False,
    seeds: Seeds = False,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put an unfinished cutover back; else take away what a rehearsal, or else the seed rounds have left.

    One of these at a time, in this order; the last only with --seeds. A cutover is put back as long as it
    opens nothing: the source takes writes again, the copies wait for the next one. Only what the runs made
    goes, by journal and by UUID. Without --execute: show which it is, and what would be removed.
    """
    folder = state_folder(state)
    loaded = load_or_begun(plan, folder)
    from flows.sessions.session import Options
    from tasks.migration import Consents

    options = Options(folder, Consents(seeds=seeds))
    with errors_end_here(), terminated_as_interrupted():
        if execute:
            _do(loaded, options, as_json=as_json)
        else:
            _show(loaded, options, plan, as_json=as_json)


def _show(plan: "Plan", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.abort import preview
    from reports.views.cleanup import cleanup_document, leftovers_view, unfinished_cutover_view
    from snapferry.console import say, show, show_json
    from tasks.records.cleanup import Leftovers

    found = preview(plan, options)
    if as_json:
        show_json(cleanup_document(found))
    elif isinstance(found, Leftovers):
        show(leftovers_view(found))
    else:
        show(unfinished_cutover_view(found))
    what = "put it back" if found.concerns == "cutover" else "remove it"
    more = " --seeds" if found.concerns == "seed rounds" else ""
    say(f"Nothing was changed. To {what}: snapferry abort {file} --execute{more}")


def _do(plan: "Plan", options: "Options", *, as_json: bool) -> None:
    """Does it. An error after the first change ends the command as the run then stands, no refusal."""
    from domains.errors import SnapferryError
    from flows.abort import abort as put_back
    from flows.abort import subject
    from reports.views.cleanup import cleanup_document, removal_view, rolled_back_view
    from runs.journal import Journal
    from runs.state import State
    from snapferry.console import complain, show, show_json
    from snapferry.exit_codes import code_of_run
    from snapferry.progress import shown_progress
    from tasks.records.cleanup import RemovalRecord

    before = subject(State(options.state, plan.name)).journal
    try:
        with shown_progress():
            done = put_back(plan, options)
    except SnapferryError as error:
        run = Journal.load(before.path).document
        if run.sessions == before.document.sessions:
            raise
        complain(error)
        _tell_what_was_done(before.document, run)
        raise typer.Exit(code_of_run(run)) from None
    if as_json:
        show_json(cleanup_document(done))
    else:
        show(removal_view(done) if isinstance(done, RemovalRecord) else rolled_back_view(done))


def _tell_what_was_done(before: "Document", run: "Document") -> None:
    from snapferry.console import say

    done = [each for each in run.intents[len(before.intents) :] if each.result == "sent"]
    named = (f"{each.side} {each.action} {', '.join(each.names)}" for each in done)
    say("Removed before that: " + ("; ".join(named) or "nothing"))
    window = run.window
    if window and window.ended and not (before.window and before.window.ended):
        say("The source takes writes again.")
