"""Seed rounds and cutovers that belong together: from the first round to the opening, or the abort."""

from collections.abc import Iterator, Sequence

from runs.journal import Journal
from runs.lifecycle import ends_cycle, is_being_removed, is_removed
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb


def seed_cycles(state: State) -> Iterator[tuple[Journal, ...]]:
    """The plan's seed rounds and cutovers by what ended them; the newest first, also in each of them."""
    together: list[Journal] = []
    for journal in state.journals():
        if not journal.document.verb.is_round:
            continue
        if ends_cycle(journal.document):
            if together:
                yield tuple(together)
            together = []
        together.append(journal)
    if together:
        yield tuple(together)


def cycle_of(journal: Journal) -> tuple[Journal, ...]:
    """The runs that this one belongs together with, the oldest first; this very object is among them."""
    for found in seed_cycles(State.of(journal)):
        if any(each.run_id == journal.run_id for each in found):
            return tuple(journal if each.run_id == journal.run_id else each for each in reversed(found))
    return (journal,)


def runs_with_copies(state: State) -> tuple[Journal, ...]:
    """The runs whose copies wait on the target, or may, the oldest first; of those that changed something."""
    for found in seed_cycles(state):
        ended = ends_cycle(found[0].document)
        return () if ended else tuple(each for each in reversed(found) if each.changed_something)
    return ()


def being_removed(state: State) -> Journal | None:
    """The run in whose journal an abort of the rounds has begun and not ended; None without one.

    That a cutover is being put back is no such abort.
    """
    for journal in reversed(runs_with_copies(state)):
        if is_being_removed(journal.document):
            return journal
    return None


def forget_abort(state: State) -> None:
    """Gives up an abort of the rounds that has not come to its end: what is still there stays, and is known.

    What is gone is no copy any more, for copies are known by their UUIDs.
    """
    journal = being_removed(state)
    if journal:
        journal.document.aborting = False
        journal.document.steps.pop(StepName.CLEAN, None)
        journal.save()


def removed_runs(state: State) -> frozenset[str]:
    """Ids of the runs of which everything was taken away again."""
    gone = (found for found in seed_cycles(state) if is_removed(found[0].document))
    return frozenset(journal.run_id for found in gone for journal in found)


def sharing_registration(journals: Sequence[Journal]) -> tuple[Journal, ...]:
    """These runs, and those of which all but a registration is gone, the oldest first: they share it.

    A rehearsal leaves its registration where a later round uses it. These very objects are in the result.
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
