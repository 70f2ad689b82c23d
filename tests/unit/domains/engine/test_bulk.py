"""Documents go to `_bulk` as their exact text, one line each; what is not one line never enters it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.building import a_domain
from support.fake_domain import RESET, FakeDomain, engine_error, ok

from domains.engine.bulk import Action, DeleteAction, IndexAction, ItemResult, put_document, send_bulk
from domains.errors import Refused, UnexpectedReply, Unreachable

CONFLICT = {"type": "version_conflict_engine_exception", "reason": "[1]: version conflict, current [3]"}


def item(kind: str, id: str, **more: Any) -> dict[str, Any]:
    values = {"_id": id, "_seq_no": 7, "_primary_term": 2, "_version": 3, "status": 200, **more}
    return {kind: {key: value for key, value in values.items() if value is not None}}


def failed(kind: str, id: str, status: int, error: dict[str, str]) -> dict[str, Any]:
    return {kind: {"_id": id, "status": status, "error": error}}


def sent(target: FakeDomain, actions: list[Action], *items: dict[str, Any]) -> list[ItemResult]:
    target.on("POST /a/_bulk", ok({"took": 1, "errors": True, "items": list(items)}))
    return send_bulk(a_domain(target, "target"), "a", actions)


def test_lines_are_actions_and_the_exact_text_of_documents(target: FakeDomain) -> None:
    text = '{ "a" : 1.10, "b":1e400, "c":"\\ud83d\\/" }'
    actions: list[Action] = [
        IndexAction("1", None, 3, text),
        IndexAction("é\u2028", "r w", 9, "{}"),
        DeleteAction("2", "r", 4, 1),
    ]
    sent(target, actions, item("index", "1"), item("index", "é\u2028"), item("delete", "2"))
    (asked,) = target.requests
    assert asked.query == {"pipeline": "_none"}
    assert asked.headers["content-type"].startswith("application/x-ndjson")
    *lines, last = asked.body.decode().split("\n")
    assert last == "", "the body ends with a line's end"
    versioned = {"version_type": "external_gte"}
    assert json.loads(lines[0]) == {"index": {"_id": "1", "version": 3, **versioned}}
    assert lines[1] == text
    assert json.loads(lines[2]) == {"index": {"_id": "é\u2028", "routing": "r w", "version": 9, **versioned}}
    assert lines[3] == "{}"
    assert json.loads(lines[4]) == {
        "delete": {"_id": "2", "routing": "r", "if_seq_no": 4, "if_primary_term": 1}
    }
    assert len(lines) == 5


def test_each_action_gets_its_own_result(target: FakeDomain) -> None:
    actions: list[Action] = [IndexAction("1", None, 3, "{}"), DeleteAction("2", None, 4, 1)]
    busy = {"type": "rejected_execution_exception", "reason": "full"}
    done, late = sent(target, actions, item("index", "1"), failed("delete", "2", 409, CONFLICT))
    assert (done.done, done.seq_no, done.primary_term, done.version) == (True, 7, 2, 3)
    assert (late.done, late.conflicts, late.may_be_repeated, late.seq_no) == (False, True, False, -1)
    gone, rejected = sent(
        target, actions, failed("index", "1", 429, busy), item("delete", "2", status=404, result="not_found")
    )
    assert (gone.may_be_repeated, gone.conflicts) == (True, False)
    assert rejected.done, "a delete that finds nothing takes place"


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (429, "anything", True),
        (503, "unavailable_shards_exception", True),
        (403, "cluster_block_exception", True),
        (503, "primary_shard_not_available_exception", True),
        (400, "mapper_parsing_exception", False),
        (404, "index_not_found_exception", False),
        (409, "version_conflict_engine_exception", False),
    ],
)
def test_only_what_passes_by_itself_may_be_repeated(status: int, kind: str, again: bool) -> None:
    assert ItemResult(error=kind, status=status).may_be_repeated is again


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"a":1}', True),
        ('{"a":\n1}', False),
        ('{"a":1}\n', False),
        ('\n{"a":1}', False),
        ('{"a":\r1}', True),
        ('{"a":1}\r', False),
        ('{"a":"\\n"}', True),
        ('{"a":"\u2028\u0085"}', True),
    ],
)
def test_a_document_of_more_than_one_line_does_not_fit(text: str, fits: bool) -> None:
    """In a bulk, its second line would be an action: `{"a":\\n{"delete":{"_id":"victim"}} }` deletes."""
    assert IndexAction("1", None, 1, text).fits_in_bulk is fits


def test_a_document_that_does_not_fit_never_enters_a_bulk(target: FakeDomain) -> None:
    evil = '{"a":\n{"delete":{"_id":"victim"}} }'
    with pytest.raises(RuntimeError, match="one line"):
        send_bulk(a_domain(target, "target"), "a", [IndexAction("1", None, 1, evil)])
    assert target.requests == []


@pytest.mark.parametrize(
    "items",
    [
        [item("index", "1")],
        [item("index", "1"), item("delete", "2"), item("delete", "3")],
        [item("index", "1"), item("delete", "3")],
        [item("delete", "2"), item("index", "1")],
        [item("index", "1"), {}],
        [item("index", "1"), {"delete": {"_id": "2", "status": 500, "error": "no object"}}],
        [item("index", "1"), item("delete", "2", _seq_no=None)],
    ],
)
def test_answers_that_are_not_about_these_actions_are_no_answers(
    target: FakeDomain, items: list[Any]
) -> None:
    actions: list[Action] = [IndexAction("1", None, 3, "{}"), DeleteAction("2", None, 4, 1)]
    with pytest.raises(UnexpectedReply):
        sent(target, actions, *items)


def test_a_bulk_is_sent_once_whatever_becomes_of_it(target: FakeDomain) -> None:
    domain, action = a_domain(target, "target"), IndexAction("1", None, 1, "{}")
    target.on("POST /a/_bulk", engine_error(413, "content_too_long_exception", "too long"))
    with pytest.raises(Refused) as refused:
        send_bulk(domain, "a", [action])
    assert refused.value.status == 413
    target.on("POST /a/_bulk", RESET)
    with pytest.raises(Unreachable) as lost:
        send_bulk(domain, "a", [action])
    assert lost.value.transient
    assert len(target.requests) == 2


def test_a_document_alone_is_sent_as_it_is(target: FakeDomain) -> None:
    text = '{"a":\n1.10, "b":1e400}\r'
    target.on("PUT /a/_doc/.*", ok(item("x", "a/b é")["x"]))
    result = put_document(a_domain(target, "target"), "a", IndexAction("a/b é", "r", 5, text))
    (asked,) = target.requests
    assert asked.body.decode() == text
    assert asked.target.startswith("/a/_doc/a%2Fb%20%C3%A9?")
    assert asked.query == {
        "routing": "r",
        "version": "5",
        "version_type": "external_gte",
        "pipeline": "_none",
    }
    assert (result.done, result.seq_no) == (True, 7)


def test_a_document_alone_that_conflicts_or_cannot_be_parsed_is_a_result(target: FakeDomain) -> None:
    domain, action = a_domain(target, "target"), IndexAction("1", None, 1, "{}")
    target.on("PUT /a/_doc/1", engine_error(409, CONFLICT["type"], CONFLICT["reason"]))
    assert put_document(domain, "a", action).conflicts
    target.on("PUT /a/_doc/1", engine_error(400, "mapper_parsing_exception", "failed to parse"))
    assert put_document(domain, "a", action).error == "mapper_parsing_exception"
    target.on("PUT /a/_doc/1", engine_error(429, "rejected_execution_exception", "full"))
    with pytest.raises(Refused) as busy:
        put_document(domain, "a", action)
    assert busy.value.transient
