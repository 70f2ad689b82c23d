"""What a round finds to have changed: every kind, and why. What could have happened is never missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import Clock, a_migration, a_resolution, a_stream_unit, a_unit, selected
from support.engine import FakeIndex
from support.fake_domain import FakeDomain
from support.rounds import a_mark, copies_of, keep
from support.shards import Shard
from support.writable import WritableEngine, a_closed_copy

from domains.shard_mark import Mark
from runs.state import State
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord, Copy
from tasks.seeding.changes import _why_changed, find_changes, inspect_both_sides  # pyright: ignore[reportPrivateUsage]
from tasks.seeding.ledger import ledger

pytestmark = pytest.mark.slow

NAMES = ("a", "b")


@pytest.fixture
def engine(source: FakeDomain) -> WritableEngine:
    """The source, with `a` and `b` of one shard."""
    return WritableEngine(source, "source", *(FakeIndex(n, figures=[Shard(last=7)]) for n in NAMES))


@pytest.fixture
def copies(target: FakeDomain) -> WritableEngine:
    """The target, with a waiting copy of each."""
    return WritableEngine(target, "target", *(a_closed_copy(n, uuid=f"copy-{n}") for n in NAMES))


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    """The second round."""
    return a_migration(tmp_path, source, target, clock=clock)


@pytest.fixture(autouse=True)
def first_round(m: Migration, engine: WritableEngine, copies: WritableEngine) -> None:
    """A round was taken of what the source is now."""
    took_round(m, a_resolution(*map(a_unit, NAMES)))


def took_round(m: Migration, resolution: Resolution) -> None:
    """Every index of the resolution has its copy as of now."""
    looked = compared(m, resolution)
    before = State.of(m.journal).begin(m.plan, "seed", "20200101-000000000-0001")
    found = [
        Copy(
            source=index.name,
            uuid=index.uuid,
            target=index.target,
            target_uuid=f"copy-{index.target}",
            stream=index.stream,
            marks=looked.marks[index.name],
            digest=looked.digests[index.name],
            aliases=looked.aliases[index.name],
        )
        for index in resolution.indices
    ]
    keep(before, StepName.COPIES, copies_of(*found))


def compared(m: Migration, resolution: Resolution) -> ChangesRecord:
    return find_changes(m, resolution, inspect_both_sides(m, ledger(State.of(m.journal), m.journal.run_id)))


def told(m: Migration, *units: Any) -> dict[str, tuple[str, str]]:
    """Kind and reason by index."""
    found = compared(m, a_resolution(*(units or map(a_unit, NAMES))))
    return {change.name: (change.kind, change.why) for change in found.changes}


def shard(engine: WritableEngine, name: str) -> Shard:
    (found,) = engine.indices[name].figures
    return found


def test_what_stands_still_is_unchanged_and_touched_by_nothing(m: Migration) -> None:
    found = compared(m, a_resolution(*map(a_unit, NAMES)))
    assert {change.kind for change in found.changes} == {"unchanged"}
    assert found.restored == () and found.operations == 0 and found.round == 2


@pytest.mark.parametrize("act", [lambda s: s.write("x"), lambda s: s.delete("x")])
def test_a_write_or_a_delete_changes_it(m: Migration, engine: WritableEngine, act: Any) -> None:
    act(shard(engine, "a"))
    found = compared(m, a_resolution(*map(a_unit, NAMES)))
    (change,) = found.restored
    assert (change.name, change.kind, change.why) == ("a", "changed", "it was written to")
    assert (change.operations, change.base) == (1, True)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"term": 2}, "shard 0 has a new primary"),
        ({"history": "forced"}, "shard 0 was restored or force-allocated on the source"),
        ({"checkpoint": 6}, "an operation was in progress on shard 0"),
    ],
)
def test_numbers_that_stand_for_other_operations_are_not_trusted(
    m: Migration, engine: WritableEngine, changed: dict[str, Any], why: str
) -> None:
    engine.indices["a"].figures = [replace(shard(engine, "a"), **changed)]
    assert told(m) == {"a": ("changed", why), "b": ("unchanged", "")}


def test_a_shard_that_does_not_tell_is_no_unchanged_one(m: Migration, engine: WritableEngine) -> None:
    del engine.indices["b"].figures[:]
    assert told(m)["b"] == ("changed", "a shard does not report its last operation")


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ({"mapping": {"properties": {"n": {"type": "long"}}}}, "changed"),
        ({"settings": {"index.max_result_window": "20000"}}, "changed"),
        ({"settings": {"index.blocks.write": "true", "index.number_of_replicas": "2"}}, "unchanged"),
        ({"aliases": {"all": {}}}, "aliases"),
    ],
)
def test_what_changes_without_an_operation_is_found(
    m: Migration, engine: WritableEngine, what: dict[str, Any], kind: str
) -> None:
    for name, value in what.items():
        setattr(engine.indices["a"], name, value)
    assert told(m)["a"][0] == kind


def test_other_settings_in_the_plan_reach_the_copies(m: Migration) -> None:
    wanted = m.plan.restore.model_copy(update={"index_settings": {"index.max_result_window": 20000}})
    changed = replace(m, plan=m.plan.model_copy(update={"restore": wanted}))
    assert {kind for kind, _ in told(changed).values()} == {"changed"}
    assert "the plan's settings for its copy did" in told(changed)["a"][1]


def test_a_copy_that_lacks_a_shard_is_restored_again(m: Migration, copies: WritableEngine) -> None:
    """Copies have no replicas: where a node of the target is lost, what was on it is lost."""
    copies.unwell["a"] = "red"
    assert told(m)["a"] == ("changed", "its copy on the target is missing a shard")


def test_a_copy_of_an_unfinished_round_is_restored_again(m: Migration) -> None:
    (before,) = [each for each in State.of(m.journal).journals() if each.document.verb == "seed"]
    for copy in before.document.steps[StepName.COPIES].record["copies"]:  # pyright: ignore[reportOptionalSubscript]
        copy["marks"] = []
    before.save()
    assert told(m)["a"] == ("changed", "an unfinished round left it behind")


def test_a_copy_that_was_found_to_differ_is_told_as_that(m: Migration) -> None:
    found = ledger(State.of(m.journal), m.journal.run_id).copies["a"]
    differed = found.model_copy(update={"marks": (), "doubt": "it was found to differ"})
    later = State.of(m.journal).begin(m.plan, "seed", "20200102-000000000-0001")
    keep(later, StepName.COPIES, copies_of(differed, number=2))
    assert told(m)["a"] == ("changed", "it was found to differ")


def test_an_index_without_a_copy_is_new(m: Migration, engine: WritableEngine, copies: WritableEngine) -> None:
    engine.put(FakeIndex("c"))
    del copies.indices["b"]  # somebody has deleted that copy
    found = told(m, *map(a_unit, ("a", "b", "c")))
    assert [kind for kind, _ in found.values()] == ["unchanged", "new", "new"]


def test_one_that_was_made_anew_is_told_by_its_uuid(m: Migration, engine: WritableEngine) -> None:
    engine.put(FakeIndex("a", "another", figures=[Shard(last=7)]))
    found = told(m, a_unit("a", selected("a", uuid="another")), a_unit("b"))
    assert found["a"] == ("made anew", "it was deleted and recreated on the source")


def test_another_number_of_shards_needs_another_copy(m: Migration, engine: WritableEngine) -> None:
    engine.put(FakeIndex("a", "another", states=["STARTED"] * 2, figures=[Shard(), Shard()]))
    found = compared(m, a_resolution(a_unit("a", selected("a", uuid="another", shards=2)), a_unit("b")))
    (change,) = found.restored
    assert (change.kind, change.base) == ("reshaped", False)
    assert change.why == "it has 2 shards now; its copy has 1"


def test_a_copy_whose_index_is_gone_is_dropped_and_one_that_is_left_out_is_left_behind(
    m: Migration, engine: WritableEngine
) -> None:
    found = compared(m, a_resolution(a_unit("a")))
    assert (found.left_behind, found.of("dropped")) == (("b",), ())
    del engine.indices["b"]
    found = compared(m, a_resolution(a_unit("a")))
    assert (found.left_behind, [change.name for change in found.of("dropped")]) == ((), ["b"])


@pytest.mark.parametrize("request_", ["/_cat/indices", "/_all/_stats/docs", "/_all"])
@pytest.mark.parametrize("new", [(), (FakeIndex("b", "another", figures=[Shard(last=7)]),)])
def test_an_index_that_is_gone_or_made_anew_between_two_reads_is_left_to_the_next_round(
    m: Migration, source: FakeDomain, engine: WritableEngine, request_: str, new: tuple[FakeIndex, ...]
) -> None:
    """Before whichever request it happens, the round ends well and keeps to what it knows of the others."""

    def change() -> None:
        engine.indices.pop("b", None)
        for index in new:
            engine.put(index)

    source.before(f"GET {request_}", change)
    found = compared(m, a_resolution(*map(a_unit, NAMES)))
    assert [change.kind for change in found.changes if change.name == "a"] == ["unchanged"]
    others = [change.kind for change in found.changes if change.name == "b"]
    if others in (["changed"], ["unchanged"]):  # seen as it was: the snapshot would notice that it is another
        assert new
        return
    assert others in ([], ["dropped"])
    assert found.notes == (
        "b: deleted or recreated on the source since this round selected it, so left out of this round",
    )
    assert "b" not in {*found.marks, *found.digests, *found.aliases}
    if others == []:
        assert found.left_behind == ("b",), "its copy is not forgotten"


def test_a_copy_under_a_name_that_the_plan_gives_no_more_is_not_forgotten(m: Migration) -> None:
    """Another prefix, or nothing in the way any more: there is another copy, and the old one is known."""
    moved = a_unit("b", selected("b", target="new-b"), target="new-b", action="rename")
    found = compared(m, a_resolution(a_unit("a"), moved))
    assert found.left_behind == ("b",)
    assert [(change.target, change.kind) for change in found.restored] == [("new-b", "new")]


def test_a_copy_that_somebody_made_to_take_writes_is_none(m: Migration, copies: WritableEngine) -> None:
    copies.indices["a"].settings.clear()
    assert told(m)["a"] == ("new", "the target has no copy of it yet")


def test_backing_indices_of_a_stream_are_told_apart_by_themselves(
    m: Migration, engine: WritableEngine, copies: WritableEngine
) -> None:
    first, second = ".ds-l-000001", ".ds-l-000002"
    engine.put(FakeIndex(first))
    copies.put(a_closed_copy(first, uuid=f"copy-{first}"))
    took_round(m, a_resolution(*map(a_unit, NAMES), a_stream_unit("l", first)))
    engine.put(FakeIndex(second))
    found = told(m, *map(a_unit, NAMES), a_stream_unit("l", first, second))
    assert (found[first][0], found[second][0]) == ("unchanged", "new")


def test_an_old_target_is_said_to_fetch_every_file(
    m: Migration, target: FakeDomain, copies: WritableEngine
) -> None:
    assert compared(m, a_resolution(a_unit("a"))).notes == ()
    WritableEngine(target, "target", number="2.11.0")
    assert compared(m, a_resolution(a_unit("a"))).notes == ()
    target.on("GET /", lambda _: _elasticsearch("7.1.1"))
    (note,) = compared(m, a_resolution(a_unit("a"))).notes
    assert "each round is a full copy" in note


def _elasticsearch(number: str) -> Any:
    from support.building import identity_reply
    from support.fake_domain import ok

    return ok(identity_reply("target", number, None))


# an index is unchanged only if nothing could have happened

_MARK = st.builds(
    lambda last, behind, term, history: Mark(0, last, last - behind, term, history),
    st.integers(-1, 3),
    st.integers(0, 1),
    st.integers(1, 2),
    st.sampled_from("hk"),
)
_MARKS = st.lists(_MARK, max_size=2).map(
    lambda found: tuple(replace(f, shard=n) for n, f in enumerate(found))
)


@given(_MARKS, _MARKS)
def test_only_shards_that_are_settled_and_the_same_have_not_moved(
    before: tuple[Mark, ...], after: tuple[Mark, ...]
) -> None:
    still = bool(before) and before == after and all(mark.idle for mark in before)
    assert (_why_changed(before, after) == "") == still


@given(_MARKS)
def test_two_looks_at_a_settled_index_are_alike(found: tuple[Mark, ...]) -> None:
    settled = tuple(replace(mark, global_checkpoint=mark.max_seq_no) for mark in found)
    assert (_why_changed(settled, settled) == "") == bool(settled)
    assert _why_changed(settled, (*settled, a_mark(shard=len(settled)))) != ""
