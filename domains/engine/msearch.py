"""Searches that read figures and documents: many in one request, from primaries, without search pipelines."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from domains.domain import Domain
from domains.errors import UnexpectedReply
from domains.http.json_replies import Json, child, children, is_object
from domains.versions import Version

SEARCHES_A_REQUEST = 500
_TIMEOUT_S = 120.0


def run_searches(
    domain: Domain, searches: Sequence[tuple[Json, Json]], a_request: int = SEARCHES_A_REQUEST
) -> Iterator[Json]:
    """The answers to these searches, each a header and a body, in their order. Reads only.

    Args:
        a_request: how many searches go into one request.

    Raises:
        UnexpectedReply: another number of answers than of searches.
    """
    remaining = iter(searches)
    while piece := list(islice(remaining, a_request)):
        lines = [json.dumps(line) for search in piece for line in search]
        reply = domain.connection.read_object(
            "POST", "/_msearch", body="\n".join(lines) + "\n", timeout_s=_TIMEOUT_S
        )
        answers = children(reply, "responses")
        if len(answers) != len(piece):
            raise UnexpectedReply(
                f"{domain.side}: POST /_msearch", f"{len(piece)} searches, {len(answers)} answers"
            )
        yield from answers


def header(version: Version, index: str, shard: int | None = None) -> Json:
    """The header of one search: of an index, or of one of its shards, there by its primary."""
    made: Json = {"index": [index], "ignore_unavailable": False, "expand_wildcards": "all"}
    if shard is not None:
        primary = "|_primary" if has_primary_preference(version) else ""
        made["preference"] = f"_shards:{shard}{primary}"
    return made


def has_primary_preference(version: Version) -> bool:
    """Elasticsearch 7 dropped `_primary`; OpenSearch brought it back with segment replication (2.x)."""
    return version.engine == "opensearch" and version.generation >= 9


def no_pipeline(version: Version) -> dict[str, Any]:
    """An empty pipeline, given inline: an index's default search pipeline would filter what is read."""
    has_pipelines = version.engine == "opensearch" and (version.generation, version.minor) >= (9, 9)
    return {"search_pipeline": {}} if has_pipelines else {}


def problem_of(answer: Json, *, of_one_shard: bool) -> str:
    """Why an answer cannot be relied on; empty when all that were asked have answered in full."""
    if "error" in answer:
        error: object = answer["error"]
        return f"{error.get('type')}: {error.get('reason')}" if is_object(error) else str(error)
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
