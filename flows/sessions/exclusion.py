"""Runs of one plan that must not be mixed: what refuses a migration, a seed round or a cutover.

Imports no Prefect.
"""

from flows.sessions.which_run import followed_opening, opened_by, unfinished_cutover
from runs.journal import Journal
from runs.lifecycle import is_being_removed, is_finished, opening_has_begun
from runs.seed_cycles import being_removed
from runs.state import State
from runs.verbs import Verb
from tasks.errors import PreconditionError
from tasks.seeding.ledger import ledger

TAKE_AWAY = "snapferry abort PLAN --execute --seeds"
"""The command that removes what seed rounds have left."""


def require_not_open(state: State, new_run: bool) -> None:
    """Refuse to begin again what a cutover of the plan has finished, unless the user wants that.

    Args:
        new_run: whether the user wants it (`--new-run`).

    Raises:
        PreconditionError: the target is open.
    """
    cutover = opened_by(state)
    if cutover and is_finished(cutover.document) and not new_run:
        run, opened = cutover.document, "the source again" if cutover.document.back else "the target"
        raise PreconditionError(
            f"{run.verb.label.lower()} {run.run_id} of plan {state.plan_name} has opened {opened}",
            hint="`snapferry finish PLAN` cleans up what is left; --new-run begins anew all the same",
        )


def require_not_open_or_promised(state: State, new_run: bool) -> None:
    """The same, unless a fallback was last and has promised the way forward: then it can be followed."""
    if followed_opening(state, back=False) is None:
        require_not_open(state, new_run)


def require_no_copies(state: State, new_run: bool) -> None:
    """Refuse a migration next to the plan's seed rounds: their copies would be in its way.

    Raises:
        PreconditionError: the plan has such copies, or its target is open.
    """
    require_not_open(state, new_run)
    copies = ledger(state).copies
    if copies and not new_run:
        raise PreconditionError(
            f"the target holds {len(copies)} copies that seed rounds of plan {state.plan_name} have made",
            hint="`snapferry cutover PLAN` builds on them; or remove them: snapferry abort PLAN --seeds",
        )


def require_no_removal(state: State) -> None:
    """Raise PreconditionError while the removal of the plan's seed rounds has begun and not ended."""
    if being_removed(state):
        raise PreconditionError(
            f"the seed rounds of plan {state.plan_name} are being removed",
            hint=f"finish that first: {TAKE_AWAY}",
        )


def require_no_frozen_cutover(state: State) -> None:
    """Raise PreconditionError while a cutover or fallback has frozen its side, or is being rolled back.

    The removal of seed rounds, which may be written down in a cutover's journal, is neither.
    """
    _require_not_frozen(unfinished_cutover(state))


def require_no_frozen_forward_cutover(state: State) -> None:
    """As `require_no_frozen_cutover`, but of a cutover alone: a fallback may resume in its own window."""
    _require_not_frozen(state.unfinished(Verb.CUTOVER))


def require_no_frozen_fallback(state: State) -> None:
    """As `require_no_frozen_cutover`, but of a fallback alone: a cutover may resume in its own window."""
    _require_not_frozen(state.unfinished(Verb.FALLBACK))


def _require_not_frozen(cutover: Journal | None) -> None:
    run = cutover.document if cutover else None
    if run and (run.window or (run.aborting and not is_being_removed(run))):
        hint = f"finish it: {run.verb.command}"
        if not opening_has_begun(run):
            hint += "; or roll everything back: snapferry abort PLAN --execute"
        raise PreconditionError(
            f"{run.verb.label.lower()} {run.run_id} of plan {run.plan['name']} is unfinished", hint=hint
        )


def require_no_unfinished_round(state: State) -> None:
    """Raise PreconditionError while a seed round is unfinished."""
    seed = state.unfinished(Verb.SEED)
    if seed:
        raise PreconditionError(
            f"seed round {seed.run_id} of plan {state.plan_name} is unfinished",
            hint=f"finish it first: `{Verb.SEED.command}`",
        )
