"""Runs of one plan that must not be mixed: a migration, seed rounds and their cutover. Imports no Prefect."""

from runs.state import State, is_finished
from tasks.errors import PreconditionError
from tasks.rounds.generations import generations
from tasks.rounds.ledger import ledger


def require_not_open(state: State, new_run: bool) -> None:
    """Refuses to begin anew what a cutover of the plan has brought to its end, unless that is asked for.

    Args:
        new_run: whether it is asked for (`--new-run`).

    Raises:
        PreconditionError: the target is open.
    """
    newest = next(generations(state), None)
    cutover = newest[0] if newest else None
    window = cutover.document.window if cutover else None
    if cutover and window and window.opening and is_finished(cutover) and not new_run:
        raise PreconditionError(
            f"cutover {cutover.run_id} of plan {state.plan_name} has opened the target",
            hint="`snapferry finish PLAN` settles what is left; --new-run begins anew all the same",
        )


def require_no_copies(state: State, new_run: bool) -> None:
    """Refuses a migration beside the plan's seed rounds: their copies would be in its way.

    Raises:
        PreconditionError: the plan has such copies, or its target is open.
    """
    require_not_open(state, new_run)
    copies = ledger(state).copies
    if copies and not new_run:
        raise PreconditionError(
            f"the target holds {len(copies)} copies that seed rounds of plan {state.plan_name} have made",
            hint="`snapferry cutover PLAN` goes on from them; or take them away with `snapferry abort`",
        )
