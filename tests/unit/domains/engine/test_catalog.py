"""What is on a domain, who it is, and how many names fit one request.

The other side is a fake; real engines' answers are covered in tests/lab.
"""

from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.building import a_domain, identity_reply
from support.fake_domain import FakeDomain, Reply, engine_error, ok

from domains.engine.catalog import Alias, catalog, close, delete, path_pieces, refresh
from domains.engine.cluster import identity
from domains.engine.comparison.seq_no_figures import shard_stats
from domains.engine.repositories import registration
from domains.engine.restores import explain, primaries, recoveries
from domains.engine.snapshots import create_request, get, running
from domains.errors import DomainError, UnexpectedReply
from domains.http.requests import path_of
from domains.versions import created_version, version_of

LONGEST_LINE = 4096


def row(name: str, status: str = "open", **changes: Any) -> dict[str, Any]:
    values = {"pri": "2", "rep": "1", "docs.count": "10", "pri.store.size": "1000", **changes}
    if status == "close":
        values |= {"docs.count": None, "pri.store.size": None}
    return {"index": name, "uuid": f"u-{name}", "status": status, "health": "green", **values}


def listing(
    fake: FakeDomain, rows: Any, settings: Any = None, aliases: Any = None, streams: Any = None
) -> FakeDomain:
    names = [entry["index"] for entry in rows] if isinstance(rows, list) else ["a"]
    fake.on("GET /_cat/indices", ok(rows))
    fake.on("GET /_all/_settings", ok({**{name: {"settings": {}} for name in names}, **(settings or {})}))
    fake.on("GET /_all/_alias", ok({**{name: {"aliases": {}} for name in names}, **(aliases or {})}))
    return fake.on("GET /_data_stream", streams or ok({"data_streams": []}))


def test_everything_that_has_a_name_is_seen(source: FakeDomain) -> None:
    settings_of_a = {"settings": {"index": {"version": {"created": "136408327"}}}}
    aliases_of_a = {"aliases": {"w": {"is_write_index": True}, "f": {"filter": {"term": {"x": 1}}}}}
    streams = ok({"data_streams": [{"name": "logs", "indices": [{"index_name": ".ds-logs-000001"}]}]})
    listing(
        source,
        [row("a"), row("shut", "close"), row(".ds-logs-000001")],
        {"a": settings_of_a},
        {"a": aliases_of_a},
        streams,
    )
    found = catalog(a_domain(source))
    assert list(found.indices) == [".ds-logs-000001", "a", "shut"]
    a, shut = found.indices["a"], found.indices["shut"]
    assert (a.open, a.shards, a.replicas, a.documents, a.bytes, a.created_id) == (
        True,
        2,
        1,
        10,
        1000,
        136408327,
    )
    assert a.aliases == (Alias("f", None, True), Alias("w", True, False))
    assert (shut.open, shut.documents, shut.bytes, shut.created_id) == (False, None, None, None)
    assert found.indices[".ds-logs-000001"].stream == "logs"
    assert found.streams["logs"].backing == (".ds-logs-000001",)
    assert found.aliases == {"f": ("a",), "w": ("a",)}
    assert source.changing == []
    listings = [asked for asked in source.requests if asked.path != "/_data_stream"]
    assert all(asked.query["expand_wildcards"] == "all" for asked in listings)


def test_four_requests_whatever_the_number(source: FakeDomain) -> None:
    listing(source, [row(f"i{n}") for n in range(2000)])
    assert len(catalog(a_domain(source)).indices) == 2000
    assert len(source.requests) == 4


def test_an_engine_without_data_streams_has_none(source: FakeDomain) -> None:
    none = engine_error(
        400, "illegal_argument_exception", "no handler found for uri [/_data_stream] and method [GET]"
    )
    listing(source, [row("a")], streams=none)
    assert catalog(a_domain(source)).streams == {}


@pytest.mark.parametrize(
    "none",
    [
        engine_error(
            400, "invalid_index_name_exception", "Invalid index name [_data_stream], must not start with '_'."
        ),
        engine_error(
            400,
            "invalid_index_name_exception",
            "Invalid index name [_data_stream], must not start with '_', '-', or '+'",
        ),
        Reply(401, {"Message": "Your request: '/_data_stream' is not allowed."}),
    ],
)
def test_an_older_engine_or_the_service_says_it_differently(source: FakeDomain, none: Reply) -> None:
    assert catalog(a_domain(listing(source, [row("a")], streams=none))).streams == {}


def test_streams_that_may_not_be_read_are_an_error(source: FakeDomain) -> None:
    denied = Reply(403, {"Message": "User: x is not authorized to perform: es:ESHttpGet"})
    listing(source, [row("a")], streams=denied)
    with pytest.raises(DomainError, match="not authorized"):
        catalog(a_domain(source))


@pytest.mark.parametrize("rows", ["", {}, {"Message": "later"}])
def test_a_listing_that_is_none_is_never_an_empty_domain(source: FakeDomain, rows: Any) -> None:
    listing(source, rows)
    source.on("GET /_cat/indices", Reply(200, rows))
    with pytest.raises(UnexpectedReply):
        catalog(a_domain(source))


@pytest.mark.parametrize("path", ["GET /_cat/indices", "GET /_all/_settings", "GET /_all/_alias"])
def test_a_list_that_lacks_what_the_others_have_is_looked_at_again(source: FakeDomain, path: str) -> None:
    """An index was made in between, or the caller may not read all: neither is a whole list."""
    listing(source, [row("a"), row("b")])
    source.on(path, ok([row("a")] if "cat" in path else {"a": {}}))
    with pytest.raises(UnexpectedReply, match="b appeared or disappeared") as caught:
        catalog(a_domain(source))
    assert caught.value.transient


# names that come and go while the parts are read

STEADY, RESTLESS = ("kept-1", "kept-2"), ("tmp-1", "tmp-2")
MOMENTS = st.lists(st.fixed_dictionaries({}, optional={n: st.integers(1, 9) for n in RESTLESS}), max_size=15)


def a_stream(name: str, *backing: str) -> dict[str, Any]:
    return {"name": name, "indices": [{"index_name": index} for index in backing]}


class ChangingDomain:
    """A domain with another set of indices at every request; one with another number was made anew.

    Every index has one alias, called after its UUID, and is in a data stream called after its UUID.
    """

    side = label = "source"

    def __init__(self, moments: list[dict[str, int]]) -> None:
        self.connection = self
        self.moments = iter(moments)
        self.numbers: dict[str, int] = {}
        self.made = count(1)
        self.uuids: dict[str, str] = {}

    def read(self, method: str, path: str, **_query: Any) -> Any:
        numbers = next(self.moments, {})
        same = {
            name: self.uuids[name] for name, number in numbers.items() if self.numbers.get(name) == number
        }
        fresh = {name: f"{name}#{next(self.made)}" for name in numbers.keys() - same.keys()}
        self.numbers, self.uuids = numbers, same | fresh
        now = {name: f"{name}#0" for name in STEADY} | self.uuids
        return {
            "/_cat/indices": [{**row(name), "uuid": uuid} for name, uuid in now.items()],
            "/_all/_alias": {name: {"aliases": {f"of-{uuid}": {}}} for name, uuid in now.items()},
            "/_data_stream": {"data_streams": [a_stream(f"with-{uuid}", name) for name, uuid in now.items()]},
            "/_all/_settings": {name: {"settings": {"index": {"uuid": uuid}}} for name, uuid in now.items()},
        }[path]

    read_object = read

    def read_entries(self, path: str, each: Callable[[str, Any], Any], **query: Any) -> dict[str, Any]:
        return {name: each(name, entry) for name, entry in self.read("GET", path, **query).items()}


@given(MOMENTS)
@example([{}, {"tmp-1": 1}, {}, {}] * 3)  # it looks the same each time
def test_what_comes_and_goes_between_the_reads_is_never_joined(moments: list[dict[str, int]]) -> None:
    """What is listed is one index, with its own aliases and data stream; what never changed is not lost."""
    try:
        found = catalog(ChangingDomain(moments))  # pyright: ignore[reportArgumentType]
    except UnexpectedReply as error:  # by chance it looked the same each time, as with a missing right
        assert error.transient
        return
    assert found.indices.keys() >= {*STEADY}
    for index in found.indices.values():
        assert [alias.name for alias in index.aliases] == [f"of-{index.uuid}"]
        assert index.stream == f"with-{index.uuid}"


def test_an_index_made_and_deleted_all_the_time_is_left_out(source: FakeDomain) -> None:
    listing(source, [row("a"), row("tmp")])
    times = iter(range(1, 10))
    source.on("GET /_cat/indices", lambda _: ok([row("a"), {**row("tmp"), "uuid": f"u-{next(times)}"}]))
    source.on("GET /_all/_settings", ok({"a": {"settings": {"index": {"uuid": "u-a"}}}}))
    assert list(catalog(a_domain(source)).indices) == ["a"]
    assert len(source.requests) == 12


# pieces


NAME = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Lu"]), min_size=1, max_size=80)


def request_lines(fake: FakeDomain) -> list[int]:
    return [len(f"{asked.method} {asked.target} HTTP/1.1\r\n") for asked in fake.requests]


@settings(max_examples=60, deadline=None)
@given(st.lists(NAME.map(lambda name: name.replace(",", "_")), max_size=120))
def test_pieces_keep_every_name_in_order_and_fit_a_line(names: list[str]) -> None:
    pieces = list(path_pieces(names))
    assert [name for piece in pieces for name in piece] == names
    assert all(piece for piece in pieces)
    assert all(len(path_of(",".join(piece))) <= 3501 for piece in pieces)
    for piece, following in pairwise(pieces):
        assert len(path_of(",".join((*piece, following[0])))) > 3500, "as many as fit"


LONG = [
    "é" * 127,
    "x" * 255,
    "日" * 85,
    "a%b" * 60,
    *(f"index-with-a-long-name-{n:04}-{'y' * 40}" for n in range(300)),
]


def test_no_request_line_is_longer_than_the_service_takes(source: FakeDomain) -> None:
    source.on("POST .*/_refresh", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}})).on(
        "(GET|POST) .*", ok({})
    )
    source.on("POST .*/_close", ok({"acknowledged": True}))
    source.on("POST .*/_refresh", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
    domain = a_domain(source)
    refresh(domain, LONG)
    close(domain, LONG)
    shard_stats(domain, LONG)
    list(primaries(domain, LONG))
    list(recoveries(domain, LONG))
    lines = request_lines(source)
    assert max(lines) <= LONGEST_LINE
    assert len(lines) > 25
    assert sum(lines) / len(lines) > 1000, "pieces are filled, not one a name"


def test_no_name_is_lost_between_pieces(source: FakeDomain) -> None:
    source.on(".*", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
    refresh(a_domain(source), LONG)
    sent = [name for asked in source.requests for name in asked.path.split("/")[1].split(",")]
    assert sent == LONG


# small calls


def test_a_refresh_names_what_failed(source: FakeDomain) -> None:
    failure = {"index": "b", "shard": 0, "reason": {"type": "x", "reason": "disk"}}
    shards = {"total": 2, "successful": 1, "failed": 1, "failures": [failure]}
    source.on("POST /a,b/_refresh", ok({"_shards": shards}))
    assert list(refresh(a_domain(source), ["a", "b"])) == ["b"]


def test_a_refresh_that_failed_without_saying_where_is_not_taken_for_done(source: FakeDomain) -> None:
    source.on("POST /a,b/_refresh", ok({"_shards": {"total": 2, "successful": 1, "failed": 1}}))
    try:
        failed = refresh(a_domain(source), ["a", "b"])
    except DomainError:
        return
    assert failed


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({}, "did not acknowledge"),
        ({"acknowledged": False, "indices": {"a": {"closed": True}}}, "did not acknowledge"),
        ([], "did not acknowledge"),
        (
            {"acknowledged": True, "indices": {"a": {"closed": True}, "b": {"closed": False}}},
            "not closed: b$",
        ),
        ({"acknowledged": True, "indices": {"a": None}}, "not closed: a$"),
    ],
)
def test_what_is_not_closed_is_not_taken_for_closed(source: FakeDomain, reply: Any, said: str) -> None:
    source.on("POST /a,b/_close", ok(reply))
    with pytest.raises(UnexpectedReply, match=said):
        close(a_domain(source), ["a", "b"])


@pytest.mark.parametrize("told", [{"a": {"closed": True}}, {}])
def test_what_is_closed_already_stays_so(source: FakeDomain, told: Any) -> None:
    source.on("POST /a/_close", ok({"acknowledged": True, "shards_acknowledged": True, "indices": told}))
    close(a_domain(source), ["a"])


def test_a_registration_that_is_not_in_the_reply_is_not_taken_for_none(source: FakeDomain) -> None:
    source.on("GET /_snapshot/r", ok({}))
    with pytest.raises(UnexpectedReply):
        registration(a_domain(source), "r")
    source.on("GET /_snapshot/r", engine_error(404, "repository_missing_exception", "[r] missing"))
    assert registration(a_domain(source), "r") is None


def test_deleting_an_index_and_a_stream_are_two_things(source: FakeDomain) -> None:
    source.on(".*", ok({"acknowledged": True}))
    delete(a_domain(source), "a%b", stream=False)
    delete(a_domain(source), "logs", stream=True)
    assert source.lines == ["DELETE /a%b", "DELETE /_data_stream/logs"]


def test_a_snapshot_request_names_everything_explicitly(source: FakeDomain) -> None:
    source.on(".*", ok({"accepted": True}))
    request = create_request("repo", "snap", ["a", "logs"], run="run-1", partial=False)
    a_domain(source).connection.send(request)
    (asked,) = source.requests
    assert asked.line == "PUT /_snapshot/repo/snap"
    assert asked.query == {"wait_for_completion": "false"}
    body = asked.json
    assert body["indices"] == ["a", "logs"]
    assert (body["include_global_state"], body["partial"], body["ignore_unavailable"]) == (
        False,
        False,
        False,
    )
    assert body["metadata"] == {"snapferry_run": "run-1"}


def test_a_snapshot_that_is_not_there_is_none_but_a_missing_repository_is_an_error(
    source: FakeDomain,
) -> None:
    source.on("GET .*/snap", engine_error(404, "snapshot_missing_exception", "[repo:snap] is missing"))
    assert get(a_domain(source), "repo", "snap") is None
    source.on("GET .*/snap", engine_error(404, "repository_missing_exception", "[repo] missing"))
    with pytest.raises(DomainError, match=r"\[repo\] missing"):
        get(a_domain(source), "repo", "snap")


def test_two_snapshots_for_one_name_are_not_believed(source: FakeDomain) -> None:
    source.on("GET .*", ok({"snapshots": [{"snapshot": "a"}, {"snapshot": "b"}]}))
    with pytest.raises(UnexpectedReply, match="expected one snapshot"):
        get(a_domain(source), "repo", "snap")


def test_running_snapshots_tell_their_progress(source: FakeDomain) -> None:
    entry = {
        "snapshot": "s",
        "repository": "cs-automated-enc",
        "state": "STARTED",
        "shards_stats": {"done": 3, "failed": 1, "total": 9},
        "stats": {"processed": {"size_in_bytes": 5}, "incremental": {"size_in_bytes": 50}},
    }
    source.on("GET /_snapshot/_status", ok({"snapshots": [entry]}))
    (found,) = running(a_domain(source))
    assert (found.repository, found.shards_done, found.shards_total, found.bytes_done, found.bytes_total) == (
        "cs-automated-enc",
        4,
        9,
        5,
        50,
    )


FAILED_RESTORE = {
    "decider": "restore_in_progress",
    "decision": "NO",
    "explanation": "shard has failed to be restored",
}
NO_DISK = {"decider": "disk_threshold", "decision": "NO", "explanation": "no disk left"}


@pytest.mark.parametrize(
    ("refusals", "said_of_them"),
    [
        ([NO_DISK], "n1: no disk left"),
        ([FAILED_RESTORE, NO_DISK], "n1: no disk left"),
        ([FAILED_RESTORE], "n1: shard has failed to be restored"),
    ],
)
def test_the_allocator_says_why_a_primary_is_not_started(
    target: FakeDomain, refusals: list[dict[str, str]], said_of_them: str
) -> None:
    fine = {"decider": "same_shard", "decision": "YES", "explanation": "fine"}
    decisions = [{"node_name": "n1", "deciders": [*refusals, fine]}]
    reply = {
        "can_allocate": "no",
        "allocate_explanation": "cannot allocate",
        "node_allocation_decisions": decisions,
    }
    target.on(".*", ok(reply))
    said = explain(a_domain(target, "target"), "a", 0)
    assert said.decision == "no"
    assert said.reason == f"cannot allocate; {said_of_them}"
    assert target.requests[0].method in {"GET", "HEAD"}


# who it is


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (7100299, "Elasticsearch 7.10.2"),
        (6080099, "Elasticsearch 6.8.0"),
        (5061799, "Elasticsearch 5.6.17"),
        (135248027, "OpenSearch 1.3.2"),
        (136408327, "OpenSearch 2.19.5"),
        (0x08000000 ^ 3060099, "OpenSearch 3.6.0"),
    ],
)
def test_the_version_that_created_an_index(number: int, shown: str) -> None:
    assert str(created_version(number)) == shown


def test_versions_are_in_the_order_in_which_snapshots_travel() -> None:
    order = [
        version_of("elasticsearch", "6.8.23"),
        version_of("elasticsearch", "7.1.1"),
        version_of("elasticsearch", "7.9.3"),
        version_of("elasticsearch", "7.10.2"),
        version_of("opensearch", "1.0.0"),
        version_of("opensearch", "1.3.20"),
        version_of("opensearch", "2.9.0"),
        version_of("opensearch", "2.19.4"),
        version_of("opensearch", "3.6.0"),
    ]
    assert sorted({*order}) == order
    assert all(a < b for a, b in pairwise(order))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_a_version_survives_its_id(major: int, minor: int, patch: int, masked: bool) -> None:
    number = major * 1_000_000 + minor * 10_000 + patch * 100 + 99
    engine = "opensearch" if masked else "elasticsearch"
    found = created_version(number ^ 0x08000000 if masked else number)
    assert (found.engine, found.number) == (engine, f"{major}.{minor}.{patch}")
    assert found == version_of(engine, f"{major}.{minor}.{patch}")


@pytest.mark.parametrize("number", ["", "seven", "7", ".1"])
def test_what_is_no_version(number: str) -> None:
    with pytest.raises(ValueError, match="not an engine version"):
        version_of("opensearch", number)


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (identity_reply("source"), "OpenSearch 3.6.0"),
        (identity_reply("source", "7.10.2", None), "Elasticsearch 7.10.2"),
        (identity_reply("source", "2.19.4-SNAPSHOT"), "OpenSearch 2.19.4-SNAPSHOT"),
    ],
)
def test_a_domain_says_who_it_is(source: FakeDomain, reply: Any, shown: str) -> None:
    source.on("GET /", ok(reply))
    who = identity(a_domain(source))
    assert (who.uuid, who.name, str(who.version)) == ("SourceClusterUuid", "123:source", shown)


TAGLINE = {"tagline": "The OpenSearch Project: https://opensearch.org/"}


def nodes(*versions: str) -> Reply:
    return ok({"nodes": {f"n{n}": {"version": version} for n, version in enumerate(versions)}})


@pytest.mark.parametrize("distribution", [None, "opensearch"])
def test_opensearch_in_compatibility_mode_is_opensearch(source: FakeDomain, distribution: str | None) -> None:
    source.on("GET /", ok({**identity_reply("source", "7.10.2", distribution), **TAGLINE}))
    source.on("GET /_nodes", nodes("2.19.4", "2.9.0", "2.11.1"))
    assert str(identity(a_domain(source)).version) == "OpenSearch 2.9.0"
    assert source.requests[-1].query == {"filter_path": "nodes.*.version"}


@pytest.mark.parametrize(
    "told",
    [
        ok({}),
        nodes("2.9.0", "7.10.2"),
        nodes("new"),
        ok({"nodes": {"n": {}}}),
        Reply(401, {"Message": "Your request: '/_nodes' is not allowed."}),
    ],
)
def test_opensearch_that_hides_its_version_is_never_elasticsearch(source: FakeDomain, told: Reply) -> None:
    source.on("GET /", ok({**identity_reply("source", "7.10.2", None), **TAGLINE})).on("GET /_nodes", told)
    with pytest.raises(UnexpectedReply, match=r"compatibility mode.*true version"):
        identity(a_domain(source))


def test_opensearch_that_names_itself_is_believed(source: FakeDomain) -> None:
    source.on("GET /", ok({**identity_reply("source"), **TAGLINE}))
    assert str(identity(a_domain(source)).version) == "OpenSearch 3.6.0"
    assert source.lines == ["GET /"]


@pytest.mark.parametrize(
    "reply", [{}, {"version": {}}, {"cluster_uuid": "x", "cluster_name": "y"}, {"tagline": "hi"}]
)
def test_what_is_no_domain_is_said(source: FakeDomain, reply: Any) -> None:
    source.on("GET /", ok(reply))
    with pytest.raises(UnexpectedReply, match="does not look like an OpenSearch endpoint"):
        identity(a_domain(source))
