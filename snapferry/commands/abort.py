"""`snapferry abort`: what a rehearsal has left is taken away."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from snapferry.options import (
    AsJson,
    Execute,
    PlanFile,
    StateFolder,
    errors_end_here,
    load,
    state_folder,
    terminated_as_interrupted,
)

if TYPE_CHECKING:
    from configs.plan import Plan
    from flows.session import Options

EXAMPLE = "Example: snapferry abort orders-to-ireland.yaml --execute"


def abort(
    plan: PlanFile, execute: Execute = False, state: StateFolder = None, as_json: AsJson = False
) -> None:
    """Take away what the plan's latest rehearsal has left: after --keep, a failure or an interruption.

    Only what the rehearsal made, by its journal, checked by UUID. Without --execute: show what that is.
    """
    loaded = load(plan)
    from flows.session import Options

    options = Options(state_folder(state))
    with errors_end_here(), terminated_as_interrupted():
        if execute:
            _take_away(loaded, options, as_json=as_json)
        else:
            _show(loaded, options, plan, as_json=as_json)


def _show(plan: "Plan", options: "Options", file: Path, *, as_json: bool) -> None:
    from flows.abort import leftovers
    from reports.removal import leftovers_document, leftovers_view
    from snapferry.console import say, show, show_json

    found = leftovers(plan, options)
    if as_json:
        show_json(leftovers_document(found))
    else:
        show(leftovers_view(found))
    say(f"Nothing was changed. To remove it: snapferry abort {file} --execute")


def _take_away(plan: "Plan", options: "Options", *, as_json: bool) -> None:
    """Removes it. An error after the first change ends the command as the run then stands, no refusal."""
    from domains.errors import SnapferryError
    from flows.abort import abort as take_away
    from flows.rehearsals import require_leftover
    from reports.removal import removal_view
    from runs.journal import Journal
    from runs.state import State
    from snapferry.console import complain, say, show, show_json
    from snapferry.exit_codes import code_of_run
    from snapferry.progress import shown_progress

    before = require_leftover(State(options.state, plan.name))
    try:
        with shown_progress():
            removed = take_away(plan, options)
    except SnapferryError as error:
        run = Journal.load(before.path).document
        if run.sessions == before.document.sessions:
            raise
        complain(error)
        done = [each for each in run.intents[len(before.document.intents) :] if each.result == "sent"]
        named = (f"{each.side} {each.action} {', '.join(each.detail['names'])}" for each in done)
        say("Removed before that: " + ("; ".join(named) or "nothing"))
        raise typer.Exit(code_of_run(run)) from None
    if as_json:
        show_json(removed.model_dump_json(indent=2))
    else:
        show(removal_view(removed))
