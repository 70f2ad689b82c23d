"""What a round may be restored onto, and what is in its way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_catalog, a_migration, a_resolution, a_stream_unit, a_unit, an_index
from support.engine import FakeIndex
from support.fake_domain import FakeDomain
from support.rounds import a_copy
from support.writable import WritableEngine, a_closed_copy

from domains.engine.indices.write_blocks import Blocks
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.seeding import Copy, Ledger
from tasks.seeding.trusted_copies import (
    drop_untrusted_bases,
    require_own_snapshots,
    survey_ignoring_copies,
    trusted,
)
from tasks.selection.conflicts import Decision

WAITS = Blocks(True, ())


def a_ledger(*copies: Copy) -> Ledger:
    return Ledger({copy.target: copy for copy in copies}, 1)


@pytest.mark.parametrize(
    ("index", "block", "is_trusted"),
    [
        (an_index("a", open=False), WAITS, True),
        (an_index("a"), WAITS, True),  # a kill has left it open
        (an_index("a", uuid="another", open=False), WAITS, False),
        (an_index("a", open=False), None, False),
        (an_index("a", open=False), Blocks(False, ("index.blocks.read_only",)), False),
        (an_index("a", open=False, stream="l"), WAITS, False),
    ],
)
def test_a_copy_is_trusted_by_its_uuid_and_while_it_refuses_writes(
    index: Any, block: Blocks | None, is_trusted: bool
) -> None:
    found = trusted(a_catalog(index), {"a": block} if block else {}, a_ledger(a_copy("a"), a_copy("gone")))
    assert found.keys() == ({"a"} if is_trusted else set())


@pytest.mark.parametrize(
    ("index", "is_trusted"),
    [
        (an_index("a"), True),
        (an_index("a", open=False), True),
        (an_index("a", uuid="another"), False),
        (an_index("a", stream="l"), False),
    ],
)
def test_a_copy_that_a_killed_tail_left_without_its_block_is_still_a_copy(
    index: Any, is_trusted: bool
) -> None:
    """It is blocked again before anything else; what was written to it meanwhile, the tail finds."""
    found = replace(a_ledger(a_copy("a"), a_copy("b")), lifted=frozenset({"a"}))
    assert trusted(a_catalog(index, "b"), {}, found).keys() == ({"a"} if is_trusted else set())


@pytest.fixture
def copies(target: FakeDomain) -> WritableEngine:
    """The target, with a waiting copy of `a`."""
    return WritableEngine(target, "target", a_closed_copy("a"))


@pytest.fixture
def source_engine(source: FakeDomain) -> WritableEngine:
    """The source, with `a`."""
    return WritableEngine(source, "source", FakeIndex("a"))


def decided(
    folder: Path, source: FakeDomain, target: FakeDomain, *found: Copy, **plan: Any
) -> tuple[Migration, Decision]:
    m = a_migration(folder, source, target, clock=Clock(), **plan)
    return m, survey_ignoring_copies(m, a_ledger(*found)).decision


@pytest.mark.usefixtures("source_engine", "copies")
@pytest.mark.parametrize("policy", [{"policy": "fail"}, {"policy": "skip"}])
def test_an_own_copy_is_in_nobodys_way(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, policy: dict[str, Any]
) -> None:
    _, decision = decided(tmp_path, source, target, a_copy("a"), conflicts=policy)
    (unit,) = decision.units
    assert decision.problems == ()
    assert (unit.action, unit.base) == ("restore", {"a": "uuid-a"})


@pytest.mark.usefixtures("source_engine", "copies")
def test_an_index_of_somebody_else_is_no_base(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    _, decision = decided(tmp_path, source, target, a_copy("a", target_uuid="of the copy"))
    assert decision.problems == ("a: the target already has index a (closed)",)
    assert decision.units == ()


@pytest.mark.usefixtures("source_engine")
@pytest.mark.parametrize(
    "policy", [{"policy": "fail"}, {"policy": "skip"}, {"policy": "rename", "prefix": "moved-"}]
)
def test_a_copy_that_was_made_to_take_writes_is_told_whatever_the_policy(
    tmp_path: Path,
    source: FakeDomain,
    target: FakeDomain,
    copies: WritableEngine,
    policy: dict[str, Any],
) -> None:
    """To skip it, or to make another copy beside it, would let the cutover go without it."""
    copies.put(FakeIndex("a"))
    _, decision = decided(tmp_path, source, target, a_copy("a"), conflicts=policy)
    assert any("a: a round of this plan made it" in problem for problem in decision.problems)


@pytest.mark.usefixtures("source_engine")
def test_such_a_copy_is_replaced_where_the_plan_names_it_for_deletion(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, copies: WritableEngine
) -> None:
    from tasks.migration import Consents

    copies.put(FakeIndex("a"))
    m = a_migration(
        tmp_path,
        source,
        target,
        consents=Consents(allow_delete=("a",)),
        conflicts={"policy": "delete", "delete": ["a"]},
    )
    decision = survey_ignoring_copies(m, a_ledger(a_copy("a"))).decision
    assert decision.problems == ()
    assert [(unit.action, unit.takes) for unit in decision.units] == [("replace", {"a": "uuid-a"})]


@pytest.mark.usefixtures("source_engine")
def test_a_renamed_index_has_its_copy_under_the_new_name(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, copies: WritableEngine
) -> None:
    copies.put(FakeIndex("a", "somebody's"))
    copies.put(a_closed_copy("moved-a"))
    renaming = {"policy": "rename", "prefix": "moved-"}
    copy = a_copy("a", target="moved-a", target_uuid="uuid-moved-a")
    _, decision = decided(tmp_path, source, target, copy, conflicts=renaming)
    (unit,) = decision.units
    assert decision.problems == ()
    assert (unit.target, unit.base) == ("moved-a", {"moved-a": "uuid-moved-a"})


def test_a_streams_copies_are_the_bases_of_its_backing_indices(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    names = [".ds-l-000001", ".ds-l-000002"]
    streams = WritableEngine(source, "source", *map(FakeIndex, names))
    streams.streams["l"] = names
    WritableEngine(target, "target", a_closed_copy(names[0]))
    _, decision = decided(tmp_path, source, target, a_copy(names[0], stream="l"))
    (unit,) = decision.units
    assert decision.problems == ()
    assert unit.base == {names[0]: f"uuid-{names[0]}"}


def test_a_data_stream_is_not_seeded_under_another_name(
    tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    WritableEngine(source, "source", FakeIndex(".ds-l-000001")).streams["l"] = [".ds-l-000001"]
    WritableEngine(target, "target", FakeIndex(".ds-l-000001")).streams["l"] = [".ds-l-000001"]
    _, decision = decided(tmp_path, source, target, conflicts={"policy": "rename", "prefix": "moved-"})
    assert any("cannot be seeded under another name" in problem for problem in decision.problems)


def test_a_base_that_was_written_to_after_the_decision_is_none_when_it_is_restored(
    tmp_path: Path, source: FakeDomain, target: FakeDomain, copies: WritableEngine
) -> None:
    m = a_migration(tmp_path, source, target)
    stream = a_stream_unit("l", ".ds-l-000001", base={".ds-l-000001": "uuid-.ds-l-000001"})
    resolution = a_resolution(a_unit("a", base={"a": "uuid-a"}), stream)
    found = a_ledger(a_copy("a"), a_copy(".ds-l-000001"))
    copies.put(a_closed_copy(".ds-l-000001"))
    assert drop_untrusted_bases(m, resolution, found) == resolution
    copies.indices["a"].settings.clear()  # opened, written to, and closed again
    unit, kept = drop_untrusted_bases(m, resolution, found).units
    assert (unit.base, kept.base) == ({}, stream.base)


def test_a_round_takes_its_own_snapshot(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    m = a_migration(tmp_path, source, target, snapshot={"existing": "old"})
    with pytest.raises(PreconditionError, match="takes its own snapshot"):
        require_own_snapshots(m)
    require_own_snapshots(replace(m, plan=m.plan.model_copy(update={"snapshot": type(m.plan.snapshot)()})))
