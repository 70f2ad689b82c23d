"""The copies between rounds: closed if the plan owns them and nobody uses them, and reported as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_snapshot, a_unit
from support.engine import FakeIndex
from support.fake_domain import FakeDomain, Reply, engine_error, ok
from support.rounds import a_copy, a_mark, copies_of, intended, keep, work_of
from support.writable import WritableEngine, a_closed_copy

from domains.errors import Refused
from runs.state import State
from runs.step_names import StepName
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records.seeding import Change, ChangeKind, CopiesRecord, round_record
from tasks.records.transfer import RestoreRecord
from tasks.seeding.changes import inspect_both_sides
from tasks.seeding.copies import (
    await_shards,
    close_copies,
    current_copies,
    discard,
    require_closed_copies,
    with_own_marks,
)
from tasks.seeding.ledger import ledger

CLOSE = "POST /[^_].*/_close"
OWN = {"a": "uuid-a", "b": "uuid-b"}


@pytest.fixture
def copies(target: FakeDomain) -> WritableEngine:
    """The target, with a waiting copy of each."""
    return WritableEngine(target, "target", a_closed_copy("a"), a_closed_copy("b"))


@pytest.fixture
def m(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock, copies: WritableEngine
) -> Migration:
    """The second round."""
    WritableEngine(source, "source", FakeIndex("a"), FakeIndex("b"))
    clock.step = 1.0
    made = replace(a_migration(tmp_path, source, target, clock=clock), patience_s=20.0)
    before = State.of(made.journal).begin(made.plan, "seed", "20200101-000000000-0001")
    keep(before, StepName.COPIES, copies_of(a_copy("a"), a_copy("b")))
    keep(made.journal, "resolve", a_resolution(a_unit("a"), a_unit("b")))
    return made


def test_own_copies_that_a_kill_has_left_open_are_closed(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["b"].open = True
    close_copies(m, OWN, "copies")
    assert target.changing == ["POST /b/_close"]
    close_copies(m, OWN, "copies")
    assert target.changing == ["POST /b/_close"]


@pytest.mark.parametrize(
    "act",
    [
        lambda t: t.indices["b"].settings.clear(),  # somebody has made it take writes, and works with it
        lambda t: setattr(t.indices["b"], "uuid", "another"),
        lambda t: t.streams.__setitem__("l", ["b"]),
    ],
)
def test_what_somebody_uses_is_not_closed(
    m: Migration, copies: WritableEngine, target: FakeDomain, act: Callable[[WritableEngine], object]
) -> None:
    copies.indices["b"].open = True
    act(copies)
    close_copies(m, OWN, "copies")
    assert target.changing == []


def test_a_copy_that_is_being_restored_is_waited_for(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    copies.indices["b"].open = True
    busy = engine_error(400, "illegal_argument_exception", "[b] is being restored")
    target.on(CLOSE, busy, busy, copies._close)  # pyright: ignore[reportPrivateUsage]
    close_copies(m, OWN, "copies")
    assert not copies.indices["b"].open
    copies.indices["b"].open = True
    target.on(CLOSE, busy)
    with pytest.raises(TimedOut, match="1 copy on the target cannot be closed"):
        close_copies(m, OWN, "copies")
    target.on(CLOSE, engine_error(403, "security_exception", "no permissions"))
    with pytest.raises(Refused, match="no permissions"):
        close_copies(m, OWN, "copies")


@pytest.mark.parametrize(("moving", "waited_s"), [(1, 8.0), (0, 5.0)])
def test_shards_of_copies_that_are_on_their_way_are_waited_for(
    m: Migration, copies: WritableEngine, target: FakeDomain, clock: Clock, moving: int, waited_s: float
) -> None:
    """After many were closed at once they come one by one; what does not move is not waited for for long."""
    copies.unwell["b"] = "red"
    looks = 0

    def told(_: object) -> Reply:
        nonlocal looks
        looks += 1
        if moving and looks == 8:
            copies.unwell.clear()
        return ok({"initializing_shards": moving, "indices": {}})

    target.on("GET /_cluster/health", told)
    before = clock.now
    await_shards(m, ledger(State.of(m.journal), m.journal.run_id))
    assert clock.now - before == waited_s and target.changing == []


def test_only_own_copies_are_discarded(m: Migration, copies: WritableEngine, target: FakeDomain) -> None:
    copies.indices["b"].uuid = "another"
    assert discard(m, [a_copy("a"), a_copy("b"), a_copy("gone")]) == ("a", "b", "gone")
    assert target.changing == ["DELETE /a"] and copies.indices.keys() == {"b"}


def change(name: str, kind: ChangeKind, **more: Any) -> Change:
    return Change(name=name, target=name, kind=kind, **more)


def told(m: Migration, *changes: Change, arrived: Any = (), doubted: Any = (), **work: Any) -> CopiesRecord:
    values: dict[str, Any] = {
        "marks": {n: (a_mark(99),) for n in "ab"},
        "digests": dict.fromkeys("ab", "new"),
        "aliases": dict.fromkeys("ab", "new"),
        **work,
    }
    at = inspect_both_sides(m, ledger(State.of(m.journal), m.journal.run_id))
    return current_copies(m, work_of(*changes, **values), at, arrived, doubted)


def holds(found: CopiesRecord) -> dict[str, int | None]:
    """The last operation of each copy; None where that is not known."""
    return {copy.target: copy.marks[0].max_seq_no if copy.marks else None for copy in found.copies}


def test_a_copy_holds_what_the_round_has_brought(m: Migration) -> None:
    found = told(m, change("a", "changed"), change("b", "aliases"), arrived=["a"])
    assert holds(found) == {"a": 99, "b": 12}
    assert [copy.aliases for copy in found.copies] == ["new", "new"]
    assert require_closed_copies(m, found) is found


def test_a_copy_that_has_arrived_keeps_its_own_marks_so_that_a_foreign_write_shows(m: Migration) -> None:
    found = told(m, change("a", "changed"), change("b", "changed"), arrived=["a"])
    marked = with_own_marks(found, {"a": (a_mark(120),), "b": (a_mark(130),)})
    own = {copy.target: copy.own for copy in marked.copies}
    assert own == {"a": (a_mark(120),), "b": ()}, "what has not arrived is not known"


def test_what_has_not_arrived_or_differs_is_not_trusted_to_hold_anything(m: Migration) -> None:
    found = told(m, change("a", "changed"), change("b", "unchanged"), doubted=["b"])
    assert holds(found) == {"a": None, "b": None}
    assert {copy.target: copy.doubt for copy in found.copies} == {
        "a": "the last round did not restore it completely",
        "b": "its copy was compared and differs, or could not be compared",
    }


def test_what_is_gone_or_another_is_no_copy(m: Migration, copies: WritableEngine) -> None:
    copies.indices["a"].uuid = "another"
    del copies.indices["b"]
    assert holds(told(m, change("a", "unchanged"), change("b", "unchanged"))) == {}
    assert holds(told(m, left_behind=("b",))) == {}
    assert holds(told(m, change("b", "dropped"))) == {}


def test_a_copy_that_is_left_behind_is_still_known(m: Migration) -> None:
    assert holds(told(m, change("a", "unchanged"), left_behind=("b",))) == {"a": 12, "b": 12}


def test_a_copy_to_be_discarded_is_known_until_it_is_gone(m: Migration, copies: WritableEngine) -> None:
    """A cutover may be put back between comparing and discarding: the next round discards it then."""
    assert holds(told(m, change("a", "unchanged"), change("b", "dropped"))) == {"a": 12, "b": 12}
    del copies.indices["b"]
    assert holds(told(m, change("a", "unchanged"), change("b", "dropped"))) == {"a": 12}


@pytest.mark.parametrize("act", [lambda h: h.settings.clear(), lambda h: setattr(h, "open", True)])
def test_a_round_with_a_copy_that_does_not_wait_is_not_done(
    m: Migration, copies: WritableEngine, act: Callable[[FakeIndex], object]
) -> None:
    act(copies.indices["a"])
    with pytest.raises(ExecutionError, match="1 copy on the target is open or takes writes: a"):
        require_closed_copies(m, copies_of(a_copy("a"), a_copy("b")))


def test_a_partial_snapshot_brings_copies_that_are_not_trusted(m: Migration) -> None:
    """With the user's consent it is restored, but a shard that it lacks is empty on the target."""
    from tasks.seeding.copies import fully_restored

    restored = RestoreRecord.model_validate(
        {
            "indices": [
                {
                    "source": "a",
                    "target": "a",
                    "restored": True,
                    "shards": 1,
                    "bytes": 1,
                    "reused_bytes": 0,
                    "adopted": False,
                }
            ],
            "batches": 1,
            "deleted": (),
        }
    )
    assert fully_restored(restored, a_snapshot()) == ["a"]
    assert fully_restored(restored, a_snapshot(state="PARTIAL")) == []
    assert fully_restored(restored, None) == [] == fully_restored(None, a_snapshot())
    assert round_record(work_of(), restored, a_snapshot(), ()).restored == 1


def test_a_restore_whose_reply_was_lost_is_waited_for_before_a_round_is_given_up(
    m: Migration, copies: WritableEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it brings later would be a stranger to the next round, in the way of its own index."""
    from flows.seed_copies import note_unfinished

    intended(m.journal, "restore", "n")
    m.journal.document.intents[-1].result = None
    sleep = clock.sleep

    def meanwhile(seconds: float) -> None:
        copies.put(a_closed_copy("n", uuid="uuid-n", open=True, origin=f"repo/{m.snapshot}"))
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", meanwhile)
    note_unfinished(m, m.journal)
    assert m.journal.document.arrived == {"n": "uuid-n"}


def test_what_has_the_name_and_was_not_restored_by_the_plan_is_no_copy(
    m: Migration, copies: WritableEngine
) -> None:
    """As an index that was to be deleted for the round, when that has failed before."""
    copies.put(FakeIndex("c", uuid="foreign", settings={"index.blocks.write": "true"}))
    keep(m.journal, "resolve", a_resolution(a_unit("c")))
    change, more = Change(name="c", target="c", kind="new"), {"digests": {"c": ""}, "aliases": {"c": ""}}
    assert holds(told(m, change, **more)) == {}
    m.journal.note_arrivals({"c": "foreign"})
    assert holds(told(m, change, arrived=["c"], **more)).keys() == {"c"}
