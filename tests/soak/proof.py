"""What must hold after a soaked cutover, read from the engines and not from Snapferry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3

from lab.description import LabDescription
from lab.engines.engine_client import EngineClient
from tests.lab.writers import Writers
from tests.soak.changes import SETTLED
from tests.soak.data import BYSTANDER, Truth, truth

_SERVING = ("number_of_replicas", "auto_expand_replicas", "refresh_interval", "number_of_shards")


def blocked(lab: LabDescription, side: str = "source") -> set[str]:
    """Indices that refuse writes, except for the one that always does."""
    with EngineClient(lab.domain(side)) as engine:
        reply = engine.call(
            "GET", "/_all/_settings", expand_wildcards="all", filter_path="*.settings.index.blocks"
        )
    of = {name: entry["settings"]["index"]["blocks"] for name, entry in reply.items()}
    return {name for name, on in of.items() if "true" in map(str, on.values())} - {SETTLED, BYSTANDER}


def wrong_copies(lab: LabDescription) -> Iterator[str]:
    """Check that every copy is closed and refuses writes, as after a seed round or a roll-back."""
    states = _states(lab)
    opened = [name for name, state in states.items() if state != "close"]
    if opened:
        yield f"OPEN COPIES: {', '.join(sorted(opened)[:3])}"
    writable = states.keys() - blocked(lab, "target") - {SETTLED}
    if writable:
        yield f"COPIES TAKE WRITES: {', '.join(sorted(writable)[:3])}"


def _states(lab: LabDescription) -> dict[str, str]:
    with EngineClient(lab.target) as engine:
        rows = engine.call("GET", "/_cat/indices", format="json", h="index,status", expand_wildcards="all")
    return {row["index"]: row["status"] for row in rows if row["index"] != BYSTANDER}


def _closed(lab: LabDescription) -> list[str]:
    return sorted(name for name, state in _states(lab).items() if state == "close")


def wrong_end(lab: LabDescription, writers: Writers | None, source_after: str) -> Iterator[str]:
    """What is wrong after a cutover that reports to be done."""
    closed = _closed(lab)
    if closed:
        yield f"CLOSED on the target: {', '.join(closed[:3])}"
        return
    source, target = truth(lab, "source"), truth(lab, "target")
    yield from _unequal(source, target)
    yield from _serving(lab, source)
    refusing, moved = blocked(lab), source.documents.keys() - {SETTLED}
    if source_after == "released" and refusing:
        yield f"LEFT BLOCKED on the source: {', '.join(sorted(refusing)[:3])}"
    if source_after == "blocked" and refusing != moved:
        yield f"NOT BLOCKED on the source: {', '.join(sorted(moved ^ refusing)[:3])}"
    if blocked(lab, "target"):
        yield f"TARGET REFUSES WRITES: {', '.join(sorted(blocked(lab, 'target'))[:3])}"
    if pauses(lab):
        yield "AUTOMATED SNAPSHOTS still paused"
    if writers:
        writers.lab = lab  # an engine that was restarted has another address
        for side in ("source", "target"):
            lost = writers.lost(side)
            if lost:
                yield f"LOST on the {side}: {len(lost)}, as {lost[0]}"


def pauses(lab: LabDescription) -> bool:
    """Whether the source's automated snapshots are paused."""
    session = boto3.Session(lab.access_key_id, lab.secret_access_key, region_name=lab.source.region)
    plane: Any = session.client("opensearch", endpoint_url=lab.control_url)
    reply = plane.describe_domain(DomainName=lab.source.name)["DomainStatus"]
    return reply["AutomatedSnapshotPauseOptions"].get("State") == "Active"


def _unequal(source: Truth, target: Truth) -> Iterator[str]:
    if source.documents.keys() != target.documents.keys():
        yield f"INDICES: {', '.join(sorted(source.documents.keys() ^ target.documents.keys())[:3])}"
    for name in sorted(source.documents.keys() & target.documents.keys()):
        ours, theirs = source.documents[name], target.documents[name]
        differing = [id for id in ours.keys() | theirs.keys() if ours.get(id) != theirs.get(id)]
        if differing:
            yield f"DOCUMENTS of {name}: {len(differing)} differ, as {min(differing)}"
        if source.aliases[name] != target.aliases[name]:
            yield f"ALIASES of {name}"
    if source.streams != target.streams:
        yield "DATA STREAMS"


def _serving(lab: LabDescription, source: Truth) -> Iterator[str]:
    """Check that replicas, refresh interval and mapping are those of the source."""
    found = [_described(lab, side) for side in ("source", "target")]
    for name in sorted(source.documents.keys() & found[1].keys()):
        for part in ("settings", "mappings"):
            if found[0][name][part] != found[1][name][part]:
                yield f"{part.upper()} of {name}: {found[0][name][part]} became {found[1][name][part]}"


def _described(lab: LabDescription, side: str) -> dict[str, dict[str, Any]]:
    with EngineClient(lab.domain(side)) as engine:
        reply = engine.call("GET", "/_all", expand_wildcards="all")
    return {
        name: {
            "settings": {
                key: entry["settings"]["index"].get(key, "false" if key == "auto_expand_replicas" else None)
                for key in _SERVING
            },
            "mappings": entry["mappings"],
        }
        for name, entry in reply.items()
    }
