"""Filling a lab's engine: what a busy engine turns away is sent again, and only that."""

from __future__ import annotations

import pytest
from support.descriptions import described
from support.fake_domain import FakeDomain, ReceivedRequest, Reply, engine_error, ok

from lab.engines import engine_client
from lab.engines.engine_client import EngineClient
from lab.errors import LabError
from lab.settings import heap_for

BREAKER = engine_error(  # as OpenSearch 3.6.0 with 512 MB of heap answers a load of a million documents
    429,
    "circuit_breaking_exception",
    "[parent] Data too large, data for [<http_request>] would be [511828104/488.1mb], which is larger than "
    "the limit of [510027366/486.3mb]",
)
ACTIONS = [({"index": {"_index": "a", "_id": str(number)}}, {"n": number}) for number in range(3)]


@pytest.fixture
def engine(source: FakeDomain, monkeypatch: pytest.MonkeyPatch) -> EngineClient:
    monkeypatch.setattr(engine_client, "_FIRST_PAUSE_S", 0.0)
    return EngineClient(described("orders-source", source.endpoint))


def items(*statuses: int) -> Reply:
    made = [
        {"index": {"status": each, **({"error": {"type": "x"}} if each > 400 else {})}} for each in statuses
    ]
    return ok({"errors": any(each > 400 for each in statuses), "items": made})


def ids(request: ReceivedRequest) -> list[str]:
    return [line.split('"_id": "')[1][0] for line in request.body.decode().splitlines() if '"_id"' in line]


def test_a_body_and_single_documents_that_are_turned_away_are_sent_again(
    source: FakeDomain, engine: EngineClient
) -> None:
    source.on("POST /_bulk", BREAKER, items(201, 429, 201), items(201))
    assert engine.bulk(ACTIONS) == 3
    assert [ids(request) for request in source.requests] == [["0", "1", "2"], ["0", "1", "2"], ["1"]]


def test_an_engine_that_stays_busy_is_given_up(
    source: FakeDomain, engine: EngineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "PATIENCE_S", -1.0)
    source.on("POST /_bulk", BREAKER)
    with pytest.raises(LabError, match="circuit_breaking_exception") as caught:
        engine.bulk(ACTIONS)
    assert "--heap" in caught.value.hint


def test_any_other_failure_ends_it_at_once(source: FakeDomain, engine: EngineClient) -> None:
    source.on("POST /_bulk", items(201, 409, 429))
    with pytest.raises(LabError, match="409"):
        engine.bulk(ACTIONS)
    assert len(source.requests) == 1


def test_many_documents_get_a_larger_heap() -> None:
    assert [heap_for(documents) for documents in (0, 120_000, 1_000_000, 10**8)] == [512, 512, 2000, 4096]
