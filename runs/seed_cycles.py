"""Seed cycles: the seed rounds and cutovers from the first round to the opening or the abort."""

from collections.abc import Iterator, Sequence

from runs.journal import Journal
from runs.lifecycle import ends_cycle, is_being_removed, is_removed
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb


def seed_cycles(state: State) -> Iterator[tuple[Journal, ...]]:
    """Group the plan's seed rounds and cutovers into cycles; cycles and their runs come newest first."""
    together: list[Journal] = []
    for journal in state.journals():
        if not journal.document.verb.is_round or journal.document.back:
            continue
        if ends_cycle(journal.document):
            if together:
                yield tuple(together)
            together = []
        together.append(journal)
    if together:
        yield tuple(together)


def cycle_of(journal: Journal) -> tuple[Journal, ...]:
    """Return all runs in this run's seed cycle, oldest first; this very object is among them."""
    for found in seed_cycles(State.of(journal)):
        if any(each.run_id == journal.run_id for each in found):
            return tuple(journal if each.run_id == journal.run_id else each for each in reversed(found))
    return (journal,)


def runs_with_copies(state: State) -> tuple[Journal, ...]:
    """Return runs that changed something and may have copies waiting on the target, oldest first."""
    for found in seed_cycles(state):
        ended = ends_cycle(found[0].document)
        return () if ended else tuple(each for each in reversed(found) if each.changed_something)
    return ()


def being_removed(state: State) -> Journal | None:
    """Return the run whose journal holds an unfinished abort of the rounds; None if there is none.

    Rolling back a cutover is not such an abort.
    """
    for journal in reversed(runs_with_copies(state)):
        if is_being_removed(journal.document):
            return journal
    return None


def forget_abort(state: State) -> None:
    """Abandon an unfinished abort of the rounds: copies that still exist stay, and rounds keep using them.

    Removed copies are not mistaken for existing ones, because copies are identified by their UUIDs.
    """
    journal = being_removed(state)
    if journal:
        journal.document.aborting = False
        journal.document.steps.pop(StepName.CLEAN, None)
        journal.save()


def removed_runs(state: State) -> frozenset[str]:
    """Return ids of the runs whose results were removed completely."""
    gone = (found for found in seed_cycles(state) if is_removed(found[0].document))
    return frozenset(journal.run_id for found in gone for journal in found)


def sharing_registration(journals: Sequence[Journal]) -> tuple[Journal, ...]:
    """Return these runs and removed runs that may have left a shared registration, oldest first.

    A rehearsal leaves its registration in place if a later round uses it. The result contains these very
    objects.
    """
    state = State.of(journals[0])
    ours, gone = {journal.run_id: journal for journal in journals}, removed_runs(state)
    return tuple(
        ours.get(each.run_id, each)
        for each in reversed(tuple(state.journals()))
        if each.run_id in ours or each.run_id in gone or _is_removed_rehearsal(each)
    )


def _is_removed_rehearsal(journal: Journal) -> bool:
    return journal.document.verb is Verb.REHEARSE and is_removed(journal.document)
