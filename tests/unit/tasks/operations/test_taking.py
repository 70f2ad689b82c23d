"""Take a snapshot on one domain: whose it is, is read from the snapshot itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import CLOSE, FakeDomain, engine_error, html, ok
from support.operations import Repositories, an_operation, sent

from domains.errors import Denied, DomainError
from tasks.errors import ExecutionError, TimedOut
from tasks.operations.operation import Operation, Prepared
from tasks.operations.taking import TakeWanted, prepare_take
from tasks.records.operations import NoteKind, Taken

PUT = "PUT /_snapshot/r/monday"


@pytest.fixture
def held(source: FakeDomain) -> Repositories:
    indices = (
        FakeIndex("orders"),
        FakeIndex("logs"),
        FakeIndex("shut", open=False),
        FakeIndex(".kibana_1"),
    )
    FakeEngine(source, "source", *indices)
    return Repositories(source, {"r": {"type": "s3", "settings": {"bucket": "b"}}})


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, held: Repositories) -> Operation:
    clock.step = 1.0
    return an_operation(source, tmp_path, clock)


def prepared(op: Operation, **changes: Any) -> Prepared[Taken]:
    return prepare_take(op, TakeWanted("r", "monday", **changes))


def test_it_selects_as_a_migration_does(op: Operation, source: FakeDomain) -> None:
    preview = prepared(op).preview
    assert preview.requests[0].body["indices"] == ["logs", "orders"]
    assert preview.requests[0].body["include_global_state"] is False
    assert {note.kind: note.names for note in preview.notes} == {
        NoteKind.SYSTEM_LEFT_OUT: (".kibana_1",),
        NoteKind.CLOSED_LEFT_OUT: ("shut",),
    }
    assert sent(source) == []


def test_a_closed_index_is_taken_by_its_exact_name_and_system_indices_on_request(op: Operation) -> None:
    named = prepared(op, include=("shut", "log*")).preview.requests[0].body["indices"]
    assert named == ["logs", "shut"]
    every = prepared(op, system=True, exclude=("log*",)).preview.requests[0].body["indices"]
    assert every == ["orders", ".kibana_1"]


def test_a_pattern_that_matches_nothing_is_refused(op: Operation) -> None:
    assert "customers matches no index" in prepared(op, include=("customers", "orders")).preview.problems[0]


def test_the_snapshot_of_the_same_command_is_followed_and_another_one_refused(
    op: Operation, source: FakeDomain
) -> None:
    assert prepared(op, metadata={"why": "upgrade"}).act().accepted
    again = prepared(op, metadata={"why": "upgrade"})
    assert (again.preview.requests, again.act().adopted) == ((), True)
    assert "choose another name" in prepared(op).preview.problems[0]
    assert len(sent(source)) == 1


@pytest.mark.parametrize("lost", [CLOSE, html(504)])
def test_a_lost_reply_is_looked_at_and_the_request_not_sent_again(
    op: Operation, source: FakeDomain, held: Repositories, lost: Any
) -> None:
    def take(asked: Any) -> Any:
        held.put("r", "monday", indices=asked.json["indices"], metadata=asked.json["metadata"])
        return lost

    source.on(PUT, take)
    assert prepared(op).act().accepted
    assert len(sent(source)) == 1


def test_a_request_that_did_not_arrive_ends_as_interrupted(op: Operation, source: FakeDomain) -> None:
    source.on(PUT, html(504))
    with pytest.raises(DomainError) as error:
        prepared(op).act()
    assert error.value.transient
    assert len(sent(source)) == 1


def test_a_name_that_somebody_else_takes_meanwhile_is_not_adopted(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    def take(_: Any) -> Any:
        held.put("r", "monday")
        return engine_error(
            400, "invalid_snapshot_name_exception", "snapshot with the same name already exists"
        )

    source.on(PUT, take)
    with pytest.raises(ExecutionError, match="choose another name"):
        prepared(op).act()


def test_a_denied_request_has_changed_nothing(op: Operation, source: FakeDomain) -> None:
    source.on(PUT, engine_error(403, "security_exception", "no permissions for [] and User [name=x]"))
    with pytest.raises(Denied):
        prepared(op).act()
    assert op.sent == []


def test_a_running_snapshot_is_waited_for(op: Operation, source: FakeDomain) -> None:
    busy = {"snapshots": [{"snapshot": "hourly", "repository": "cs-automated", "state": "STARTED"}]}
    source.on("GET /_snapshot/_status", ok(busy), ok(busy), ok(busy), ok({"snapshots": []}))
    found = prepared(op)
    assert [n.names for n in found.preview.notes if n.kind is NoteKind.WAITS] == [("cs-automated/hourly",)]
    assert found.act().accepted


def test_a_snapshot_that_runs_for_too_long_ends_the_wait(op: Operation, source: FakeDomain) -> None:
    busy = {"snapshots": [{"snapshot": "hourly", "repository": "cs-automated", "state": "STARTED"}]}
    source.on("GET /_snapshot/_status", ok(busy))
    with pytest.raises(TimedOut):
        prepared(op).act()
    assert sent(source) == []


def test_one_that_ends_without_a_shard_has_failed_unless_that_was_allowed(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    def take(asked: Any) -> Any:
        failures = [{"index": "logs", "shard_id": 0, "reason": "node shutdown"}]
        shards = {"total": 2, "failed": 1, "successful": 1}
        held.put(
            "r", "monday", "PARTIAL", indices=["logs", "orders"], metadata=asked.json["metadata"],
            failures=failures, shards=shards,
        )  # fmt: skip
        return ok({"accepted": True})

    source.on(PUT, take)
    outcome = prepared(op).act()
    assert (outcome.failed, [each.name for each in outcome.details.lacking]) == (True, ["logs"])
    del held.snapshots["r", "monday"]
    allowed = prepared(op, partial=True, allow_partial=True)
    assert (allowed.preview.lacking, allowed.act().failed) == ((), False)


def test_without_waiting_it_returns_once_the_snapshot_is_there(
    tmp_path: Path, source: FakeDomain, held: Repositories
) -> None:
    def take(asked: Any) -> Any:
        held.put("r", "monday", "IN_PROGRESS", metadata=asked.json["metadata"])
        return ok({"accepted": True})

    source.on(PUT, take)
    outcome = prepared(an_operation(source, tmp_path, wait=False)).act()
    assert (outcome.pending, outcome.failed) == (True, False)


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("cs-automated", {"type": "s3"}, "belongs to the service"),
        ("r", {"type": "s3", "settings": {"bucket": "b", "readonly": "true"}}, "registered readonly"),
    ],
)
def test_a_repository_that_cannot_be_written_is_refused(
    op: Operation, held: Repositories, name: str, entry: dict[str, Any], words: str
) -> None:
    held.held[name] = entry
    assert words in prepare_take(op, TakeWanted(name, "monday")).preview.problems[0]
