"""Runs of one plan that must not be mixed: a migration, seed rounds and their cutover. Imports no Prefect."""

from runs.journal import Journal
from runs.lifecycle import counts, is_finished, is_opening
from runs.seed_cycles import being_removed
from runs.state import State
from tasks.errors import PreconditionError
from tasks.seeding.ledger import ledger


def opened_by(state: State) -> Journal | None:
    """The cutover that has opened the target, or is opening it, and that no later round has followed."""
    rounds = (each for each in state.journals() if each.document.verb.is_round and counts(each.document))
    newest = next(rounds, None)
    return newest if newest and is_opening(newest.document) else None


def require_not_open(state: State, new_run: bool) -> None:
    """Refuses to begin anew what a cutover of the plan has brought to its end, unless that is asked for.

    Args:
        new_run: whether it is asked for (`--new-run`).

    Raises:
        PreconditionError: the target is open.
    """
    cutover = opened_by(state)
    if cutover and is_finished(cutover.document) and not new_run:
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


TAKE_AWAY = "snapferry abort PLAN --execute --seeds"


def require_not_taken_away(state: State) -> None:
    """Raises PreconditionError while an abort of the plan's seed rounds has not come to its end."""
    if being_removed(state):
        raise PreconditionError(
            f"the seed rounds of plan {state.plan_name} are being taken away",
            hint=f"finish that first: {TAKE_AWAY}",
        )
