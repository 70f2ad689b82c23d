"""The freeze: which indices are blocked and how, what is rolled back, and what is never touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_migration, a_resolution, a_stream_unit, a_unit, selected
from support.engine import FakeIndex
from support.fake_domain import RESET, FakeDomain, ReceivedRequest, Reply, engine_error, ok
from support.rounds import intended
from support.shards import Shard
from support.writable import BLOCK, WritableEngine

from domains.engine.indices.write_blocks import blocks
from domains.errors import DomainError, UnexpectedReply
from tasks.cutover.freeze import blocked_by, freeze, release, require_releasable, still_blocked
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Migration
from tasks.records.resolution import Resolution

BY_BLOCK = "PUT /[^_].*/_block/write"
BY_SETTINGS = "PUT /[^_].*/_settings"
DENIED = engine_error(403, "security_exception", "no permissions for [indices:admin/block/add] and User [x]")
AB = a_resolution(a_unit("a"), a_unit("b"))


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain, clock: Clock) -> Migration:
    """A cutover whose waits take no time."""
    clock.step = 1.0
    return replace(a_migration(tmp_path, source, target, clock=clock), patience_s=20.0)


@pytest.fixture
def engine(m: Migration, source: FakeDomain) -> WritableEngine:
    """The source, with `a` and `b`."""
    return WritableEngine(source, "source", FakeIndex("a"), FakeIndex("b"))


def blocking(source: FakeDomain) -> list[str]:
    return [line for line in source.changing if "_block" in line or "_settings" in line]


def test_every_index_refuses_writes_and_takes_them_again(m: Migration, engine: WritableEngine) -> None:
    frozen = freeze(m, AB)
    assert (frozen.blocked, frozen.before, frozen.by_settings) == (("a", "b"), (), ())
    assert engine.blocked() == {"a", "b"}
    assert release(m).released == ("a", "b")
    assert engine.blocked() == set() == set(still_blocked(m))


def test_a_block_that_is_switched_off_by_false_is_none(m: Migration, engine: WritableEngine) -> None:
    """As whoever has lifted one by `false` leaves it; taken for a block, it would let writes through."""
    engine.indices["a"].settings |= {BLOCK: "false", "index.blocks.read": "true"}
    assert blocks(m.source) == {}
    assert freeze(m, AB).blocked == ("a", "b")
    assert engine.blocked() == {"a", "b"}


@pytest.mark.parametrize("other", [BLOCK, "index.blocks.read_only", "index.blocks.read_only_allow_delete"])
def test_what_others_have_blocked_is_neither_blocked_nor_released(
    m: Migration, engine: WritableEngine, source: FakeDomain, other: str
) -> None:
    engine.indices["a"].settings[other] = "true"
    frozen = freeze(m, AB)
    assert (frozen.blocked, frozen.before) == (("b",), ("a",))
    release(m)
    assert blocking(source) == ["PUT /b/_block/write", "PUT /b/_settings"]
    assert engine.indices["a"].settings[other] == "true"


def test_closed_indices_are_not_blocked(m: Migration, engine: WritableEngine) -> None:
    engine.indices["b"].open = False
    assert freeze(m, a_resolution(a_unit("a"), a_unit("b", selected("b", open=False)))).blocked == ("a",)


def test_backing_indices_of_a_stream_are_blocked_by_their_settings(
    m: Migration, source: FakeDomain, engine: WritableEngine, clock: Clock
) -> None:
    engine.put(FakeIndex(".ds-l-000001"))
    began = clock.now
    frozen = freeze(m, a_resolution(a_unit("a"), a_stream_unit("l", ".ds-l-000001")))
    assert frozen.by_settings == (".ds-l-000001",)
    assert blocking(source) == ["PUT /a/_block/write", "PUT /.ds-l-000001/_settings"]
    assert clock.now - began >= 2.0, "a setting does not wait for writes under way"


@pytest.mark.parametrize(
    "refusal",
    [
        DENIED,
        Reply(401, {"Message": "Your request: '/a,b/_block/write' is not allowed."}),
        Reply(400, {"error": "no handler found for uri [/a,b/_block/write] and method [PUT]"}),
        engine_error(400, "parse_exception", "request body is required"),
        engine_error(400, "invalid_index_name_exception", "Invalid index name [_block]"),
    ],
)
def test_a_domain_that_does_not_take_block_is_frozen_by_settings(
    m: Migration, source: FakeDomain, engine: WritableEngine, refusal: Reply
) -> None:
    source.on(BY_BLOCK, refusal)
    frozen = freeze(m, AB)
    assert frozen.by_settings == ("a", "b")
    assert engine.blocked() == {"a", "b"}


def test_any_other_refusal_ends_the_freeze(m: Migration, source: FakeDomain, engine: WritableEngine) -> None:
    source.on(BY_BLOCK, engine_error(404, "index_not_found_exception", "no such index [b]"))
    with pytest.raises(DomainError, match="no such index"):
        freeze(m, AB)
    assert engine.blocked() == set()


def test_what_is_not_acknowledged_is_no_freeze_and_is_released_all_the_same(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    def half(_: ReceivedRequest) -> Reply:
        engine.indices["a"].settings[BLOCK] = "true"
        return ok({"acknowledged": False, "shards_acknowledged": False})

    source.on(BY_BLOCK, half)
    with pytest.raises(UnexpectedReply, match="did not acknowledge") as raised:
        freeze(m, AB)
    assert raised.value.transient, "the step is tried again"
    assert release(m).released == ("a", "b")
    assert engine.blocked() == set()


def test_writes_under_way_that_the_domain_has_not_waited_for_are_waited_for(
    m: Migration, source: FakeDomain, engine: WritableEngine, clock: Clock
) -> None:
    """Sent again after a kill, `_block` answers at once that it has nothing to wait for."""
    intended(m.journal, "block", "a", "b", side="source")
    for held in engine.indices.values():
        held.settings[BLOCK] = "true"
    began = clock.now
    assert freeze(m, AB).blocked == ("a", "b")
    assert clock.now - began >= 2.0


def test_a_block_whose_reply_is_lost_belongs_to_the_run(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    def lost(asked: ReceivedRequest) -> Reply:
        engine.indices["a"].settings[BLOCK] = engine.indices["b"].settings[BLOCK] = "true"
        return RESET

    source.on(BY_BLOCK, lost)
    with pytest.raises(DomainError):
        freeze(m, AB)
    assert still_blocked(m) == ["a", "b"]
    release(m)
    assert engine.blocked() == set()


def test_a_kill_between_intent_and_request_leaves_nothing_to_lift(
    m: Migration, engine: WritableEngine
) -> None:
    intended(m.journal, "block", "a", "b", side="source")
    assert blocked_by(m) == {"a", "b"} and still_blocked(m) == []
    assert release(m).released == ("a", "b")
    assert engine.domain.changing == []


@pytest.mark.parametrize("denied", ["no path at all", "_block/write"])
def test_a_second_request_that_is_denied_leaves_what_the_first_has_blocked_known(
    m: Migration, source: FakeDomain, denied: str
) -> None:
    """Rights by index: of many names, those of one request may be allowed and those of the next not."""
    names = [f"{'long' * 50}-{number:02}" for number in range(40)]
    engine = WritableEngine(source, "source", *map(FakeIndex, names))

    def by_rights(asked: ReceivedRequest) -> Reply:
        act = engine._block if asked.path.endswith("write") else engine._set  # pyright: ignore[reportPrivateUsage]
        return DENIED if names[-1] in asked.path or asked.path.endswith(denied) else act(asked)

    source.on(f"{BY_BLOCK}|{BY_SETTINGS}", by_rights)
    with pytest.raises(DomainError):
        freeze(m, a_resolution(*map(a_unit, names)))
    assert engine.blocked() and set(still_blocked(m)) == engine.blocked()


def test_an_index_that_still_takes_writes_ends_the_freeze(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    source.on(BY_BLOCK, ok({"acknowledged": True, "shards_acknowledged": True}))
    with pytest.raises(ExecutionError, match="2 indices on the source still take writes"):
        freeze(m, AB)


def test_shards_that_do_not_come_to_rest_end_the_freeze(m: Migration, engine: WritableEngine) -> None:
    engine.indices["b"].figures = [Shard(last=7, checkpoint=5)]
    with pytest.raises(TimedOut, match="still in progress on b"):
        freeze(m, AB)
    assert "POST /b/_flush" in engine.domain.lines, "one that failed in Lucene keeps the checkpoint back"


def test_a_shard_that_does_not_tell_ends_the_freeze(m: Migration, engine: WritableEngine) -> None:
    engine.indices["b"].figures = []
    with pytest.raises(
        ExecutionError, match="the shards of b on the source do not report their last operation"
    ):
        freeze(m, AB)


def test_what_cannot_be_flushed_or_refreshed_ends_the_freeze(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    engine.unrefreshed["a"] = "no room"
    with pytest.raises(ExecutionError, match="a on the source cannot be refreshed: no room"):
        freeze(m, AB)
    source.on("POST /.*/_flush", ok({"_shards": {"total": 1, "successful": 0, "failed": 1}}))
    with pytest.raises(ExecutionError, match="cannot flush"):
        freeze(m, AB)


def test_a_block_that_does_not_come_off_is_no_release(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    freeze(m, AB)
    source.on(BY_SETTINGS, ok({"acknowledged": True}))
    with pytest.raises(ExecutionError, match="2 indices on the source still refuse writes: a, b"):
        release(m)


@pytest.mark.parametrize(
    ("reply", "way_out"),
    [
        (
            engine_error(
                400, "illegal_argument_exception", "unknown setting [archived.index.lifecycle.name]"
            ),
            "POST /b/_close",
        ),
        (
            engine_error(
                403, "cluster_block_exception", "index [b] blocked by: [FORBIDDEN/5/index read-only]"
            ),
            'PUT /b/_settings {"index.blocks.read_only": null',
        ),
        (engine_error(400, "some_exception", "no"), 'PUT /b/_settings {"index.blocks.write": null}'),
    ],
    ids=["archived", "read only", "another reason"],
)
def test_one_index_that_refuses_is_named_with_a_way_out_and_the_others_are_released(
    m: Migration, source: FakeDomain, engine: WritableEngine, reply: Reply, way_out: str
) -> None:
    freeze(m, AB)

    def refusing(asked: ReceivedRequest) -> Reply:
        return reply if "b" in asked.path.split("/")[1].split(",") else engine._set(asked)  # pyright: ignore[reportPrivateUsage]

    source.on(BY_SETTINGS, refusing)
    with pytest.raises(ExecutionError, match=r"1 index on the source still refuses writes: b \(") as caught:
        release(m)
    assert way_out in caught.value.hint
    assert engine.blocked() == {"b"}


def test_an_index_that_could_not_be_released_is_not_frozen(
    m: Migration, source: FakeDomain, engine: WritableEngine
) -> None:
    found = {
        "b": {"settings": {"archived.index.lifecycle.name": "x"}},
        "other": {"settings": {"archived.a": "1"}},
    }
    source.on("GET /_all/_settings", lambda asked: ok(found if "archived" in asked.target else {}))
    with pytest.raises(PreconditionError, match=r"b: it has archived\.index\.lifecycle\.name") as caught:
        require_releasable(m, AB)
    assert "POST /b/_close" in caught.value.hint and "other" not in caught.value.message


def test_an_index_that_is_gone_meanwhile_does_not_hinder_the_release(
    m: Migration, engine: WritableEngine
) -> None:
    freeze(m, AB)
    del engine.indices["a"]
    release(m)
    assert engine.blocked() == set()


def only(*names: str) -> Resolution:
    return a_resolution(*map(a_unit, names))


def test_a_freeze_may_be_repeated_and_remembers_whose_blocks_they_are(
    m: Migration, engine: WritableEngine
) -> None:
    engine.indices["b"].settings[BLOCK] = "true"
    first: Any = freeze(m, AB)
    again = freeze(m, AB)
    assert (first.blocked, first.before) == (again.blocked, again.before) == (("a",), ("b",))
