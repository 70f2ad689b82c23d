"""Restore on one domain: what it refuses, what it sends, what it says when the engine is in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import CLOSE, FakeDomain, engine_error, html, ok
from support.operations import RESTORE, Repositories, an_operation, restoring, sent

from domains.errors import DomainError
from tasks.operations.operation import Operation, Prepared
from tasks.operations.restore_selection import RenameRule
from tasks.operations.restoring import RestoreWanted, prepare_restore
from tasks.records.operations import NoteKind, Restored, Risk

PLACE = "r/s"


@pytest.fixture
def engine(source: FakeDomain) -> FakeEngine:
    made = FakeEngine(source, "source", FakeIndex("orders"), FakeIndex("closed", open=False))
    Repositories(source).put("r", "s", indices=["orders", "closed", "logs", "more"])
    restoring(made)
    return made


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, engine: FakeEngine) -> Operation:
    clock.step = 1.0
    return an_operation(source, tmp_path, clock)


def prepared(op: Operation, *names: str, **changes: Any) -> Prepared[Restored]:
    return prepare_restore(op, RestoreWanted("r", "s", names, **changes))


def test_names_are_sent_one_by_one_and_blocks_stay_behind(op: Operation, source: FakeDomain) -> None:
    found = prepared(op, "lo*", "more")
    (request,) = found.preview.requests
    assert request.body["indices"] == ["logs", "more"]
    assert "index.blocks.*" in request.body["ignore_index_settings"]
    assert request.body["include_aliases"] is True
    assert sent(source) == []
    outcome = found.act()
    assert [(i.target, i.started, i.documents) for i in outcome.indices] == [("logs", 1, 3), ("more", 1, 3)]
    assert not outcome.failed


def test_a_renamed_index_comes_without_aliases_unless_they_are_asked_for(op: Operation) -> None:
    rules = (RenameRule("*", "old-*"),)
    (request,) = prepared(op, "orders", rules=rules).preview.requests
    assert request.body["include_aliases"] is False
    assert "index.provided_name" in request.body["ignore_index_settings"]
    (request,) = prepared(op, "orders", rules=rules, aliases=True).preview.requests
    assert request.body["include_aliases"] is True


def test_an_open_index_of_the_name_is_refused_with_every_way_out(op: Operation) -> None:
    (problem,) = prepared(op, "orders").preview.problems
    for way in ("--rename orders=", "snapferry index delete PLAN orders", "--close orders", "another domain"):
        assert way in problem


def test_a_closed_index_of_the_name_needs_its_consent(op: Operation) -> None:
    (consent,) = prepared(op, "closed").preview.consents
    assert (consent.risk, consent.option, consent.value) == (Risk.REPLACES_CLOSED, "--onto-closed", "closed")
    assert prepared(op, "closed", onto_closed=("closed",)).preview.lacking == ()


def test_an_open_index_is_closed_first_where_that_is_named(op: Operation, source: FakeDomain) -> None:
    found = prepared(op, "orders", close=("orders",))
    assert found.preview.problems == ()
    assert [each.path for each in found.preview.requests] == ["/orders/_close", "/_snapshot/r/s/_restore"]
    found.act()
    assert sent(source) == ["POST /orders/_close", "POST /_snapshot/r/s/_restore"]


def test_what_was_closed_is_opened_again_if_the_restore_is_refused(op: Operation, source: FakeDomain) -> None:
    source.on(
        RESTORE, engine_error(500, "snapshot_restore_exception", "cannot restore index [orders] with [2]")
    )
    source.on("POST /orders/_open", ok({"acknowledged": True}))
    outcome = prepared(op, "orders", close=("orders",)).act()
    assert outcome.reopened == ("orders",)
    assert outcome.failed
    assert sent(source)[-1] == "POST /orders/_open"


def test_one_bad_name_does_not_hold_the_others(op: Operation, source: FakeDomain, engine: FakeEngine) -> None:
    def restore(asked: Any) -> Any:
        if "more" in asked.json["indices"]:
            return engine_error(500, "snapshot_restore_exception", "cannot restore index [more]")
        for name in asked.json["indices"]:
            engine.put(FakeIndex(name, origin=PLACE))
        return ok({"accepted": True})

    source.on(RESTORE, restore)
    outcome = prepared(op, "logs", "more").act()
    assert {each.target: bool(each.problem) for each in outcome.indices} == {"logs": False, "more": True}


def test_a_restore_that_is_refused_entirely_has_changed_nothing(op: Operation, source: FakeDomain) -> None:
    source.on(RESTORE, engine_error(500, "snapshot_restore_exception", "no"))
    assert prepared(op, "logs").act().failed
    assert op.sent == []


def test_the_same_command_again_follows_what_is_under_way(op: Operation, engine: FakeEngine) -> None:
    engine.put(FakeIndex("logs", origin=PLACE, states=["INITIALIZING"]))
    found = prepared(op, "logs")
    assert found.preview.requests == ()
    assert [note.kind for note in found.preview.notes] == [NoteKind.UNDER_WAY]
    engine.put(FakeIndex("logs", origin=PLACE))
    assert [note.kind for note in prepared(op, "logs").preview.notes] == [NoteKind.DONE]


def test_an_index_from_another_snapshot_is_no_restore_of_ours(op: Operation, engine: FakeEngine) -> None:
    engine.put(FakeIndex("logs", origin="r/another"))
    assert "an open index logs" in prepared(op, "logs").preview.problems[0]


def test_another_index_of_the_same_snapshot_is_no_restore_of_ours(op: Operation, engine: FakeEngine) -> None:
    engine.put(FakeIndex("new", origin=PLACE, of="more"))
    rules = (RenameRule("*", "new"),)
    assert "an open index new" in prepared(op, "logs", rules=rules).preview.problems[0]
    assert prepared(op, "more", rules=rules).preview.requests == ()


@pytest.mark.parametrize("lost", [CLOSE, html(504)])
def test_a_lost_reply_is_looked_at_and_the_request_not_sent_again(
    op: Operation, source: FakeDomain, engine: FakeEngine, lost: Any
) -> None:
    def restore(_: Any) -> Any:
        engine.put(FakeIndex("logs", origin=PLACE))
        return lost

    source.on(RESTORE, restore)
    assert not prepared(op, "logs").act().failed
    assert sent(source) == ["POST /_snapshot/r/s/_restore"]


def test_a_lost_request_ends_as_interrupted(op: Operation, source: FakeDomain) -> None:
    source.on(RESTORE, html(504))
    with pytest.raises(DomainError) as error:
        prepared(op, "logs").act()
    assert error.value.transient
    assert len(sent(source)) == 1


def test_a_primary_that_does_not_start_is_told_with_the_allocators_reason(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    def restore(_: Any) -> Any:
        engine.put(FakeIndex("logs", origin=PLACE, states=["UNASSIGNED"]))
        return ok({"accepted": True})

    source.on(RESTORE, restore)
    (row,) = prepared(op, "logs").act().indices
    assert "no node has room" in row.problem


def test_without_waiting_it_returns_once_it_has_begun(
    tmp_path: Path, source: FakeDomain, engine: FakeEngine
) -> None:
    def restore(_: Any) -> Any:
        engine.put(FakeIndex("logs", origin=PLACE, states=["INITIALIZING"]))
        return ok({"accepted": True})

    source.on(RESTORE, restore)
    outcome = prepared(an_operation(source, tmp_path, wait=False), "logs").act()
    assert (outcome.pending, outcome.indices[0].started) == (True, 0)


def test_a_setting_that_the_engine_set_aside_is_a_failure(op: Operation, source: FakeDomain) -> None:
    source.on(
        "GET /logs/_settings",
        ok({"logs": {"settings": {"archived.index.no_such": "1", "index.number_of_replicas": "0"}}}),
    )
    outcome = prepared(op, "logs", settings={"index.no_such": "1"}).act()
    assert "set it aside" in outcome.indices[0].lacking[0]
    assert outcome.failed


@pytest.mark.parametrize(
    ("state", "words"), [("IN_PROGRESS", "still running"), ("FAILED", "nothing can be restored")]
)
def test_a_snapshot_that_is_not_finished_is_refused(
    op: Operation, source: FakeDomain, state: str, words: str
) -> None:
    Repositories(source).put("r", "s", state, indices=["logs"])
    assert words in prepared(op, "logs").preview.problems[0]


def test_a_snapshot_of_a_newer_engine_is_refused_before_anything_is_sent(
    op: Operation, source: FakeDomain
) -> None:
    Repositories(source).put("r", "s", indices=["logs"], version="3.9.0")
    (problem,) = prepared(op, "logs").preview.problems
    assert "taken on OpenSearch 3.9.0, and the domain runs OpenSearch 3.6.0" in problem


def test_a_partial_snapshot_needs_its_consent_and_says_what_it_lacks(
    op: Operation, source: FakeDomain
) -> None:
    held = Repositories(source)
    held.put("r", "older", indices=["logs"])
    failures = [{"index": "logs", "shard_id": 0, "reason": "primary shard is not allocated"}]
    held.put("r", "s", "PARTIAL", indices=["logs"], failures=failures)
    found = prepared(op, "logs")
    (consent,) = found.preview.consents
    assert (consent.option, consent.given) == ("--allow-partial", False)
    assert "logs is whole in older" in consent.detail
    assert found.preview.requests[0].body["partial"] is True


def test_a_data_stream_that_did_not_come_although_its_indices_did_is_a_failure(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    Repositories(source).put("r", "s", indices=[".ds-events-000001"], data_streams=["events"])

    def restore(_: Any) -> Any:
        engine.put(FakeIndex(".ds-events-000001", origin=PLACE))
        return ok({"accepted": True})

    source.on(RESTORE, restore)
    outcome = prepared(op, "events").act()
    assert "no data stream events" in outcome.indices[0].problem


def test_a_data_stream_that_access_control_mistakes_for_an_index_is_restored_with_its_indices(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    Repositories(source).put("r", "s", indices=[".ds-events-000001"], data_streams=["events"])

    def restore(asked: Any) -> Any:
        if not asked.json["ignore_unavailable"]:
            return engine_error(404, "index_not_found_exception", "no such index [events]")
        engine.put(FakeIndex(".ds-events-000001", origin=PLACE))
        engine.streams["events"] = [".ds-events-000001"]
        return ok({"accepted": True})

    source.on(RESTORE, restore)
    outcome = prepared(op, "events").act()
    assert (outcome.streams, outcome.failed) == (("events",), False)
