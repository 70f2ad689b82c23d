"""List a shard's documents by sequence number, and look up the current number of single documents."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.comparison.msearch import BY_SEQ_NO, header, no_pipeline, problem_of, run_searches
from domains.errors import UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, is_object, text, text_or_none, whole
from domains.http.requests import path_of
from domains.versions import Version

_TIMEOUT_S = 120.0
_WINDOW = "index.max_result_window"
_USUAL_WINDOW = 10_000
_DOCUMENTS_A_REPLY = 10_000
_LOOKUPS_A_REQUEST = 1_000


@dataclass(frozen=True)
class Key:
    """The key of a document within one index."""

    id: str
    routing: str | None = None


@dataclass(frozen=True)
class SeqNoRange:
    """The documents of a shard with sequence numbers from `low` up to, but not including, `high`.

    Args:
        page: documents a request; at most what the index allows (`page_sizes`).
    """

    index: str
    shard: int
    low: int
    high: int
    page: int


@documented
def page_sizes(domain: Domain, names: Collection[str]) -> dict[str, int]:
    """Read how many documents one search of each index may return. One request for many; reads only."""
    found = dict.fromkeys(names, _USUAL_WINDOW)
    for piece in path_pieces(names):
        path = path_of(",".join(piece), "_settings", _WINDOW)
        reply = domain.connection.read_object("GET", path, ignore_unavailable="true", flat_settings="true")
        for name, entry in reply.items():
            found[name] = whole(child(entry, "settings").get(_WINDOW, _USUAL_WINDOW))
    return found


@documented
def list_documents(domain: Domain, version: Version, ranges: Sequence[SeqNoRange]) -> list[dict[Key, int]]:
    """List all live documents in each range, with their numbers, page by page. Reads only.

    Refresh first: searches lag behind.

    Raises:
        UnexpectedReply: a shard did not answer in full.
    """
    found: list[dict[Key, int]] = [{} for _ in ranges]
    after = [within.low for within in ranges]
    open_ones = list(range(len(ranges)))
    while open_ones:
        at_once = max(1, _DOCUMENTS_A_REPLY // max(ranges[n].page for n in open_ones))
        searches = [_page(version, ranges[n], after[n]) for n in open_ones]
        full: list[int] = []
        for n, answer in zip(open_ones, run_searches(domain, searches, at_once), strict=True):
            hits = _hits(domain, ranges[n], answer)
            found[n].update(hits)
            if len(hits) == ranges[n].page:
                after[n] = max(hits.values()) + 1
                full.append(n)
        open_ones = full
    return found


def _page(version: Version, within: SeqNoRange, low: int) -> tuple[Json, Json]:
    """Build one page's search. Numbers are unique within a shard, so a page starts above the last one's."""
    body: dict[str, Any] = {
        "size": within.page,
        "_source": False,
        "stored_fields": ["_routing"],
        "docvalue_fields": ["_seq_no"],
        "query": {"range": {"_seq_no": {"gte": low, "lt": within.high}}},
        "sort": [BY_SEQ_NO],
        "track_total_hits": False,
    }
    return header(version, within.index, within.shard), body | no_pipeline(version)


def _hits(domain: Domain, within: SeqNoRange, answer: Json) -> dict[Key, int]:
    problem = problem_of(answer, of_one_shard=True)
    if problem:
        raise UnexpectedReply(f"{domain.label}: documents of {within.index}, shard {within.shard}", problem)
    return {
        Key(text(hit["_id"]), text_or_none(hit.get("_routing"))): whole(hit["fields"]["_seq_no"][0])
        for hit in answer["hits"]["hits"]
    }


@documented
def last_seq_nos(domain: Domain, wanted: Sequence[tuple[str, Key]]) -> list[int | None]:
    """Look up the number of each document's last operation; None where the document does not exist.

    Sees recent writes without a refresh. Reads only.

    Args:
        wanted: an index and a key for each document.

    Raises:
        UnexpectedReply: a document could not be looked up.
    """
    return list(_last_seq_nos(domain, wanted))


def _last_seq_nos(domain: Domain, wanted: Sequence[tuple[str, Key]]) -> Iterator[int | None]:
    remaining = iter(wanted)
    while piece := list(islice(remaining, _LOOKUPS_A_REQUEST)):
        body = {"docs": [_lookup(index, key) for index, key in piece]}
        reply = domain.connection.read_object("POST", "/_mget", body=body, timeout_s=_TIMEOUT_S)
        answers = children(reply, "docs")
        if len(answers) != len(piece):
            raise UnexpectedReply(
                f"{domain.label}: POST /_mget", f"{len(piece)} documents, {len(answers)} answers"
            )
        for (index, key), answer in zip(piece, answers, strict=True):
            if "error" in answer or answer["_id"] != key.id:
                raise UnexpectedReply(f"{domain.label}: POST /_mget of {index}", _said(answer))
            yield whole(answer["_seq_no"]) if answer["found"] else None


def _lookup(index: str, key: Key) -> Json:
    asked: Json = {"_index": index, "_id": key.id, "_source": False}
    return asked if key.routing is None else {**asked, "routing": key.routing}


def _said(answer: Json) -> str:
    error: object = answer.get("error")
    if is_object(error):
        return quoted(f"{error.get('type')}: {error.get('reason')}")
    return f"the answer is about {answer['_id']!r}, not about the requested document"
