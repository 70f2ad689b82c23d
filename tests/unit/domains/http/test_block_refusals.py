"""Blocks, told apart from missing rights by the engines' own words.

The replies are those that Elasticsearch 7.10.2 and OpenSearch 2.19.4 gave; where a line names neither, both
gave the same.
"""

import json

import pytest

from domains.errors import Blocked, Denied, Refused
from domains.http.block_refusals import blocks_in
from domains.http.error_bodies import error_for

CLUSTER = "cluster_block_exception"
FLOOD = "disk usage exceeded flood-stage watermark, index has read-only-allow-delete block"

READ_ONLY_A = "index [a] blocked by: [FORBIDDEN/5/index read-only (api)];"

# request → status, type, reason; the blocks it names, and what must stand in the hint
REPLIES: dict[str, tuple[int, str, str, tuple[tuple[str, str], ...], str]] = {
    "GET /_cat/indices, /_all/_settings, /_all/_alias, /_all, /_all/_stats, /a/_recovery": (
        403, CLUSTER, "index [a] blocked by: [FORBIDDEN/9/index metadata (api)];",
        (("a", "index.blocks.metadata"),), 'PUT /a/_settings {"index.blocks.metadata": null}',
    ),
    "POST /a/_close, DELETE /a, PUT /a/_settings, POST /_aliases": (
        403, CLUSTER, "index [a] blocked by: [FORBIDDEN/5/index read-only (api)];",
        (("a", "index.blocks.read_only"),), 'PUT /a/_settings {"index.blocks.read_only": null}',
    ),
    "GET /a/_count": (
        403, CLUSTER, "index [a] blocked by: [FORBIDDEN/7/index read (api)];",
        (("a", "index.blocks.read"),), 'PUT /a/_settings {"index.blocks.read": null}',
    ),
    "PUT /a/_doc/1": (
        403, CLUSTER, "index [a] blocked by: [FORBIDDEN/8/index write (api)];",
        (("a", "index.blocks.write"),), 'PUT /a/_settings {"index.blocks.write": null}',
    ),
    "POST /a/_close with a full disk": (
        429, CLUSTER, f"index [a] blocked by: [TOO_MANY_REQUESTS/12/{FLOOD}];",
        (("a", "index.blocks.read_only_allow_delete"),), "the engine sets it when a disk is full",
    ),
    "PUT /_snapshot/r, GET /_data_stream (OpenSearch)": (
        403, CLUSTER, "blocked by: [FORBIDDEN/6/cluster read-only (api)];",
        (("", "cluster.blocks.read_only"),),
        'PUT /_cluster/settings {"persistent": {"cluster.blocks.read_only": null}}',
    ),
    "PUT /new": (
        403, CLUSTER, "index [new] blocked by: [FORBIDDEN/6/cluster read-only (api)];",
        (("", "cluster.blocks.read_only"),), "all of the domain is blocked by cluster.blocks.read_only",
    ),
    "PUT /_snapshot/r, with allow-delete": (
        403, CLUSTER, "blocked by: [FORBIDDEN/13/cluster read-only / allow delete (api)];",
        (("", "cluster.blocks.read_only_allow_delete"),), "disk space or memory is short",
    ),
    "PUT /new (OpenSearch; 7.10.2 has no such block)": (
        403, "index_create_block_exception", "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];",
        (("", "cluster.blocks.create_index"),), '"cluster.blocks.create_index": null',
    ),
    "PUT /a/_settings with two blocks": (
        403, CLUSTER,
        "index [a] blocked by: [FORBIDDEN/5/index read-only (api)];[FORBIDDEN/9/index metadata (api)];",
        (("a", "index.blocks.read_only"), ("a", "index.blocks.metadata")), "index.blocks.metadata",
    ),
    "DELETE /a,b": (
        403, CLUSTER,
        READ_ONLY_A + "index [b] blocked by: [FORBIDDEN/9/index metadata (api)];",
        (("a", "index.blocks.read_only"), ("b", "index.blocks.metadata")), "PUT /b/_settings",
    ),
}  # fmt: skip


def refused(status: int, kind: str, reason: str) -> Refused:
    body = {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}}
    return error_for("target: PUT /x", status, json.dumps({**body, "status": status}), None)


@pytest.mark.parametrize("asked", REPLIES)
def test_a_block_is_named_with_what_takes_it_off_and_is_no_missing_right(asked: str) -> None:
    status, kind, reason, blocks, hint = REPLIES[asked]
    error = refused(status, kind, reason)
    assert isinstance(error, Blocked) and not isinstance(error, Denied)
    assert tuple((block.index, block.setting) for block in blocks_in(error.reply.text)) == blocks
    assert hint in error.hint
    assert "access" not in error.hint and "rights" not in error.hint
    assert error.transient is (status == 429)


def test_blocks_that_no_setting_makes_are_told_by_their_words() -> None:
    said = "index [a] blocked by: [FORBIDDEN/1000/index read-only(cross-cluster-replication)];"
    assert "POST /_plugins/_replication/a/_stop" in refused(403, CLUSTER, said).hint
    assert "POST /a/_open" in refused(403, CLUSTER, "index [a] blocked by: [FORBIDDEN/4/index closed];").hint
    starting = refused(503, CLUSTER, "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];")
    assert starting.transient and "state not recovered" in starting.hint


def test_many_blocks_are_counted() -> None:
    said = "".join(f"index [i{n}] blocked by: [FORBIDDEN/5/index read-only (api)];" for n in range(7))
    assert refused(403, CLUSTER, said).hint.endswith("; and 4 more")


def test_a_missing_right_stays_one() -> None:
    error = refused(403, "security_exception", "no permissions for [indices:admin/close] and User [name=x]")
    assert isinstance(error, Denied) and "map it there" in error.hint
