"""The rival: read every document by scroll and write it by bulk requests, with opensearch-py's helpers.

It copies documents, their routing, mappings and analysis; no aliases, data streams or sequence numbers, and
it compares nothing afterwards. It talks to the engines directly, bypassing the lab's front doors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from opensearchpy import OpenSearch, helpers

_KEPT = ("number_of_shards", "analysis")
_WRITERS = 4
_BULK = 2000


def copy(source_url: str, target_url: str, indices: Sequence[str]) -> int:
    """Copy these indices and return how many documents were written."""
    with (
        OpenSearch(source_url, timeout=120, pool_maxsize=_WRITERS) as source,
        OpenSearch(target_url, timeout=120, pool_maxsize=_WRITERS) as target,
    ):
        written = 0
        for name in indices:
            _create(source, target, name)
            results = helpers.parallel_bulk(
                target, _actions(source, name), thread_count=_WRITERS, chunk_size=_BULK
            )
            written += sum(1 for done, _ in results if done)
        target.indices.refresh(index=",".join(indices))
        return written


def _create(source: OpenSearch, target: OpenSearch, name: str) -> None:
    found: dict[str, Any] = source.indices.get(index=name)[name]
    settings = {key: found["settings"]["index"][key] for key in _KEPT if key in found["settings"]["index"]}
    body = {"settings": {"index": {**settings, "number_of_replicas": 0}}, "mappings": found["mappings"]}
    target.indices.create(index=name, body=body)


def _actions(source: OpenSearch, name: str) -> Iterator[dict[str, Any]]:
    for hit in helpers.scan(source, index=name, size=_BULK, preserve_order=False):
        action = {"_op_type": "index", "_index": name, "_id": hit["_id"], "_source": hit["_source"]}
        yield action | ({"routing": hit["_routing"]} if "_routing" in hit else {})
