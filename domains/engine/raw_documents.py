"""Read documents with the exact text of their `_source`: a shard's by number, or single ones by key."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from domains.domain import Domain
from domains.engine.comparison.msearch import (
    BY_SEQ_NO,
    has_primary_preference,
    header,
    no_pipeline,
    problem_of,
)
from domains.errors import UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import TRANSIENT_TYPES, quoted
from domains.http.json_replies import Json, is_object, text, text_or_none, whole
from domains.http.raw_json import raw_documents
from domains.http.requests import path_of
from domains.versions import Version

_TIMEOUT_S = 120.0
_LOOKUPS_A_REQUEST = 1_000
LONGEST = 48 * 1024 * 1024
"""Bytes of a reply with documents, at most."""
OVERFLOWN = -1
"""The version of a document whose version has overflown: engines do not tell it, and refuse it in a write."""
Key = tuple[str, str | None]
"""The key of a document in an index: its id and its custom routing."""


@dataclass(frozen=True)
class RawDocument:
    """One live top-level document.

    Args:
        version: its `_version`, as of its last operation.
        seq_no, primary_term: of its last operation.
        source: the exact text of its `_source`; empty where it was not asked for.
    """

    id: str
    routing: str | None
    version: int
    seq_no: int
    primary_term: int
    source: str = ""

    @property
    def key(self) -> Key:
        """Its key in the index."""
        return self.id, self.routing

    @property
    def digest(self) -> bytes:
        """A digest of the exact text of its source."""
        return digest_of(self.source)


def digest_of(source: str) -> bytes:
    """A digest of the exact text of a `_source`."""
    return hashlib.blake2b(source.encode(), digest_size=16).digest()


@documented
def page_above(
    domain: Domain, version: Version, index: str, shard: int, above: int, *, size: int, longest: int = LONGEST
) -> list[RawDocument]:
    """Read a shard's first live documents whose sequence numbers are above this one, in order. Reads only.

    Refresh first: searches lag behind. The primary answers, through no search pipeline.

    Args:
        size: the most documents; at most what the index allows (`page_sizes`).
        longest: the most bytes of the reply.

    Raises:
        ReplyTooLong: the documents have more bytes.
        UnexpectedReply: the shard did not answer in full, or a document came without its source.
    """
    query: Json = {"query": {"range": {"_seq_no": {"gt": above}}}, "track_total_hits": False}
    reply = _searched(domain, version, index, shard, {"size": size, **query}, longest)
    return [_document(hit) for hit in reply["hits"]["hits"]]


def _searched(domain: Domain, version: Version, index: str, shard: int, asked: Json, longest: int) -> Json:
    """Search one shard for documents, in the order of their numbers; it must answer in full."""
    body = {
        "version": True,
        "seq_no_primary_term": True,
        "sort": [BY_SEQ_NO],
        **asked,
        **no_pipeline(version),
    }
    reply = domain.connection.read_as(
        "POST",
        path_of(index, "_search"),
        raw_documents(("hits", "hits"), longest),
        body=body,
        timeout_s=_TIMEOUT_S,
        preference=header(version, index, shard)["preference"],
        expand_wildcards="all",
        allow_partial_search_results="false",
    )
    problem = problem_of(reply, of_one_shard=True)
    if problem or reply["timed_out"] is not False:
        raise UnexpectedReply(f"{domain.label}: documents of {index}, shard {shard}", problem or "timed out")
    return reply


@dataclass(frozen=True)
class Numbers:
    """Sequence numbers of a shard: single ones, and ranges without their upper ends."""

    single: tuple[int, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def query(self) -> Json:
        """The query for the documents with these numbers."""
        within: list[Json] = [{"range": {"_seq_no": {"gte": low, "lt": high}}} for low, high in self.spans]
        single: list[Json] = [{"terms": {"_seq_no": list(self.single)}}] if self.single else []
        return {"bool": {"filter": [{"bool": {"should": [*within, *single], "minimum_should_match": 1}}]}}


@documented
def numbered(
    domain: Domain, version: Version, index: str, shard: int, numbers: Numbers, size: int
) -> list[RawDocument]:
    """Read a shard's live documents with these sequence numbers, without their sources. Reads only.

    Refresh first: searches lag behind.

    Args:
        size: the most documents.

    Raises:
        UnexpectedReply: the shard did not answer in full, or has more documents.
    """
    without_source: Json = {"_source": False, "stored_fields": ["_routing"], "track_total_hits": True}
    asked = {"size": size, "query": numbers.query, **without_source}
    reply = _searched(domain, version, index, shard, asked, LONGEST)
    if reply["hits"]["total"]["value"] > size:
        raise UnexpectedReply(f"{domain.label}: documents of {index}, shard {shard}", "more than asked for")
    return [_document(hit | {"_source": ""}) for hit in reply["hits"]["hits"]]


def _document(hit: Json) -> RawDocument:
    return RawDocument(
        id=text(hit["_id"]),
        routing=text_or_none(hit.get("_routing")),
        version=whole(hit.get("_version", OVERFLOWN)),  # an engine leaves out a version that has overflown
        seq_no=whole(hit["_seq_no"]),
        primary_term=whole(hit["_primary_term"]),
        source=hit["_source"],
    )


@documented
def look_up(
    domain: Domain, version: Version, index: str, keys: Iterable[Key], *, sources: bool = False
) -> dict[Key, RawDocument]:
    """Read those of these documents that the index has now, refreshed or not. Reads only.

    Args:
        sources: whether to read their sources, too.

    Raises:
        ReplyTooLong: a thousand of them have too many bytes.
        UnexpectedReply: one of them could not be looked up.
    """
    found: dict[Key, RawDocument] = {}
    remaining = iter(keys)
    while piece := list(islice(remaining, _LOOKUPS_A_REQUEST)):
        found |= _looked_up(domain, version, index, piece, sources)
    return found


def _looked_up(
    domain: Domain, version: Version, index: str, keys: Sequence[Key], sources: bool
) -> dict[Key, RawDocument]:
    wanted = [{"_id": key, **({"routing": routing} if routing is not None else {})} for key, routing in keys]
    query = {"preference": "_primary"} if has_primary_preference(version) else {}
    if not sources:
        query["stored_fields"] = "_routing"  # without a source, an engine tells it only when asked
    reply = domain.connection.read_as(
        "POST",
        path_of(index, "_mget"),
        raw_documents(("docs",), LONGEST),
        body={"docs": wanted},
        timeout_s=_TIMEOUT_S,
        _source=str(sources).lower(),
        **query,
    )
    answers: list[Json] = reply["docs"]
    if len(answers) != len(keys):
        said = f"{len(keys)} documents asked for, {len(answers)} answers"
        raise UnexpectedReply(f"{domain.label}: POST /_mget of {index}", said)
    return dict(_present(domain, index, keys, answers))


def _present(
    domain: Domain, index: str, keys: Sequence[Key], answers: Sequence[Json]
) -> Iterator[tuple[Key, RawDocument]]:
    for key, answer in zip(keys, answers, strict=True):
        if "error" in answer or answer["_id"] != key[0]:
            asked = f"{domain.label}: POST /_mget of {index}"
            raise UnexpectedReply(asked, _said(answer), transient=_passes(answer))
        # with several shards, a lookup by routing finds any document of the shard that the routing leads to
        if answer["found"] is True and answer.get("_routing") == key[1]:
            yield key, _document({"_source": "", **answer})


def _passes(answer: Json) -> bool:
    """Whether the same lookup may succeed a little later, as while a primary moves."""
    error: object = answer.get("error")
    return is_object(error) and error.get("type") in TRANSIENT_TYPES


def _said(answer: Json) -> str:
    error: object = answer.get("error")
    if is_object(error):
        return quoted(f"{error.get('type')}: {error.get('reason')}")
    return "the answer is not about the requested document"
