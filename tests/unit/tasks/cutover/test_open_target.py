"""Opening the target: what an index gets in place of what its waiting copy had; what is not sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_stream_unit, a_unit, selected
from support.engine import FakeIndex
from support.fake_domain import FakeDomain, ok
from support.rounds import a_copy, a_mark, copies_of, keep, work_of
from support.writable import BLOCK, WritableEngine, a_closed_copy

from runs.state import State
from runs.step_names import StepName
from tasks.cutover.data_streams import make_streams
from tasks.cutover.final_check import copy_states, require_unchanged
from tasks.cutover.open_target import (
    open_copies,
    open_for_writes,
    opening_settings_for,
    require_free_names,
    set_aliases,
    wait_for_green,
)
from tasks.cutover.roll_back import remove_streams
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.records.seeding import ChangesRecord
from tasks.seeding.changes import shapes

REPLICAS, EXPAND, REFRESH = (
    "index.number_of_replicas",
    "index.auto_expand_replicas",
    "index.refresh_interval",
)
AB = a_resolution(a_unit("a"), a_unit("b"))


@pytest.fixture
def sources(source: FakeDomain) -> WritableEngine:
    """The source, frozen."""
    frozen = {BLOCK: "true", REPLICAS: "1"}
    return WritableEngine(source, "source", *(FakeIndex(name, settings=dict(frozen)) for name in ("a", "b")))


@pytest.fixture
def copies(target: FakeDomain) -> WritableEngine:
    """The target, with a waiting copy of each."""
    return WritableEngine(target, "target", a_closed_copy("a"), a_closed_copy("b"))


@pytest.fixture
def m(
    tmp_path: Path,
    source: FakeDomain,
    target: FakeDomain,
    clock: Clock,
    sources: WritableEngine,
    copies: WritableEngine,
) -> Migration:
    """A cutover after a seed round."""
    clock.step = 1.0
    made = replace(a_migration(tmp_path, source, target, clock=clock), patience_s=20.0)
    before = State.of(made.journal).begin(made.plan, "seed", "20200101-000000000-0001")
    keep(before, StepName.COPIES, copies_of(a_copy("a"), a_copy("b")))
    return made


def restoring(m: Migration, **changes: Any) -> Migration:
    settings = m.plan.restore.model_copy(update=changes)
    return replace(m, plan=m.plan.model_copy(update={"restore": settings}))


# what an index gets


def test_an_index_gets_what_its_source_has(m: Migration) -> None:
    theirs = {REPLICAS: "2", REFRESH: "30s"}
    assert opening_settings_for(m, selected("a"), theirs) == {
        REPLICAS: "2",
        EXPAND: None,
        REFRESH: "30s",
        BLOCK: None,
    }


def test_without_a_word_of_the_source_it_gets_the_replicas_that_were_listed(m: Migration) -> None:
    assert opening_settings_for(m, selected("a", replicas=3), {}) == {
        REPLICAS: 3,
        EXPAND: None,
        REFRESH: None,
        BLOCK: None,
    }


@pytest.mark.parametrize("key", ["number_of_replicas", REPLICAS])
def test_the_plans_settings_go_before_the_sources(m: Migration, key: str) -> None:
    planned = restoring(m, index_settings={key: 0, BLOCK: True})
    wanted = opening_settings_for(planned, selected("a"), {REPLICAS: "2", EXPAND: "0-1"})
    assert wanted == {REPLICAS: 0, EXPAND: "0-1", REFRESH: None, BLOCK: True}


@pytest.mark.parametrize("pattern", ["index.refresh_interval", "refresh_*", "index.refresh*", "*"])
def test_what_the_plan_ignores_gets_the_engines_default(m: Migration, pattern: str) -> None:
    ignoring = restoring(m, ignore_index_settings=[pattern])
    assert opening_settings_for(ignoring, selected("a"), {REFRESH: "30s"})[REFRESH] is None


def test_indices_that_get_the_same_share_a_request(
    m: Migration, sources: WritableEngine, copies: WritableEngine, target: FakeDomain
) -> None:
    sources.indices["b"].settings[REFRESH] = "30s"
    record = open_for_writes(m, AB, {}, lambda: None)
    assert record.opened == ("a", "b") and record.repoint == target.endpoint
    assert copies.blocked() == set()
    assert {n: held.settings for n, held in copies.indices.items()} == {
        "a": {REPLICAS: "1"},
        "b": {REPLICAS: "1", REFRESH: "30s"},
    }
    sources.indices["b"].settings.pop(REFRESH)
    target.requests.clear()
    open_for_writes(m, AB, {}, lambda: None)
    assert target.changing == ["PUT /a,b/_settings"]


def test_an_index_that_still_refuses_writes_is_no_opening(m: Migration, target: FakeDomain) -> None:
    target.on("PUT /[^_].*/_settings", ok({"acknowledged": True}))
    with pytest.raises(ExecutionError, match="2 indices on the target still refuse writes: a, b"):
        open_for_writes(m, AB, {}, lambda: None)
    open_for_writes(restoring(m, index_settings={BLOCK: True}), AB, {}, lambda: None)  # the plan wants it so


# copies


def test_only_closed_copies_are_opened(m: Migration, copies: WritableEngine, target: FakeDomain) -> None:
    copies.indices["a"].open = True
    assert open_copies(m, ["a", "b"]) == 1
    assert target.changing == ["POST /b/_open"]
    assert copies.blocked() == {"a", "b"}


def test_a_closed_index_of_somebody_else_is_not_opened(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    """The copy was deleted, and another index made and closed under its name."""
    copies.put(a_closed_copy("a", uuid="another"))
    open_copies(m, ["a", "b"])
    assert target.changing == ["POST /b/_open"]


def test_a_primary_that_does_not_start_ends_the_wait(m: Migration, copies: WritableEngine) -> None:
    copies.indices["b"].states = ["UNASSIGNED"]
    with pytest.raises(TimedOut, match="primaries of b on the target do not start"):
        open_copies(m, ["a", "b"])


# aliases


def test_aliases_come_with_filter_routing_and_write_index(
    m: Migration, sources: WritableEngine, copies: WritableEngine
) -> None:
    whole = {
        "filter": {"term": {"n": 1}},
        "index_routing": "1",
        "search_routing": "1,2",
        "is_write_index": True,
    }
    sources.indices["a"].aliases = {"all": whole, "one": {}}
    sources.indices["b"].aliases = {"all": {}}
    assert set_aliases(m, AB) == {"all": ("a", "b"), "one": ("a",)}
    assert copies.indices["a"].aliases == {"all": whole, "one": {}}
    assert copies.indices["b"].aliases == {"all": {}}


def test_an_alias_with_a_filter_is_given_to_a_closed_copy_while_it_is_open(
    m: Migration, sources: WritableEngine, copies: WritableEngine, target: FakeDomain
) -> None:
    """Engines answer 500 (bitsetFilterCache is null) to an alias with a filter of a closed index."""
    states: list[bool] = []
    target.before("POST /_aliases", lambda: states.append(copies.indices["a"].open))
    whole = {"filter": {"term": {"n": 1}}}
    sources.indices["a"].aliases = {"some": whole}
    shut = a_resolution(a_unit("a", selected("a", open=False)), a_unit("b", selected("b", open=False)))
    assert set_aliases(m, shut) == {"some": ("a",)}
    assert states == [True]
    assert copies.indices["a"].aliases == {"some": whole}
    assert not copies.indices["a"].open
    assert "POST /b/_open" not in target.lines

    copies.indices["a"].open = True  # killed before it was closed again
    set_aliases(m, shut)
    assert not copies.indices["a"].open


def test_aliases_that_are_there_are_not_sent_again(
    m: Migration, sources: WritableEngine, copies: WritableEngine, target: FakeDomain
) -> None:
    for engine in (sources, copies):
        engine.indices["a"].aliases = {"all": {"is_write_index": True}}
    assert set_aliases(m, AB) == {"all": ("a",)}
    assert target.changing == []
    sources.indices["a"].aliases = {"all": {"is_write_index": False}}
    set_aliases(m, AB)
    assert copies.indices["a"].aliases == {"all": {"is_write_index": False}}


def test_renamed_indices_and_data_streams_get_no_aliases(
    m: Migration, sources: WritableEngine, target: FakeDomain
) -> None:
    sources.indices["a"].aliases = {"all": {}}
    moved = a_unit("a", selected("a", target="x-a"), target="x-a", action="rename")
    assert set_aliases(m, a_resolution(moved)) == {}
    assert set_aliases(m, a_resolution(a_stream_unit("l", "a"))) == {}
    assert set_aliases(restoring(m, aliases=False), AB) == {}
    assert target.changing == []


def test_names_that_were_taken_meanwhile_end_the_window(m: Migration, copies: WritableEngine) -> None:
    aliased = a_resolution(a_unit("a", selected("a", aliases=("all",))), a_unit("b"))
    require_free_names(m, aliased)
    copies.put(FakeIndex("somebody's", aliases={"all": {}}))
    with pytest.raises(
        ExecutionError, match="names have been taken on the target in the meantime: a: its alias all"
    ):
        require_free_names(m, aliased)


# data streams


def test_a_backing_index_that_is_not_the_plans_own_is_not_restored_onto(
    m: Migration, copies: WritableEngine, target: FakeDomain
) -> None:
    from support.building import a_snapshot

    copies.put(a_closed_copy(".ds-l-000001", uuid="another"))
    with pytest.raises(ExecutionError, match="names were taken"):
        make_streams(m, a_resolution(a_stream_unit("l", ".ds-l-000001")), a_snapshot())
    assert target.changing == []


@pytest.mark.parametrize(("act", "goes"), [(lambda _: None, True), (lambda h: h.settings.clear(), False)])
def test_a_stream_that_was_made_goes_again_unless_somebody_writes_to_it(
    m: Migration, copies: WritableEngine, act: Callable[[FakeIndex], object], goes: bool
) -> None:
    name = ".ds-l-000001"
    copies.streams["l"] = [name]
    copies.streams["of-somebody"] = [copies.put(a_closed_copy(".ds-other-000001")).name]
    m.journal.note_arrivals({name: f"uuid-{name}"})
    act(copies.put(a_closed_copy(name, open=True)))
    remove_streams(m)
    assert ("l" in copies.streams) is not goes
    assert "of-somebody" in copies.streams


# health


def test_what_is_not_green_in_time_is_told(m: Migration, copies: WritableEngine, target: FakeDomain) -> None:
    told = {"indices": {"a": {"status": "green"}, "b": {"status": "yellow"}, "other": {"status": "red"}}}
    target.on("GET /_cluster/health", ok(told))
    assert wait_for_green(m, AB).not_green == {"b": "yellow"}
    target.on("GET /_cluster/health", ok({"indices": {"b": {"status": "green"}}}))
    assert wait_for_green(m, AB).not_green == {"a": "gone"}


# the last look


WORK = work_of(marks={"a": (a_mark(),), "b": (a_mark(),)})


def as_frozen(m: Migration) -> ChangesRecord:
    """What was read of the source when it was frozen."""
    digests = {name: f"{shape}.plan" for name, shape in shapes(m.source, ("a", "b")).items()}
    return WORK.model_copy(update={"digests": digests})


def no_change(_: WritableEngine, __: WritableEngine) -> None:
    """Nothing."""


def test_what_stands_still_on_both_sides_may_be_opened(m: Migration, copies: WritableEngine) -> None:
    for held in copies.indices.values():
        held.open = True
    require_unchanged(m, AB, as_frozen(m), copy_states(m, AB))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda s, _: s.indices["a"].settings.pop(BLOCK), "a on the source takes writes again"),
        (lambda s, _: s.indices["a"].figures.__setitem__(0, (4, 43, 13)), "a on the source was written to"),
        (
            lambda s, _: s.indices["a"].figures.clear(),
            "a on the source was written to, or does not report its last operation",
        ),
        (lambda s, _: s.indices.pop("a"), "a is gone from the source"),
        (lambda s, _: setattr(s.indices["a"], "open", False), "a was closed on the source"),
        (lambda s, _: s.put(FakeIndex("late")), "late on the source: it appeared"),
        (lambda s, _: setattr(s.indices["a"], "uuid", "new"), "a on the target: it has been recreated"),
        (lambda _, t: t.indices["a"].settings.pop(BLOCK), "a on the target already takes writes"),
        (lambda _, t: t.indices.pop("a"), "a on the target is not the copy"),
        (lambda _, t: setattr(t.indices["a"], "uuid", "new"), "a on the target is not the copy"),
        (lambda _, t: t.indices["a"].figures.__setitem__(0, (4, 43, 13)), "a on the target was written to"),
        (lambda _, t: t.indices["a"].figures.clear(), "a on the target (does not report|was written to)"),
        (lambda _, t: t.indices["a"].aliases.__setitem__("live", {}), "a on the target has alias live"),
        (
            lambda s, _: s.indices["a"].settings.__setitem__("index.x", 1),
            "a on the source has another mapping",
        ),
        (
            lambda _, t: t.indices["a"].settings.__setitem__("index.x", 1),
            "a on the target has another mapping",
        ),
    ],
)
def test_what_was_changed_while_a_gate_waited_is_not_opened(
    m: Migration,
    sources: WritableEngine,
    copies: WritableEngine,
    act: Callable[[WritableEngine, WritableEngine], object],
    why: str,
) -> None:
    before, frozen = copy_states(m, AB), as_frozen(m)
    act(sources, copies)
    with pytest.raises(VerificationFailed, match=why):
        require_unchanged(m, AB, frozen, before)


def test_marks_that_were_never_told_are_no_proof(m: Migration, sources: WritableEngine) -> None:
    sources.indices["a"].figures.clear()
    nothing: ChangesRecord = work_of(marks={"b": (a_mark(),)})
    with pytest.raises(
        VerificationFailed, match="a on the source was written to, or does not report its last operation"
    ):
        require_unchanged(m, AB, nothing, copy_states(m, AB))
