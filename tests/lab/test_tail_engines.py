"""What the tail builds upon: how engines number, version, store and refuse documents. No product code.

Several nodes: test_tail_nodes.py. Engines of a version do not change, so both are `make soak JOB=lab`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from bare_engine import (
    CBOR,
    EXACT,
    NDJSON,
    YAML,
    BareEngine,
    Mark,
    OverTooSoon,
    index_lines,
    long_bulk,
    ndjson,
    of,
)
from migrations import eventually
from pairs import MIDDLE, NEW, OLD, OLD_TO_MIDDLE, pair_lab

from lab.description import LabDescription

pytestmark = pytest.mark.soak

INDEX, COPY = "tail-a", "tail-b"
NO_PIPELINE = {"pipeline": "_none"}
EXTERNAL = {"version_type": "external_gte"}
HIGHEST = 2**63 - 1
SIZES = (2500, 10_000, 40_000)
"""Documents of a bulk that is to last longer than a request; more each time it does not."""
UNDEFINED = "tail-undefined"
"""A pipeline that does not exist: an engine that would run it answers an error, which shows that it would."""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabDescription]:
    with pair_lab(OLD_TO_MIDDLE, tmp_path_factory.mktemp("tail") / "lab") as description:
        yield description


def _engine(name: str, request: pytest.FixtureRequest) -> Iterator[BareEngine]:
    side = "source" if name == OLD else "target"
    engine = of(request.getfixturevalue("lab" if name == NEW else "older"), side)
    yield engine
    engine.reply("DELETE", "/tail-*")


@pytest.fixture(params=(OLD, MIDDLE, NEW))
def engine(request: pytest.FixtureRequest) -> Iterator[BareEngine]:
    yield from _engine(request.param, request)


@pytest.fixture(params=(MIDDLE, NEW))
def newer(request: pytest.FixtureRequest) -> Iterator[BareEngine]:
    """An engine with data streams and search pipelines."""
    yield from _engine(request.param, request)


# Numbers


def test_every_accepted_write_takes_one_number_and_a_conflict_takes_none(engine: BareEngine) -> None:
    engine.create(INDEX)
    items = engine.items(
        INDEX,
        {"index": {"_id": "a"}}, {},
        {"index": {"_id": "a", "version": 5} | EXTERNAL}, {},
        {"index": {"_id": "a", "version": 5} | EXTERNAL}, {},
        {"delete": {"_id": "missing"}},
        {"delete": {"_id": "absent", "version": 3} | EXTERNAL},
        {"index": {"_id": "a", "version": 4} | EXTERNAL}, {},
        {"create": {"_id": "a"}}, {},
        {"delete": {"_id": "a", "if_seq_no": 0, "if_primary_term": 1}},
        {"delete": {"_id": "absent", "if_seq_no": 0, "if_primary_term": 1}},
        {"delete": {"_id": "a", "if_seq_no": 2, "if_primary_term": 1}},
        **NO_PIPELINE,
    )  # fmt: skip
    told = [(item["status"], item.get("result"), item.get("_seq_no")) for item in items]
    assert told == [
        (201, "created", 0), (200, "updated", 1), (200, "updated", 2), (404, "not_found", 3),
        (404, "not_found", 4), (409, None, None), (409, None, None), (409, None, None), (409, None, None),
        (200, "deleted", 5),
    ]  # fmt: skip
    assert {item["error"]["type"] for item in items if item["status"] == 409} == {
        "version_conflict_engine_exception"
    }
    assert engine.mark(INDEX).max_seq_no == 5
    assert {item["_primary_term"] for item in items if "_seq_no" in item} == {1}


def test_an_item_that_fails_in_the_index_takes_a_number_that_no_reply_names(engine: BareEngine) -> None:
    engine.create(INDEX, properties={"word": {"type": "keyword"}})
    engine.write(INDEX, "a", {"word": "short"})
    malformed = engine.write(INDEX, "b", {"word": {"no": "keyword"}})
    assert (malformed["status"], malformed["error"]["type"]) == (400, "mapper_parsing_exception")
    assert engine.mark(INDEX).max_seq_no == 0

    immense = engine.write(INDEX, "c", {"word": "x" * 40_000})
    assert (immense["status"], immense["error"]["type"]) == (400, "illegal_argument_exception")
    assert "_seq_no" not in immense
    assert (engine.mark(INDEX).max_seq_no, *engine.mark(INDEX).checkpoints) == (1, 0, 0)
    engine.ask("POST", f"/{INDEX}/_flush")
    assert (engine.mark(INDEX).max_seq_no, *engine.mark(INDEX).checkpoints) == (1, 1, 1)


def test_an_update_that_changes_nothing_takes_no_number(engine: BareEngine) -> None:
    engine.create(INDEX)
    engine.write(INDEX, "a", {"n": 1})
    assert engine.ask("POST", f"/{INDEX}/_update/a", {"doc": {"n": 1}})["result"] == "noop"
    assert engine.mark(INDEX).max_seq_no == 0


def test_no_maintenance_moves_the_numbers_or_the_history_and_only_a_reopening_moves_the_term(
    engine: BareEngine,
) -> None:
    engine.create(INDEX)
    engine.items(INDEX, *index_lines(20))
    for number in range(0, 20, 3):
        engine.delete(INDEX, str(number))
    before = engine.mark(INDEX)
    assert before.max_seq_no == 26
    for path in ("_refresh", "_flush?force=true", "_forcemerge?max_num_segments=1", "_cache/clear"):
        engine.ask("POST", f"/{INDEX}/{path}")
        assert engine.mark(INDEX) == before, path
    engine.settings(INDEX, refresh_interval="5s", blocks={"write": True})
    engine.settings(INDEX, blocks={"write": False})
    engine.ask("PUT", f"/{INDEX}/_mapping", {"properties": {"new": {"type": "keyword"}}})
    assert (engine.mark(INDEX), engine.primary_term(INDEX)) == (before, 1)
    _reopen(engine)
    assert (engine.mark(INDEX), engine.primary_term(INDEX)) == (before, 3)


def test_only_a_flush_moves_the_checkpoints_of_an_asynchronous_translog(engine: BareEngine) -> None:
    engine.create(INDEX, {"translog.durability": "async", "translog.sync_interval": "1h"})
    engine.write(INDEX, "a")
    engine.ask("POST", f"/{INDEX}/_refresh")
    engine.ask("PUT", f"/{INDEX}/_block/write")
    assert (engine.mark(INDEX).max_seq_no, *engine.mark(INDEX).checkpoints) == (0, -1, -1)
    engine.ask("POST", f"/{INDEX}/_flush")
    assert (engine.mark(INDEX).max_seq_no, *engine.mark(INDEX).checkpoints) == (0, 0, 0)


def test_sums_and_maxima_from_2_to_the_53_on_are_rounded_without_a_word_and_numbers_of_hits_are_not(
    engine: BareEngine,
) -> None:
    """The engine adds up `_seq_no` as any whole number: as doubles. 2^27 operations in a shard suffice."""
    assert _sum_below(2**27) < 2**53 < _sum_below(2**27 + 2)
    engine.create(INDEX, properties={"n": {"type": "long"}})
    engine.items(INDEX, {"index": {"_id": "a"}}, {"n": 2**53}, {"index": {"_id": "b"}}, {"n": 1})
    body = {
        "size": 2, "sort": ["n"], "docvalue_fields": ["_seq_no"], "aggs": {
            "sum": {"sum": {"field": "n"}}, "own": {"sum": {"field": "_seq_no"}},
            "most": {"max": {"field": "n"}},
        },
    }  # fmt: skip
    assert _asked(engine, body)["aggregations"] == {
        "sum": {"value": float(2**53)}, "own": {"value": 1.0}, "most": {"value": float(2**53)}
    }  # fmt: skip
    engine.write(INDEX, "c", {"n": 2**53 + 1})
    reply = _asked(engine, body | {"size": 3})
    assert reply["aggregations"]["most"] == {"value": float(2**53)}
    assert [hit["sort"] for hit in reply["hits"]["hits"]] == [[1], [2**53], [2**53 + 1]]
    assert [hit["fields"]["_seq_no"] for hit in reply["hits"]["hits"]] == [[1], [0], [2]]


def test_searches_by_number_see_parents_and_not_their_nested_children(engine: BareEngine) -> None:
    engine.create(INDEX, properties={"lines": {"type": "nested"}})
    engine.write(INDEX, "a", {"lines": [{"n": 1}, {"n": 2}]})
    engine.write(INDEX, "b", {"lines": [{"n": 3}]})
    counted = {"count": {"value_count": {"field": "_seq_no"}}, "sum": {"sum": {"field": "_seq_no"}}}
    body = {"query": {"range": {"_seq_no": {"gte": 0}}}, "track_total_hits": True, "aggs": counted}
    reply = _asked(engine, body)
    assert reply["hits"]["total"] == {"value": 2, "relation": "eq"}
    assert reply["aggregations"] == {"count": {"value": 2}, "sum": {"value": 1.0}}
    docs = engine.ask("GET", f"/{INDEX}/_stats/docs")["_all"]["primaries"]["docs"]
    assert docs["count"] == 5


def test_pages_by_number_lose_and_double_nothing_while_segments_merge_and_others_write(
    engine: BareEngine,
) -> None:
    engine.create(INDEX, {"refresh_interval": "20ms"})
    for number in range(10):
        lines = [{"index": {"_id": f"still-{number}-{each}"}} for each in range(100)]
        engine.items(INDEX, *(part for line in lines for part in (line, {})))
    engine.ask("POST", f"/{INDEX}/_refresh")
    ended = threading.Event()
    merges: list[int] = []

    def write() -> None:
        while not ended.is_set():
            engine.items(INDEX, *index_lines(50))

    def merge() -> None:
        while not ended.is_set():
            engine.ask("POST", f"/{INDEX}/_forcemerge", max_num_segments=1)
            merges.append(1)

    threads = [threading.Thread(target=each) for each in (write, merge)]
    for each in threads:
        each.start()
    try:
        read = []
        while len(merges) < 3:
            read.append(_paged(engine, up_to=999))
    finally:
        ended.set()
        for each in threads:
            each.join()
    assert all(numbers == list(range(1000)) for numbers in read)


def test_a_mapping_changes_before_the_document_that_changed_it_can_be_found(engine: BareEngine) -> None:
    engine.create(INDEX, {"refresh_interval": -1})
    engine.write(INDEX, "a", {"known": 1})
    engine.ask("POST", f"/{INDEX}/_refresh")
    version = engine.metadata(INDEX)["mapping_version"]
    engine.write(INDEX, "b", {"known": 2})
    assert engine.metadata(INDEX)["mapping_version"] == version
    engine.write(INDEX, "c", {"new": 1})
    assert engine.metadata(INDEX)["mapping_version"] == version + 1
    assert engine.ask("GET", f"/{INDEX}/_count")["count"] == 1


# Versions


def test_a_version_that_overflowed_is_not_shown_and_refuses_the_whole_bulk(engine: BareEngine) -> None:
    engine.create(INDEX)
    assert engine.write(INDEX, "a", version=HIGHEST, **EXTERNAL)["_version"] == HIGHEST
    assert engine.write(INDEX, "a")["_version"] == -HIGHEST - 1
    [hit] = engine.search(INDEX, EXACT)
    assert "_version" not in hit and hit["_seq_no"] == 1

    for version in (-1, -HIGHEST - 1):
        lines = ({"index": {"_id": "b"}}, {}, {"index": {"_id": "a", "version": version} | EXTERNAL}, {})
        reply = engine.bulk(INDEX, *lines)
        assert reply.status_code == 400
        assert f"illegal version value [{version}] for version type [EXTERNAL_GTE]" in reply.text
    assert [hit["_id"] for hit in engine.search(INDEX)] == ["a"]
    assert engine.delete(INDEX, "a", version=5, **EXTERNAL)["result"] == "deleted"


def test_a_deleted_version_refuses_lower_ones_until_its_tombstone_is_gone(engine: BareEngine) -> None:
    engine.create(INDEX)
    _versioned_and_deleted(engine)
    engine.ask("POST", f"/{INDEX}/_flush?force=true")
    engine.ask("POST", f"/{INDEX}/_refresh")
    assert engine.write(INDEX, "a", version=1, **EXTERNAL)["status"] == 409
    engine.settings(INDEX, gc_deletes="0s")
    eventually(lambda: engine.write(INDEX, "a", version=1, **EXTERNAL)["status"] == 201, within_s=10)

    engine.create(INDEX)
    _versioned_and_deleted(engine)
    _reopen(engine)
    assert engine.write(INDEX, "a", version=1, **EXTERNAL)["status"] == 201


def test_a_version_can_be_reset_only_by_a_conditional_delete_and_a_late_write_then_wins(
    engine: BareEngine,
) -> None:
    engine.create(INDEX, {"gc_deletes": "0s"})
    first = engine.write(INDEX, "a", {"now": "old"}, version=5, **EXTERNAL)
    at = {"if_seq_no": first["_seq_no"], "if_primary_term": first["_primary_term"]}
    assert engine.write(INDEX, "a", version=1, **EXTERNAL)["status"] == 409
    assert engine.delete(INDEX, "a", version=1, **EXTERNAL)["status"] == 409
    both = engine.bulk(INDEX, {"index": {"_id": "a", "version": 1} | EXTERNAL | at}, {})
    assert both.status_code == 400
    assert "compare and write operations can not use versioning" in both.text

    assert engine.delete(INDEX, "a", **at)["status"] == 200
    new = {"now": "new"}
    eventually(lambda: engine.write(INDEX, "a", new, version=1, **EXTERNAL)["status"] == 201, within_s=10)
    late = engine.write(INDEX, "a", {"now": "old"}, version=5, **EXTERNAL)
    assert (late["status"], engine.source(INDEX, "a")) == (200, b'{"now": "old"}')


# Copies


def test_a_restored_copy_has_the_numbers_and_versions_but_a_history_of_its_own_and_no_tombstones(
    engine: BareEngine,
) -> None:
    engine.create(INDEX)
    engine.items(INDEX, *index_lines(9, version=7, **EXTERNAL))
    engine.delete(INDEX, "3")
    _reopen(engine)
    engine.write(INDEX, "4")
    engine.ask("PUT", f"/{INDEX}/_block/write")
    engine.reply("DELETE", f"/{COPY}")
    engine.repository("tail", f"tail-{engine.name}")
    assert engine.snapshot("tail", "one", INDEX) == "SUCCESS"
    engine.restore("tail", "one", INDEX, COPY)

    source, copy = engine.mark(INDEX), engine.mark(COPY)
    assert copy == Mark(10, 10, 10, copy.history) and copy.history != source.history
    assert engine.hits(COPY) == engine.hits(INDEX)
    assert (engine.primary_term(INDEX), engine.primary_term(COPY)) == (3, 4)
    blocked = engine.write(COPY, "3", version=1, **EXTERNAL)
    assert (blocked["status"], blocked["error"]["type"]) == (403, "cluster_block_exception")
    engine.settings(COPY, blocks={"write": False})
    assert engine.write(COPY, "3", version=1, **EXTERNAL)["_seq_no"] == 11

    engine.ask("POST", f"/{COPY}/_close")
    engine.restore("tail", "one", INDEX, COPY)
    assert engine.mark(COPY).history not in (source.history, copy.history)
    engine.reply("DELETE", "/_snapshot/tail/one")
    engine.reply("DELETE", "/_snapshot/tail")


def test_the_second_writer_of_a_folder_disables_the_repository_of_the_first(lab: LabDescription) -> None:
    first, second = of(lab, "source"), of(lab, "target")
    for each in (first, second):
        each.create(INDEX)
        each.repository("tail", "tail-shared")
    try:
        assert first.snapshot("tail", "a", INDEX) == second.snapshot("tail", "b", INDEX) == "SUCCESS"
        assert first.reply("PUT", "/_snapshot/tail/c?wait_for_completion=true").status_code == 500
        refused = first.reply("GET", "/_snapshot/tail/_all")
        assert refused.status_code == 500
        assert "contents of the repository do not match its expected state" in refused.text
    finally:
        for each in (first, second):
            each.reply("DELETE", "/_snapshot/tail")
            each.reply("DELETE", f"/{INDEX}")


# Reading


def test_a_primary_can_be_asked_for_where_the_engine_knows_the_word_and_by_its_node_everywhere(
    engine: BareEngine,
) -> None:
    engine.create(INDEX)
    engine.write(INDEX, "a")
    engine.ask("POST", f"/{INDEX}/_refresh")
    node = next(iter(engine.ask("GET", "/_nodes")["nodes"]))
    by_node = {"preference": f"_shards:0|_only_nodes:{node}"}
    assert engine.ask("GET", f"/{INDEX}/_search", **by_node)["hits"]["total"]["value"] == 1

    by_word = {"preference": "_shards:0|_primary"}
    reply = engine.reply("GET", f"/{INDEX}/_search", **by_word)
    [got] = engine.ask("POST", f"/{INDEX}/_mget", {"ids": ["a"]}, **by_word)["docs"]
    if engine.name == OLD:
        assert reply.status_code == 400 and "no Preference for [_primary]" in reply.text
        assert got["error"]["reason"] == "no Preference for [_primary]"
    else:
        assert reply.json()["hits"]["total"]["value"] == 1 and got["found"]


def test_only_searches_can_leave_a_search_pipeline_out_and_counts_cannot(newer: BareEngine) -> None:
    newer.create(INDEX)
    newer.write(INDEX, "a")
    newer.ask("POST", f"/{INDEX}/_refresh")
    newer.settings(INDEX, search={"default_pipeline": UNDEFINED})
    none = {"search_pipeline": "_none"}

    def refused(path: str, body: Any = None, **params: Any) -> bool:
        reply = newer.reply("POST", f"/{path}", body, **params)
        return f"Pipeline {UNDEFINED} is not defined" in reply.text

    newer.create(COPY)
    assert refused(f"{INDEX}/_search") and refused(f"{INDEX},{COPY}/_search") and refused(f"{INDEX}/_count")
    assert not refused(f"{INDEX}/_mget", {"ids": ["a"]})
    assert newer.ask("POST", f"/{INDEX}/_search", **none)["hits"]["total"]["value"] == 1
    assert newer.ask("POST", f"/{INDEX}/_search", none)["hits"]["total"]["value"] == 1
    count = newer.reply("POST", f"/{INDEX}/_count", **none)
    assert count.status_code == 400 and "unrecognized parameter: [search_pipeline]" in count.text

    several = newer.reply("POST", f"/{INDEX}/_msearch", ndjson([{}, none, {}, {}]), NDJSON)
    assert [each["status"] for each in several.json()["responses"]] == [200, 400]
    assert newer.reply("POST", f"/{INDEX}/_msearch", ndjson([{}, {}]), NDJSON, **none).status_code == 400


def test_an_engine_without_search_pipelines_refuses_the_word(older: LabDescription) -> None:
    old = of(older, "source")
    old.create(INDEX)
    reply = old.reply("GET", f"/{INDEX}/_search?search_pipeline=_none")
    assert reply.status_code == 400 and "unrecognized parameter: [search_pipeline]" in reply.text


def test_a_search_for_more_than_the_result_window_is_refused(engine: BareEngine) -> None:
    engine.create(INDEX, {"max_result_window": 100})
    assert engine.ask("POST", f"/{INDEX}/_search", {"size": 100})["hits"]["hits"] == []
    reply = engine.reply("POST", f"/{INDEX}/_search", {"size": 101})
    assert reply.status_code == 400 and "Result window is too large" in reply.text


def test_one_id_may_live_in_several_shards_and_without_routing_another_document_is_hit(
    engine: BareEngine,
) -> None:
    engine.create(INDEX, shards=4)
    for routing in "abcd":
        engine.write(INDEX, "1", {"with": routing}, routing=routing)
    hits = {hit["_routing"]: hit["_source"]["with"] for hit in engine.search(INDEX)}
    assert len(hits) > 1 and all(routing == source for routing, source in hits.items())

    asked = {"docs": [{"_id": "1"}] + [{"_id": "1", "routing": routing} for routing in hits]}
    bare, *routed = engine.ask("POST", f"/{INDEX}/_mget", asked)["docs"]
    assert [each["_source"]["with"] for each in routed] == list(hits)
    assert bare["found"] and bare["_source"] in [each["_source"] for each in routed]
    assert engine.delete(INDEX, "1")["result"] == "deleted"
    assert len(engine.search(INDEX)) == len(hits) - 1

    engine.create(INDEX, _routing={"required": True})
    refused = engine.write(INDEX, "1")
    assert (refused["status"], refused["error"]["type"]) == (400, "routing_missing_exception")


# Pipelines and blocks of the target


def test_a_final_pipeline_runs_in_spite_of_pipeline_none_until_it_is_none_itself(engine: BareEngine) -> None:
    engine.create(INDEX, {"final_pipeline": UNDEFINED})
    line = {"index": {"_id": "a"}}
    [item] = engine.items(INDEX, line, {}, **NO_PIPELINE)
    assert (item["status"], UNDEFINED in item["error"]["reason"]) == (400, True)
    engine.settings(INDEX, final_pipeline="_none")
    assert engine.items(INDEX, line, {}, **NO_PIPELINE)[0]["status"] == 201
    engine.settings(INDEX, final_pipeline=None, default_pipeline=UNDEFINED)
    assert engine.items(INDEX, line, {}, **NO_PIPELINE)[0]["status"] == 200
    assert engine.items(INDEX, line, {})[0]["status"] == 400


def test_a_write_block_waits_for_bulks_under_way_and_the_setting_does_not(engine: BareEngine) -> None:
    assert any(_a_bulk_goes_on_after_the_setting(engine, size) for size in SIZES)
    assert any(_a_block_waits_for_a_bulk(engine, size) for size in SIZES)
    blocked = engine.write(INDEX, "a")
    assert (blocked["status"], blocked["error"]["type"]) == (403, "cluster_block_exception")


def _a_bulk_goes_on_after_the_setting(engine: BareEngine, size: int) -> bool:
    """False if it was over too soon, as on a busy machine."""
    engine.create(INDEX)
    with suppress(OverTooSoon), long_bulk(engine, INDEX, size) as running:
        engine.settings(INDEX, blocks={"write": True})
        set_at, answered = engine.mark(INDEX).max_seq_no, running.answered
        assert running.statuses() == {201} and engine.mark(INDEX).max_seq_no == size - 1
        return not answered and set_at < size - 1
    return False


def _a_block_waits_for_a_bulk(engine: BareEngine, size: int) -> bool:
    """False if it was over too soon."""
    engine.create(INDEX)
    with suppress(OverTooSoon), long_bulk(engine, INDEX, size) as running:
        engine.ask("PUT", f"/{INDEX}/_block/write")
        assert engine.mark(INDEX).max_seq_no == size - 1
        assert running.statuses() == {201}
        return True
    return False


def test_a_backing_index_takes_deletes_and_conditional_writes_only(newer: BareEngine) -> None:
    newer.reply("DELETE", "/_data_stream/tail-stream")
    template = {"index_patterns": ["tail-stream"], "data_stream": {}}
    newer.ask("PUT", "/_index_template/tail-stream", template)
    newer.ask("PUT", "/_data_stream/tail-stream")
    document, backing = {"@timestamp": "2026-01-01T00:00:00Z"}, ".ds-tail-stream-000001"
    newer.items("tail-stream", {"create": {"_id": "a"}}, document)
    items = newer.items(
        backing,
        {"index": {"_id": "a", "version": 3} | EXTERNAL}, document,
        {"create": {"_id": "b"}}, document,
        {"index": {"_id": "a", "if_seq_no": 0, "if_primary_term": 1}}, document,
        {"delete": {"_id": "a", "version": 9} | EXTERNAL},
    )  # fmt: skip
    assert [item["status"] for item in items] == [400, 400, 200, 200]
    assert all("targeting backing indices is disallowed" in item["error"]["reason"] for item in items[:2])
    versioned = newer.bulk("tail-stream", {"create": {"_id": "b", "version": 3} | EXTERNAL}, document)
    assert versioned.status_code == 400
    newer.reply("DELETE", "/_data_stream/tail-stream")
    newer.reply("DELETE", "/_index_template/tail-stream")


# The bytes of a document

KEPT = (
    b'{ "n" :  1.10 ,\t"list":[ 1,2 ] }', b'{"n":1e400}', b'{"n":123456789012345678901234567890}',
    b'  {"leading":1}', b'{"trailing":1}   ', b'{"n":\r1}', b'{"n":1 /* a comment */}', b"{}",
    b'{"text":"\\/ \\u0000 \\ud800"}', '{"text":"ü\u2028\\u00fc"}'.encode(), b'\xef\xbb\xbf{"n":1}',
)  # fmt: skip
BROKEN_LINES = (b'{\n  "n": 1.10,\r\n  "m": 2\n}\n', b'{"n":1 // a comment\n}')
REFUSED = (
    b'{"n":1,"n":2}', b'{"n":NaN}', b"{'n':1}", b'{"n":1} # a comment', b'{"text":"\xff"}',
    b'{"text":"a\x00b"}', b'{"n":1}{"n":2}',
)  # fmt: skip
EXACT_BYTES = b'{ "n" :  1.10, "m":1e400 }'


def test_a_search_gives_the_bytes_that_were_written_and_a_bulk_writes_these_again(engine: BareEngine) -> None:
    _unmapped(engine)
    for number, document in enumerate(KEPT):
        _put(engine, str(number), document)
        read = engine.source(INDEX, str(number))
        [item] = engine.items(INDEX, {"index": {"_id": "again", "version": number} | EXTERNAL}, read)
        assert item["status"] in (200, 201), item
        assert read == engine.source(INDEX, "again") == document
        got = engine.reply("POST", f"/{INDEX}/_mget", {"ids": ["again"]})
        assert document in got.content


def test_a_document_with_line_breaks_keeps_its_bytes_alone_and_refuses_a_whole_bulk(
    engine: BareEngine,
) -> None:
    _unmapped(engine)
    for document in BROKEN_LINES:
        _put(engine, "a", document)
        assert engine.source(INDEX, "a") == document
        bulk = engine.bulk(INDEX, {"index": {"_id": "b"}}, {}, {"index": {"_id": "c"}}, document)
        assert bulk.status_code == 400, document
    assert [hit["_id"] for hit in _ids(engine)] == ["a"]


def test_a_line_break_in_a_bulk_can_let_a_document_delete_others(engine: BareEngine) -> None:
    _unmapped(engine)
    engine.write(INDEX, "victim")
    document = b'{"n":\n{"delete":{"_id":"victim"}} }'
    _put(engine, "a", document)
    items = engine.items(INDEX, {"index": {"_id": "b"}}, document)
    assert [(item["_id"], item["status"]) for item in items] == [("b", 400), ("victim", 200)]
    assert [hit["_id"] for hit in _ids(engine)] == ["a"]


def test_a_bulk_strips_the_carriage_return_at_the_end_of_a_document(engine: BareEngine) -> None:
    _unmapped(engine)
    _put(engine, "a", b'{"n":1}\r')
    engine.items(INDEX, {"index": {"_id": "b"}}, b'{"n":1}\r')
    assert (engine.source(INDEX, "a"), engine.source(INDEX, "b")) == (b'{"n":1}\r', b'{"n":1}')


def test_a_reply_that_is_filtered_or_formatted_has_its_documents_written_anew(engine: BareEngine) -> None:
    _unmapped(engine)
    _put(engine, "a", EXACT_BYTES)
    assert engine.source(INDEX, "a", _source="true") == EXACT_BYTES
    for params in ({"filter_path": "hits"}, {"filter_path": "-took"}, {"_source_excludes": "other"}):
        anew = engine.source(INDEX, "a", **params)
        assert json.loads(anew) == {"n": 1.1, "m": "Infinity"} and b"1.10" not in anew, params
    for params in ({"pretty": "true"}, {"format": "yaml"}, {"format": "cbor"}):
        assert b"1.10" not in engine.reply("GET", f"/{INDEX}/_search", **params).content, params


def test_documents_of_other_formats_are_shown_as_json_that_is_not_quite_the_same(engine: BareEngine) -> None:
    _unmapped(engine)
    # {"n": 1.1, "bytes": h'0102', "none": NaN}
    cbor = bytes.fromhex("bf616efb3ff199999999999a656279746573420102646e6f6e65f97e00ff")
    _put(engine, "a", cbor, CBOR)
    _put(engine, "b", b"---\nn: 1.10 # a comment\n", YAML)
    shown = engine.source(INDEX, "a")
    assert (shown, engine.source(INDEX, "b")) == (b'{"n":1.1,"bytes":"AQI=","none":"NaN"}', b'{"n":1.1}')
    engine.items(INDEX, {"index": {"_id": "c"}}, shown)
    assert engine.source(INDEX, "c") == shown
    in_cbor = [engine.reply("GET", f"/{INDEX}/_doc/{id}", format="cbor").content for id in "ac"]
    assert [b"B\x01\x02" in each for each in in_cbor] == [True, False], "equal to a reader of JSON only"


def test_what_is_no_json_is_refused_at_writing(engine: BareEngine) -> None:
    _unmapped(engine)
    for document in REFUSED:
        assert engine.reply("PUT", f"/{INDEX}/_doc/a", document).status_code == 400, document


def test_a_source_that_is_left_out_is_no_key_and_an_excluding_one_is_written_anew(engine: BareEngine) -> None:
    engine.create(INDEX, _source={"enabled": False})
    engine.write(INDEX, "a", {"n": 1})
    assert "_source" not in engine.search(INDEX)[0]
    engine.create(INDEX, _source={"excludes": ["m"]})
    _put(engine, "a", EXACT_BYTES.replace(b"1e400", b"1"))
    assert engine.source(INDEX, "a") == b'{"n":1.1}'


def test_a_derived_source_is_made_of_the_fields(lab: LabDescription) -> None:
    engine = of(lab, "target")
    engine.create(
        INDEX,
        {"derived_source.enabled": True},
        properties={"n": {"type": "double"}, "a": {"type": "keyword"}},
    )
    _put(engine, "1", b'{ "n": 1.10, "a":"x" }')
    assert engine.source(INDEX, "1") == b'{"a":"x","n":1.1}'
    engine.reply("DELETE", f"/{INDEX}")


def _unmapped(engine: BareEngine) -> None:
    """An index that takes any document, for nothing in it is indexed."""
    engine.create(INDEX, dynamic=False)


def _put(engine: BareEngine, id: str, document: bytes, kind: str = "application/json") -> None:
    reply = engine.reply(
        "PUT", f"/{INDEX}/_doc/{id}", document, kind, version=3, version_type="external_gte", pipeline="_none"
    )
    assert reply.ok, reply.text


def _ids(engine: BareEngine) -> list[dict[str, Any]]:
    """The hits without their documents: comments in these make the reply no JSON."""
    return engine.search(INDEX, {"_source": False})


def _asked(engine: BareEngine, body: dict[str, Any]) -> dict[str, Any]:
    engine.ask("POST", f"/{INDEX}/_refresh")
    return engine.ask("POST", f"/{INDEX}/_search", body)


def _sum_below(count: int) -> int:
    """The sum of the numbers 0, 1, … of so many operations."""
    return count * (count - 1) // 2


def _paged(engine: BareEngine, up_to: int) -> list[int]:
    """All numbers up to one, in pages of 100."""
    numbers: list[int] = []
    while True:
        above = {"gt": numbers[-1] if numbers else -1, "lte": up_to}
        body = {"size": 100, "_source": False, "query": {"range": {"_seq_no": above}}, "sort": ["_seq_no"]}
        page = engine.ask("POST", f"/{INDEX}/_search", body, preference="_shards:0")["hits"]["hits"]
        if not page:
            return numbers
        numbers += [hit["sort"][0] for hit in page]


def _versioned_and_deleted(engine: BareEngine) -> None:
    engine.write(INDEX, "a", version=50, **EXTERNAL)
    assert engine.delete(INDEX, "a")["_version"] == 51


def _reopen(engine: BareEngine) -> None:
    """Each of the two gives the shard a new term, if it is assigned in between."""
    engine.ask("POST", f"/{INDEX}/_close", wait_for_active_shards=1)
    engine.ask("POST", f"/{INDEX}/_open", wait_for_active_shards=1)
