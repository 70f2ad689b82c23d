"""Copies in the journals of a plan, and the operations that they are known to hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import a_plan, a_resolution, a_unit, selected
from support.rounds import a_copy, copies_of, intended, keep

from runs.journal import Journal, WindowEntry, now
from runs.state import State
from runs.step_names import StepName
from tasks.records.cleanup import RemovalRecord
from tasks.records.cutover import RollBackRecord
from tasks.seeding.ledger import ledger

PLAN = a_plan()


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A plan without a run."""
    return State(tmp_path, PLAN.name)


class Rounds:
    """Runs of the plan, each begun later than the one before."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._count = 0

    def begin(self, verb: str = "seed") -> Journal:
        """Another run."""
        self._count += 1
        journal = self._state.begin(PLAN, verb, f"20260101-00000000{self._count}-0000")
        journal.document.started = now() + timedelta(seconds=self._count)
        journal.save()
        return journal

    def ended(self, *names: str, verb: str = "seed") -> Journal:
        """Another run that finished with these copies."""
        journal = self.begin(verb)
        keep(journal, StepName.COPIES, copies_of(*map(a_copy, names), number=self._count))
        journal.settle("done")
        return journal


@pytest.fixture
def rounds(state: State) -> Rounds:
    """None yet."""
    return Rounds(state)


def whole(state: State, excluding: str = "") -> dict[str, bool]:
    """Copies by name: whether it is known what they hold."""
    return {name: bool(copy.marks and copy.digest) for name, copy in ledger(state, excluding).copies.items()}


def windowed(journal: Journal, *, opening: bool = False) -> None:
    at = now()
    journal.document.window = WindowEntry(frozen=at, deadline=at, ended=None if opening else at)
    journal.save()
    if opening:
        journal.document.window.opening = at
        journal.save()


def test_without_a_round_there_are_no_copies(state: State) -> None:
    found = ledger(state)
    assert (found.copies, found.round) == ({}, 0)


def test_the_latest_round_that_has_come_to_its_end_counts(state: State, rounds: Rounds) -> None:
    rounds.ended("a", "b")
    rounds.ended("b", "c")
    assert whole(state) == {"b": True, "c": True}
    assert ledger(state).round == 2


def test_runs_of_other_verbs_and_the_run_that_asks_do_not_count(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    keep(rounds.begin("migrate"), StepName.COPIES, copies_of(a_copy("x")))
    own = rounds.ended("b")
    assert whole(state, own.run_id) == {"a": True}


def test_what_an_unfinished_round_was_about_to_restore_is_not_trusted_to_hold_anything(
    state: State, rounds: Rounds
) -> None:
    rounds.ended("a", "b")
    unfinished = rounds.begin()
    intended(unfinished, "restore", "a")
    assert whole(state) == {"a": False, "b": True}
    assert ledger(state).copies["a"].target_uuid == "uuid-a", "it is a copy all the same"
    assert ledger(state).round == 1


def test_what_an_abandoned_round_has_brought_is_known_by_its_uuid(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    given_up = rounds.begin()
    keep(given_up, "resolve", a_resolution(a_unit("n", selected("n", uuid="source-uuid")), a_unit("late")))
    intended(given_up, "restore", "n", "late")
    given_up.note_arrivals({"n": "target-uuid"})
    given_up.settle("abandoned")
    found = ledger(state).copies
    assert found.keys() == {"a", "n"}, "`late` was intended and is nowhere"
    assert (found["n"].uuid, found["n"].target_uuid, found["n"].marks) == ("source-uuid", "target-uuid", ())


def test_several_unfinished_rounds_add_up(state: State, rounds: Rounds) -> None:
    rounds.ended("a", "b", "c")
    for name in ("a", "b"):
        intended(rounds.begin(), "restore", name)
    rounds.begin().settle("refused")
    assert whole(state) == {"a": False, "b": False, "c": True}


def test_a_cutover_that_was_put_back_leaves_its_copies(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    cutover = rounds.ended("a", "b", verb="cutover")
    windowed(cutover)
    keep(cutover, StepName.ROLL_BACK, RollBackRecord(why="the window was over"))
    assert whole(state) == {"a": True, "b": True}


def test_a_cutover_that_was_killed_inside_its_window_has_touched_what_it_restores(
    state: State, rounds: Rounds
) -> None:
    rounds.ended("a", "b")
    cutover = rounds.begin("cutover")
    windowed(cutover)
    intended(cutover, "restore", "b")
    assert whole(state) == {"a": True, "b": False}


def test_once_the_target_is_being_opened_its_indices_are_no_copies_any_more(
    state: State, rounds: Rounds
) -> None:
    rounds.ended("a")
    cutover = rounds.begin("cutover")
    windowed(cutover, opening=True)
    cutover.settle("done")
    assert ledger(state).copies == {}
    rounds.ended("n")
    assert whole(state) == {"n": True}


def test_after_everything_was_taken_away_the_next_round_is_the_first(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    newest = rounds.ended("a", "b")
    keep(newest, StepName.CLEAN, RemovalRecord(indices=("a", "b"), snapshots=(), registrations={}, left=()))
    assert (ledger(state).copies, ledger(state).round) == ({}, 0)
    rounds.ended("c")
    assert whole(state) == {"c": True}
