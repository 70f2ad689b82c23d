"""Digest the `_source` of documents: page by page through a shard's operations, or one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.engine.comparison.msearch import (
    BY_SEQ_NO,
    has_primary_preference,
    header,
    no_pipeline,
    problem_of,
    run_searches,
)
from domains.errors import UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, text, text_or_none, whole
from domains.http.parsing import digest, members, number, parse_lossless
from domains.http.requests import path_of
from domains.versions import Version

_TIMEOUT_S = 120.0
_ENVELOPE = 1_000_000  # bytes of a reply beside its documents, at most
Key = tuple[str, str | None]
"""The key of a document in an index: its id and its custom routing."""


@dataclass(frozen=True)
class DocumentDigest:
    """The digest of one live top-level document.

    Args:
        key: its id and routing.
        seq_no: number of the operation that wrote it.
        digest: of its `_source`; differs wherever the JSON differs.
    """

    key: Key
    seq_no: int
    digest: bytes


@dataclass(frozen=True)
class Page:
    """Some documents, and the size of the reply with them, in characters."""

    documents: tuple[DocumentDigest, ...]
    size: int


@documented
def page(
    domain: Domain,
    version: Version,
    index: str,
    shard: int,
    *,
    within: Sequence[tuple[int, int | None]],
    size: int,
    longest: int,
) -> Page:
    """Read a shard's first documents with sequence numbers in these ranges, in order. Reads only.

    Args:
        within: ranges of numbers, both ends included; None for no upper end.
        size: the most documents.
        longest: the most bytes of all documents together.

    Raises:
        ReplyTooLong: the documents have more bytes.
        UnexpectedReply: the shard did not answer in full, or a document came without its source.
    """
    body = {
        "size": size,
        "query": {"bool": {"filter": [{"bool": {"should": [_range(*each) for each in within]}}]}},
        "sort": [BY_SEQ_NO],
        "track_total_hits": False,
        **no_pipeline(version),
    }
    replied = domain.connection.read_text(
        "POST",
        path_of(index, "_search"),
        longest=longest + _ENVELOPE,
        body=body,
        timeout_s=_TIMEOUT_S,
        preference=header(version, index, shard)["preference"],
        expand_wildcards="all",
        allow_partial_search_results="false",
    )
    length = len(replied)
    reply = members(parse_lossless(replied))
    del replied  # it may have a hundred megabytes, and the digest takes as many
    shards = members(reply["_shards"])
    answered = number(shards["total"]), number(shards["successful"])
    if reply["timed_out"] is not False or answered != (1, 1):
        raise UnexpectedReply(f"{domain.label}: {index}", f"shard {shard} did not answer in full")
    hits = members(reply["hits"])["hits"]
    return Page(tuple(_hit(members(hit)) for hit in hits), length)


def _range(first: int, last: int | None) -> Json:
    return {"range": {"_seq_no": {"gte": first} if last is None else {"gte": first, "lte": last}}}


def _hit(hit: dict[str, Any]) -> DocumentDigest:
    key = text(hit["_id"]), text_or_none(hit.get("_routing"))
    return DocumentDigest(key, number(hit["sort"][0]), digest(hit["_source"]))


@documented
def look_up(
    domain: Domain, version: Version, index: str, keys: Sequence[Key], *, longest: int
) -> dict[Key, DocumentDigest]:
    """Read those of these documents that the index has, as searches see them. Reads only.

    Raises:
        ReplyTooLong: together they have more bytes than `longest`.
        UnexpectedReply: one of them could not be looked up.
    """
    wanted = [{"_id": key, **({"routing": routing} if routing is not None else {})} for key, routing in keys]
    preference = {"preference": "_primary"} if has_primary_preference(version) else {}
    replied = domain.connection.read_text(
        "POST",
        path_of(index, "_mget"),
        longest=longest + _ENVELOPE,
        body={"docs": wanted},
        timeout_s=_TIMEOUT_S,
        realtime="false",
        **preference,
    )
    answers = members(parse_lossless(replied))["docs"]
    if len(answers) != len(keys):
        raise UnexpectedReply(f"{domain.label}: {index}", f"{len(keys)} asked for, {len(answers)} answers")
    return dict(_found(domain, index, keys, map(members, answers)))


def _found(
    domain: Domain, index: str, keys: Sequence[Key], answers: Iterable[dict[str, Any]]
) -> Iterable[tuple[Key, DocumentDigest]]:
    for key, answer in zip(keys, answers, strict=True):
        if "found" not in answer:
            why = members(answer["error"])
            said = f"document {key[0]}: " + quoted(f"{why.get('type')}: {why.get('reason')}")
            raise UnexpectedReply(f"{domain.label}: {index}", said)
        # with several shards, a lookup by routing finds any document of the shard that the routing leads to
        if answer["found"] is True and answer.get("_routing") == key[1]:
            yield key, DocumentDigest(key, number(answer["_seq_no"]), digest(answer["_source"]))


@documented
def highest_seq_nos(domain: Domain, version: Version, shards: Sequence[tuple[str, int]]) -> list[int]:
    """Read the highest sequence number of a live document in each shard; -1 for an empty shard.

    Reads only; some hundreds of shards take one request.

    Args:
        shards: an index and a shard number each.

    Raises:
        UnexpectedReply: a shard did not answer in full.
    """
    body: Json = {"size": 0, "aggs": {"last": {"max": {"field": "_seq_no"}}}, **no_pipeline(version)}
    answers = run_searches(domain, [(header(version, index, shard), body) for index, shard in shards])
    return [_last(domain, *asked, answer) for asked, answer in zip(shards, answers, strict=True)]


def _last(domain: Domain, index: str, shard: int, answer: Json) -> int:
    problem = problem_of(answer | {"hits": {}}, of_one_shard=True)  # the count does not matter here
    if problem:
        raise UnexpectedReply(f"{domain.label}: {index}", f"shard {shard}: {problem}")
    value = answer["aggregations"]["last"]["value"]
    return -1 if value is None else whole(value)
