"""Copies in the journals of a plan, and the operations that they are known to hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import a_plan, a_resolution, a_unit, selected
from support.rounds import a_copy, a_mark, copies_of, intended, keep

from runs.journal import CopyPosition, Intent, Journal, WindowEntry, now
from runs.state import State
from runs.step_names import StepName
from tasks.records.cleanup import RemovalRecord
from tasks.records.cutover import RollBackRecord
from tasks.records.tail import WRITES
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


# the tail


def followed(journal: Journal, *names: str, ended: bool = False) -> None:
    """A session of the tail that may have written to these copies."""
    intent = Intent(step="follow", side="target", action=WRITES, detail={"names": list(names)}, at=now())
    intent.result = "sent" if ended else None
    journal.document.intents.append(intent)
    journal.save()


@pytest.mark.parametrize("verb", ["follow", "cutover"])
@pytest.mark.parametrize("ended", [True, False])
def test_what_the_tail_wrote_to_keeps_its_base_and_is_no_longer_the_snapshots(
    state: State, rounds: Rounds, verb: str, ended: bool
) -> None:
    rounds.ended("a", "b")
    followed(rounds.begin(verb), "a", "x", ended=ended)
    found = ledger(state)
    assert whole(state) == {"a": False, "b": True}, "x is no copy"
    assert found.copies["a"].base == a_copy("a").marks
    assert "it is not known how far" in found.copies["a"].doubt
    assert found.lifted == (frozenset() if ended else frozenset({"a", "x"}))


def test_how_far_a_killed_session_brought_a_copy_is_known_unless_a_round_was_under_way(
    state: State, rounds: Rounds
) -> None:
    rounds.ended("a", "b", "c")
    journal = rounds.begin("follow")
    followed(journal, "a", "b", "c")
    lost = CopyPosition(lost="somebody else has written to it")
    journal.note_positions({"a": CopyPosition(last={0: 41}), "b": CopyPosition(), "c": lost})
    found = ledger(state).copies
    assert [(mark.shard, mark.max_seq_no) for mark in found["a"].own] == [(0, 41)]
    assert found["a"].base and found["b"].base and found["b"].own == ()
    assert (found["c"].base, found["c"].marks, found["c"].doubt) == ((), (), lost.lost)


def test_a_base_stays_through_any_number_of_sessions(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    for _ in range(3):
        followed(rounds.begin("follow"), "a")
    assert ledger(state).copies["a"].base == a_copy("a").marks


def test_a_session_that_ended_says_how_far_its_copies_are(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    journal = rounds.begin("follow")
    followed(journal, "a", ended=True)
    base, own, reached = (a_mark(12),), (a_mark(40),), (a_mark(30),)
    keep(journal, StepName.COPIES, copies_of(a_copy("a", marks=reached, base=base, own=own)))
    journal.settle("done")
    copy = ledger(state).copies["a"]
    assert (copy.base, copy.own, copy.marks, copy.doubt) == (base, own, reached, "")


def test_what_a_later_round_restores_has_no_base_of_before(state: State, rounds: Rounds) -> None:
    """Its numbers are those of the new snapshot: the old base would divide the zones at the wrong place."""
    rounds.ended("a")
    followed(rounds.begin("follow"), "a")
    intended(rounds.begin(), "restore", "a")
    copy = ledger(state).copies["a"]
    assert (copy.base, copy.marks) == ((), ())


def test_what_one_cutover_followed_and_then_restored_has_no_base(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    cutover = rounds.begin("cutover")
    followed(cutover, "a")
    intended(cutover, "restore", "a")
    copy = ledger(state).copies["a"]
    assert (copy.base, copy.marks) == ((), ())


def test_a_copy_that_was_locked_again_is_no_longer_left_open(state: State, rounds: Rounds) -> None:
    rounds.ended("a")
    journal = rounds.begin("follow")
    followed(journal, "a")
    journal.intents(WRITES)[0].result = "locked again"
    journal.save()
    assert ledger(state).lifted == frozenset()
    assert ledger(state).copies["a"].base == a_copy("a").marks


def test_what_an_unfinished_fallback_has_created_is_a_copy_of_the_way_back(
    state: State, rounds: Rounds
) -> None:
    journal = rounds.begin("fallback")
    journal.document.back = True
    keep(journal, StepName.CREATE_BACK, copies_of(a_copy("later")))
    journal.settle("failed")
    assert set(ledger(state, back=True).copies) == {"later"}
    assert set(ledger(state).copies) == set()
