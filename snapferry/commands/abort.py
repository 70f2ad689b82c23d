"""`snapferry abort`: what a rehearsal has left is taken away."""

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

EXAMPLE = "Example: snapferry abort orders-to-ireland.yaml --execute"


def abort(
    plan: PlanFile, execute: Execute = False, state: StateFolder = None, as_json: AsJson = False
) -> None:
    """Take away what the plan's latest rehearsal has left: after --keep, a failure or an interruption.

    Only what the rehearsal made, by its journal, checked by UUID. Without --execute: show what that is.
    """
    loaded = load(plan)
    from flows.abort import abort as take_away
    from flows.abort import leftovers
    from flows.session import Options
    from reports.removal import leftovers_document, leftovers_view, removal_view
    from snapferry.console import say, show, show_json
    from snapferry.progress import shown_progress

    options = Options(state_folder(state))
    with errors_end_here(), terminated_as_interrupted():
        if not execute:
            found = leftovers(loaded, options)
            if as_json:
                show_json(leftovers_document(found))
            else:
                show(leftovers_view(found))
            say(f"Nothing was changed. To remove it: snapferry abort {plan} --execute")
            raise typer.Exit
        with shown_progress():
            removed = take_away(loaded, options)
    if as_json:
        show_json(removed.model_dump_json(indent=2))
    else:
        show(removal_view(removed))
