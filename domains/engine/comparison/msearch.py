"""Run many searches in one request, on primaries and without search pipelines."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from domains.domain import Domain
from domains.errors import UnexpectedReply
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, is_object
from domains.versions import Version

SEARCHES_A_REQUEST = 500
_TIMEOUT_S = 120.0
BY_SEQ_NO: Json = {"_seq_no": {"order": "asc", "unmapped_type": "long"}}
"""Sorts by sequence number. An index that never had a mapping does not know the field and would refuse."""


def run_searches(
    domain: Domain,
    searches: Sequence[tuple[Json, Json]],
    a_request: int = SEARCHES_A_REQUEST,
    timeout_s: float = _TIMEOUT_S,
) -> Iterator[Json]:
    """Run these searches, each a header and a body, and yield the answers in order. Reads only.

    Args:
        a_request: searches a request.
        timeout_s: seconds that a request may take.

    Raises:
        UnexpectedReply: the numbers of searches and answers differ.
    """
    remaining = iter(searches)
    while piece := list(islice(remaining, a_request)):
        lines = [json.dumps(line) for search in piece for line in search]
        reply = domain.connection.read_object(
            "POST", "/_msearch", body="\n".join(lines) + "\n", timeout_s=timeout_s
        )
        answers = children(reply, "responses")
        if len(answers) != len(piece):
            raise UnexpectedReply(
                f"{domain.label}: POST /_msearch", f"{len(piece)} searches, {len(answers)} answers"
            )
        yield from answers


def header(version: Version, index: str, shard: int | None = None) -> Json:
    """Build the header of a search of an index, or of the primary of one of its shards."""
    made: Json = {"index": [index], "ignore_unavailable": False, "expand_wildcards": "all"}
    if shard is not None:
        primary = "|_primary" if has_primary_preference(version) else ""
        made["preference"] = f"_shards:{shard}{primary}"
    return made


def has_primary_preference(version: Version) -> bool:
    """Whether a search can ask for `_primary`: Elasticsearch 7 dropped it, OpenSearch 2 brought it back."""
    return version.engine == "opensearch" and version.generation >= 9


def no_pipeline(version: Version) -> dict[str, Any]:
    """An empty inline pipeline: an index's default search pipeline would filter the results."""
    has_pipelines = version.engine == "opensearch" and (version.generation, version.minor) >= (9, 9)
    return {"search_pipeline": {}} if has_pipelines else {}


def problem_of(answer: Json, *, of_one_shard: bool) -> str:
    """Say why an answer is unreliable; empty when every shard answered in full."""
    if "error" in answer:
        error: object = answer["error"]
        return quoted(f"{error.get('type')}: {error.get('reason')}" if is_object(error) else str(error))
    shards: dict[str, int] = answer["_shards"]
    if answer.get("timed_out"):
        return "the search timed out on some shard"
    if shards.get("failed") or shards["successful"] != shards["total"] or not shards["total"]:
        return f"{shards['successful']} of {shards['total']} shards answered"
    if of_one_shard and shards["total"] != 1:
        return f"asked one shard, {shards['total']} answered"
    total = child(answer, "hits", "total")
    if total and total["relation"] != "eq":
        return "the domain gave a lower bound instead of a count"
    return ""
