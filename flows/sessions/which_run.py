"""Which of a plan's runs a command is about. Imports no Prefect."""

from runs.errors import Busy
from runs.journal import Journal
from runs.lifecycle import (
    RunStatus,
    counts,
    is_finished,
    is_leftover,
    is_opening,
    is_removed,
    is_rolled_back,
    is_unfinished_rehearsal,
)
from runs.seed_cycles import removed_runs, runs_with_copies
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.errors import PreconditionError

_SAVE_ANEW = "save the plan anew: `snapferry plan PLAN --new-run -o PLAN`"
_CUT_OVER = Verb.CUTOVER.command
_BEFORE_THE_CUTOVER = frozenset({Verb.SEED, Verb.FOLLOW})
_REMOVE_ROUNDS = "or remove the copies and snapshots: snapferry abort PLAN --execute --seeds"


ENDED = "the domain that the cutover left was released and takes writes of its own"

# migrations


def migration_to_resume(state: State, *, new_run: bool, saved: str = "") -> Journal | None:
    """The migration that the command resumes, or shows again; None where it starts one.

    Args:
        new_run: whether another run is asked for (`--new-run`).
        saved: the run id of the saved plan that is executed; empty without one.

    Raises:
        PreconditionError: a saved plan is to be executed while another run of its plan is unfinished, or its
            own run can neither be resumed nor begin again.
    """
    if saved:
        return _run_of_saved(state, saved, new_run=new_run)
    return None if new_run else state.current(Verb.MIGRATE)


def _run_of_saved(state: State, run_id: str, *, new_run: bool) -> Journal | None:
    own = state.run(run_id)
    own_counts = own is not None and counts(own.document)
    if own and own.changed_something and not own_counts:
        raise PreconditionError(
            f"run {run_id} of this saved plan was given up after it had changed something", hint=_SAVE_ANEW
        )
    if own_counts and new_run:
        raise PreconditionError(
            f"run {run_id} of this saved plan has begun already",
            hint=f"leave out --new-run to resume it, or see its report; for another run {_SAVE_ANEW}",
        )
    current = None if new_run else state.current(Verb.MIGRATE)
    if current and current.run_id != run_id and not is_finished(current.document):
        raise PreconditionError(
            f"run {current.run_id} of plan {state.plan_name} is unfinished",
            hint="finish it with the plan it began with, or give it up for this one with --new-run",
        )
    return own if own_counts else None


def migration_to_undo(state: State) -> Journal | None:
    """The latest migration that changed something, if it is not done and was not undone; None without one."""
    for journal in state.journals():
        document = journal.document
        changed = document.verb is Verb.MIGRATE and document.changed_something
        if changed and not is_removed(document):
            return None if document.status is RunStatus.DONE else journal
    return None


def undoable_migration(state: State, seen: str) -> Journal:
    """The same.

    Raises:
        Busy: it is not the run that was seen before the plan was held.
    """
    return _as_seen(migration_to_undo(state), seen, f"migration {seen}")


# rehearsals


def leftover(state: State) -> Journal | None:
    """The latest rehearsal that made something and has not removed it; None without one."""
    return next((journal for journal in state.journals() if is_leftover(journal.document)), None)


def unfinished_rehearsal(state: State) -> Journal | None:
    """The rehearsal that the next command resumes: the one left over, unless it was to be kept."""
    journal = leftover(state)
    return journal if journal and is_unfinished_rehearsal(journal.document) else None


def require_leftover(state: State) -> Journal:
    """The rehearsal that has left something.

    Raises:
        PreconditionError: there is none.
    """
    journal = leftover(state)
    if journal is None:
        raise PreconditionError(
            f"no rehearsal, seed round, cutover or unfinished migration of plan {state.plan_name} has left "
            "anything behind",
            hint="a migration that is done stays: `snapferry status PLAN` shows where it stands",
        )
    return journal


# rounds and cutovers


def opened_by(state: State) -> Journal | None:
    """The cutover that has opened the target, or is opening it, and that no later round has followed."""
    rounds = (each for each in state.journals() if each.document.verb.is_round and counts(each.document))
    newest = next((each for each in rounds if not each.document.back or is_opening(each.document)), None)
    return newest if newest and is_opening(newest.document) else None


def followed_opening(state: State, *, back: bool, besides: str = "") -> Journal | None:
    """The latest finished opening that keeps a way in this direction; None if that is not what was last.

    Args:
        back: whether the way leads from the plan's target to its source.
        besides: id of a run that does not count, because it goes this way itself.
    """
    newest = promised_opening(state, back=back, besides=besides)
    return newest if newest and not has_ended_promise(newest) else None


def promised_opening(state: State, *, back: bool, besides: str = "") -> Journal | None:
    """The same, whether the promise still holds or not."""
    newest = _finished_opening(state, besides)
    leads_there = newest is not None and newest.document.back is not back
    return newest if newest and leads_there and newest.record(StepName.WAY_BACK) else None


def has_ended_promise(opening: Journal) -> bool:
    """Whether the domain that was left has been released since: then clients may write to both."""
    return any(not intent.was_turned_away for intent in opening.intents("release"))


def finished_fallback(state: State) -> Journal | None:
    """The fallback that was the plan's latest opening, and is done; None if it was not."""
    newest = _finished_opening(state)
    return newest if newest and newest.document.back else None


def _finished_opening(state: State, besides: str = "") -> Journal | None:
    """The plan's latest opening, in either direction; None without one, or while it is not done."""
    others = (each for each in state.journals() if each.run_id != besides)
    newest = next((each for each in others if is_opening(each.document) and counts(each.document)), None)
    return newest if newest and is_finished(newest.document) else None


def unfinished_cutover(state: State) -> Journal | None:
    """The unfinished cutover or fallback; None without one."""
    return state.unfinished(Verb.FALLBACK) or state.unfinished(Verb.CUTOVER)


def require_way_back(state: State) -> Journal:
    """The cutover that a fallback leads away from.

    Raises:
        PreconditionError: there is none that has promised a way back, or the promise has ended.
    """
    found = promised_opening(state, back=True)
    if found and has_ended_promise(found):
        raise PreconditionError(
            f"{ENDED}, so there is no way back any more",
            hint="compare both domains before you point clients anywhere: each may have what the other lacks",
        )
    if found is None:
        raise PreconditionError(
            f"no cutover of plan {state.plan_name} has promised a way back",
            hint="a plan promises it with cutover.source_after: follow, before its cutover",
        )
    return found


def round_to_remove(state: State, seen: str) -> Journal:
    """The latest run whose copies wait on the target: in its journal their removal is written down.

    Raises:
        Busy: it is not the run that was seen before the plan was held.
    """
    journals = runs_with_copies(state)
    if not journals or journals[-1].run_id != seen:
        raise Busy(
            f"another process has worked on the seed rounds of plan {state.plan_name}",
            "see `snapferry status PLAN`, and run the same command again",
        )
    return journals[-1]


def cutover_to_roll_back(state: State, seen: str) -> Journal:
    """The unfinished cutover or fallback.

    Raises:
        Busy: it is not the run that was seen before the plan was held.
    """
    return _as_seen(unfinished_cutover(state), seen, f"cutover {seen}")


def _as_seen(journal: Journal | None, seen: str, what: str) -> Journal:
    """The run, if it is the one that was seen before the plan was held."""
    if journal is None or journal.run_id != seen:
        raise Busy(f"another process has worked on {what}", "see `snapferry status PLAN`")
    return journal


# runs to finish


def finished_run(state: State) -> Journal:
    """The plan's latest run, if it is a migration or a cutover that is done; what follows it back is none.

    Raises:
        PreconditionError: it is not; says what to do first.
    """
    removed = removed_runs(state)
    for journal in state.journals():
        document = journal.document
        abandoned = document.status is RunStatus.ABANDONED and not is_rolled_back(document)
        given_up = journal.run_id in removed or abandoned
        moved = journal.changed_something or document.status is RunStatus.DONE
        if document.verb.moves_to_stay and moved and not given_up and not document.back:
            _require_done(journal)
            return journal
    raise PreconditionError(
        f"no run of plan {state.plan_name} has moved anything", hint="see `snapferry plan PLAN` first"
    )


def _require_done(journal: Journal) -> None:
    document = journal.document
    if (
        document.verb not in _BEFORE_THE_CUTOVER
        and document.status is RunStatus.DONE
        and is_finished(document)
    ):
        return
    if document.verb in _BEFORE_THE_CUTOVER:
        said, hint = "comes before its cutover", f"cut over first: {_CUT_OVER}; {_REMOVE_ROUNDS}"
    elif is_rolled_back(document):
        said, hint = "was rolled back", f"cut over again: {_CUT_OVER}; {_REMOVE_ROUNDS}"
    elif document.status is RunStatus.DIFFERENT:
        said = "has ended with a difference"
        hint = "see `snapferry report PLAN`; finish cleans up after what is verified"
    else:
        said, hint = "is unfinished", _how_to_end(journal)
    what = document.verb.label.lower()
    raise PreconditionError(f"{what} {journal.run_id} {said}: there is nothing to clean up yet", hint=hint)


def _how_to_end(journal: Journal) -> str:
    hint = f"finish it with the same command: {journal.document.verb.command}"
    if journal.document.verb is Verb.CUTOVER and not is_opening(journal.document):
        hint += "; or roll everything back: snapferry abort PLAN --execute"
    return hint


# runs to repair


def repairable_run(state: State) -> Journal:
    """The plan's latest migration, if it has finished, whether everything was equal or not.

    Raises:
        PreconditionError: it has not; or a seed round or a cutover is later. Says what to do instead.
    """
    removed = removed_runs(state)
    for journal in state.journals():
        document = journal.document
        given_up = journal.run_id in removed or document.back or not counts(document)
        if document.verb.moves_to_stay and journal.changed_something and not given_up:
            _require_repairable(journal)
            return journal
    raise PreconditionError(
        f"no run of plan {state.plan_name} has moved anything, so there is nothing to repair",
        hint="see `snapferry plan PLAN` first",
    )


def _require_repairable(journal: Journal) -> None:
    document, what = journal.document, journal.document.verb.label.lower()
    if document.verb is Verb.MIGRATE and document.status in {RunStatus.DONE, RunStatus.DIFFERENT}:
        return
    if document.verb is Verb.MIGRATE:
        said, hint = "is unfinished", f"finish it with the same command: {document.verb.command}"
    elif is_opening(document):
        said = "has opened the target, which is in use: what it lacks and what clients wrote there look alike"
        hint = "`snapferry verify PLAN` shows what differs; compare with the source by hand"
    elif document.verb is Verb.CUTOVER:
        said, hint = "is unfinished", _how_to_end(journal)
    else:
        said = "made copies that are not open yet"
        hint = f"the next round copies what differs again: {Verb.SEED.command}"
    raise PreconditionError(f"{what} {journal.run_id} {said}: there is nothing to repair", hint=hint)
