"""Recorded searches are read from every form that people have; what is not run is counted, with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import PreconditionError
from tasks.queries import reading_only
from tasks.queries.recorded import MOST_BODY, RecordedQuery
from tasks.queries.sources.read import Recorded, read_queries

FOX = {"query": {"match": {"title": {"query": "quick fox", "operator": "OR"}}}}
SOURCE = json.dumps(FOX, separators=(",", ":"))
PLAIN = (
    "[2026-11-28T09:15:02,114][WARN ][i.s.s.query         ] [node-1] [orders-2026][{shard}] took[12.3ms], "
    "took_millis[12], total_hits[3 hits], types[], stats[], search_type[QUERY_THEN_FETCH], total_shards[2], "
    "source[{source}], id[], "
)
MANAGED = (
    "[2026-11-28T09:15:02,114][WARN ][index.search.slowlog.query] [0f5e7cd4ad2a41] [orders-2026][1] "
    "took[1.2s], took_millis[1203], total_hits[10000+ hits], types[], stats[], "
    "search_type[DFS_QUERY_THEN_FETCH], total_shards[5], source[{source}], id[app-7]"
)


def plain(source: str = SOURCE, shard: int = 0) -> str:
    """A line of a slow log, as a cluster of one's own writes it."""
    return PLAIN.replace("{source}", source).replace("{shard}", str(shard))


def managed(source: str = SOURCE) -> str:
    """A line as the managed service publishes it."""
    return MANAGED.replace("{source}", source)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Reads these lines, or this document, as a file of recorded searches."""

    def reading(*lines: Any, **options: int) -> Recorded:
        file = tmp_path / "searches.ndjson"
        file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
        return read_queries(file, **options)

    return reading


def one(recorded: Recorded) -> RecordedQuery:
    """The only search, with nothing left over."""
    (query,) = recorded.queries
    assert recorded.read.unusable == ()
    return query


ES7_JSON = {
    "type": "index_search_slowlog",
    "timestamp": "2026-11-28T09:15:02,114Z",
    "level": "WARN",
    "component": "i.s.s.query",
    "cluster.name": "shop",
    "node.name": "node-1",
    "message": "[orders-2026][0]",
    "took": "12.3ms",
    "took_millis": "12",
    "total_hits": "3 hits",
    "types": "[]",
    "stats": "[]",
    "search_type": "QUERY_THEN_FETCH",
    "total_shards": "2",
    "source": SOURCE,
    "node.id": "x",
}
ES8_JSON = {
    "@timestamp": "2026-11-28T09:15:02.114Z",
    "log.level": "WARN",
    "elasticsearch.slowlog.message": "[orders-2026][0]",
    "elasticsearch.slowlog.search_type": "QUERY_THEN_FETCH",
    "elasticsearch.slowlog.source": SOURCE,
    "elasticsearch.slowlog.took_millis": "12",
}
ESCAPED_JSON = {**ES7_JSON, "source": SOURCE.replace('"', '\\"')}
INSIGHT = {
    "timestamp": 1764321302114,
    "search_type": "query_then_fetch",
    "indices": ["orders-2026"],
    "source": FOX,
    "total_shards": 2,
    "node_id": "x",
    "group_by": "NONE",
    "measurements": {"latency": {"number": 12, "count": 1, "aggregationType": "NONE"}},
}
CSV = '1764321302114,"' + plain().replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([{"index": "orders-2026", "body": FOX}], "recorded"),
        ([{"index": ["orders-2026"], "body": FOX, "params": {"scroll": None, "pretty": ""}}], "recorded"),
        ([{"index": "orders-2026", "preference": "me"}, FOX], "msearch"),
        ([plain()], "slow log"),
        ([plain().replace("] [orders", "][orders")], "slow log"),
        (["2026-11-28T09:15:03.000Z " + plain()], "slow log"),
        ([{"timestamp": 1764321302114, "message": plain(), "ingestionTime": 1}], "slow log"),
        ([{"timestamp": 1764321302114, "message": json.dumps(ES7_JSON)}], "slow log"),
        ([json.dumps({"events": [{"logStreamName": "a", "message": plain()}]}, indent=1)], "slow log"),
        ([CSV], "slow log"),
        ([ES7_JSON], "slow log"),
        ([ES8_JSON], "slow log"),
        ([ESCAPED_JSON], "slow log"),
        ([{"top_queries": [INSIGHT]}], "query insights"),
        ([json.dumps({"top_queries": [INSIGHT]}, indent=2)], "query insights"),
        ([{**INSIGHT, "source": SOURCE}], "query insights"),
        ([{"_index": "top_queries-2026.11.28-1", "_id": "1", "_source": INSIGHT}], "query insights"),
        ([{"hits": {"hits": [{"_index": "top_queries", "_source": INSIGHT}]}}], "query insights"),
    ],
)
def test_every_form_gives_the_same_search(read: Any, lines: list[Any], kind: str) -> None:
    query = one(read(*lines))
    assert (query.index, query.body, query.header, query.kind) == (("orders-2026",), FOX, {}, kind)


def test_a_managed_line_keeps_what_it_says_of_the_search(read: Any) -> None:
    assert one(read(managed())).header == {"search_type": "dfs_query_then_fetch"}


def test_entries_of_several_shards_and_files_are_one_search(read: Any) -> None:
    found = read(plain(), plain(shard=1), {"index": "orders-2026", "body": FOX}, managed())
    assert [(each.seen, each.place) for each in found.queries] == [(3, "line 1"), (1, "line 4")]
    assert (found.read.entries, found.read.distinct, found.read.merged) == (4, 2, 2)
    assert found.read.kinds == {"slow log": 3, "recorded": 1}


def test_a_group_of_query_insights_counts_as_often_as_it_was_seen(read: Any) -> None:
    grouped = {**INSIGHT, "group_by": "SIMILARITY", "measurements": {"latency": {"number": 9, "count": 40}}}
    assert one(read(grouped)).seen == 40


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (plain(SOURCE[:40]), "its source is cut off"),
        (plain(SOURCE[:40] + "..."), "its source is cut off"),
        (
            plain().replace("[orders-2026][0]", "").replace("took[", "took["),
            "it names no index, as the slow log of whole requests does",
        ),
        ("{not json", "no form that is known"),
        ({"something": "else"}, "no form that is known"),
        ({"index": 7, "body": FOX}, "index is a name, or a list of names"),
        ({"index": "orders", "body": [FOX]}, "body and params are JSON objects"),
        ({"index": "abroad:orders", "body": FOX}, "is on another cluster"),
        ({"index": "<logs-{now/d}>", "body": FOX}, "date math"),
        ({"index": "orders", "body": {"pit": {"id": "x"}, **FOX}}, "point in time"),
        ({"index": "orders", "body": {"slice": {"id": 0, "max": 2}, **FOX}}, "one slice of a scroll"),
        (
            {"index": "orders", "body": FOX, "params": {"search_type": "scan"}},
            "search_type scan is not known",
        ),
        ({"index": "orders", "body": FOX, "params": {"unheard_of": 1}}, "its parameter unheard_of"),
        (
            {"index": "o", "body": {"query": {"function_score": {"functions": [{"random_score": {}}]}}}},
            "random_score without a seed",
        ),
        ({"index": "o", "body": {"query": {"ids": {"values": ["x" * MOST_BODY]}}}}, "longer than 256 KiB"),
    ],
)
def test_what_cannot_be_run_is_named_with_its_line_and_why(read: Any, line: Any, why: str) -> None:
    found = read({"index": "orders", "body": FOX}, "", line)
    assert len(found.queries) == 1 and found.read.unusable_count == 1
    (unusable,) = found.read.unusable
    assert unusable.place == "line 3" and why in unusable.why


@pytest.mark.parametrize("second", [[], ["no json"]])
def test_half_a_pair_is_named(read: Any, second: list[str]) -> None:
    found = read({"index": "orders", "body": FOX}, {"index": "orders"}, *second)
    (unusable,) = found.read.unusable
    assert unusable.place == "line 2" and "second line of this pair" in unusable.why


def test_parameters_become_parts_of_the_body(read: Any) -> None:
    params = {
        "q": "title:fox",
        "df": "title",
        "size": "5",
        "sort": "date:desc,_score",
        "track_total_hits": "true",
        "routing": "7",
        "preference": "_local",
        "request_cache": "true",
    }
    query = one(read({"index": "orders", "body": {}, "params": params}))
    assert query.header == {"routing": "7"}
    assert query.body == {
        "query": {"query_string": {"query": "title:fox", "default_field": "title"}},
        "size": 5,
        "sort": [{"date": {"order": "desc"}}, "_score"],
        "track_total_hits": True,
    }


def test_nothing_of_a_search_keeps_a_context_on_a_domain(read: Any) -> None:
    query = one(read({"index": "orders", "body": FOX, "params": {"scroll": "5m", "size": 1000}}))
    assert query.notes == (reading_only.FIRST_PAGE,) and "scroll" not in json.dumps(
        [query.header, query.body]
    )


@pytest.mark.parametrize("value", ["now", "now-1d/d", "now/d", "now||-1h"])
def test_a_search_by_the_current_time_is_noted(read: Any, value: str) -> None:
    body = {"query": {"range": {"date": {"gte": value}}}}
    assert one(read({"index": "orders", "body": body})).notes == (reading_only.USES_NOW,)
    assert one(read({"index": "orders", "body": {"query": {"term": {"a": "nowhere"}}}})).notes == ()


def test_of_too_many_those_seen_most_are_kept_and_always_the_same(read: Any) -> None:
    lines = [{"index": "orders", "body": {"query": {"term": {"n": n}}}} for n in range(30)]
    often = {"index": "orders", "body": FOX}
    found, again = read(*lines, often, often, most=10), read(*reversed(lines), often, often, most=10)
    assert found.read.sampled_out == 21 and found.queries[0].body == FOX
    assert [each.digest for each in found.queries] == [each.digest for each in again.queries]


def test_a_file_that_is_not_there_or_holds_nothing_is_refused(read: Any, tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="cannot be read: No such file"):
        read_queries(tmp_path / "gone")
    with pytest.raises(PreconditionError, match="holds no search that can be run") as error:
        read("{not json")
    assert "line 1: this is no form" in str(error.value)
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(PreconditionError, match="not UTF-8"):
        read_queries(tmp_path / "latin")
