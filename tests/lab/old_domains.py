"""Domains as an old run has left them: the same acts and requests once more, and the values they have now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
from migrations import WAIT_S, engine
from requests_aws4auth import AWS4Auth
from support.old_state import OldState

from lab.description import LabDescription

REPOSITORY = "move"
ONE = {"number_of_replicas": 0, "number_of_shards": 1}
_STREAM = {"index_patterns": ["logs*"], "data_stream": {}, "template": {"settings": ONE}}


def fill(lab: LabDescription) -> None:
    """Two indices, one of them under an alias, and a data stream, on an empty source."""
    not_all = {"all": {"filter": {"range": {"n": {"gt": 0}}}}}
    orders = {"settings": {**ONE, "number_of_shards": 2}, "aliases": not_all}
    engine(lab, "source", "PUT", "/orders", orders)
    engine(lab, "source", "PUT", "/customers", {"settings": ONE})
    engine(lab, "source", "PUT", "/_index_template/logs", _STREAM)
    for name, count in (("orders", 40), ("customers", 10), ("logs", 5)):
        _add(lab, name, range(count))


def grow(lab: LabDescription) -> None:
    """A few operations on one index of the source, and one index more."""
    _add(lab, "orders", range(40, 46))
    engine(lab, "source", "DELETE", "/orders/_doc/7?refresh=true")
    engine(lab, "source", "PUT", "/late", {"settings": ONE})
    _add(lab, "late", range(3))


def grow_again(lab: LabDescription) -> None:
    """A few operations more."""
    _add(lab, "customers", range(10, 14))


ACTS: dict[str, Callable[[LabDescription], None]] = {"fill": fill, "grow": grow, "grow again": grow_again}


def _add(lab: LabDescription, name: str, numbers: range) -> None:
    """Documents with ids, so that each is on the same shard whenever this is done."""
    lines: list[Any] = []
    for number in numbers:
        document = {"@timestamp": "2026-11-24T00:00:00Z", "n": number, "text": f"number {number}"}
        lines += [{"create": {"_id": str(number)}}, document]
    domain = lab.domain("source")
    reply = requests.post(
        f"{domain.engine_url}/{name}/_bulk?refresh=true",
        data="\n".join(map(json.dumps, lines)) + "\n",
        headers={"content-type": "application/x-ndjson", **domain.operator},
        timeout=60,
    )
    assert reply.ok and not reply.json()["errors"], reply.text[:500]


def rebuild(lab: LabDescription, old: OldState) -> dict[str, str]:
    """Does to an empty lab what was done to the domains of the fixture; returns its values now."""
    for each in old.requests:
        if "act" in each:
            ACTS[each["act"]](lab)
        else:
            _send(lab, each)
    return values_of(lab)


def _send(lab: LabDescription, each: dict[str, Any]) -> None:
    """One request as the run had sent it, through the front door, and its work waited for."""
    domain = lab.domain(each["side"])
    reply = requests.request(
        each["method"],
        domain.endpoint + each["path"],
        data=each["body"].encode(),
        headers={"content-type": "application/json"},
        auth=AWS4Auth(lab.access_key_id, lab.secret_access_key, domain.region, "es"),
        verify=lab.ca_bundle or True,
        timeout=60,
    )
    assert reply.status_code == each["status"], f"{each['method']} {each['path']}: {reply.text}"
    _wait(lambda: _is_still(lab))


def _wait(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.05)


def _is_still(lab: LabDescription) -> bool:
    """Whether no snapshot is being taken, and every primary on the target is started."""
    if engine(lab, "source", "GET", "/_snapshot/_status")["snapshots"]:
        return False
    rows = engine(lab, "target", "GET", "/_cat/shards?format=json&h=prirep,state")
    return all(row["state"] == "STARTED" for row in rows if row["prirep"] == "p")


def values_of(lab: LabDescription) -> dict[str, str]:
    """What differs from lab to lab, by the names of the places in a fixture."""
    found: dict[str, str] = {}
    for side in ("source", "target"):
        found[f"{side}.endpoint"] = lab.domain(side).endpoint
        found[f"{side}.engine"] = lab.domain(side).engine_url
        found[f"{side}.cluster_uuid"] = engine(lab, side, "GET", "/")["cluster_uuid"]
        found |= dict(_indices(lab, side))
    return found | dict(_snapshots(lab))


def _indices(lab: LabDescription, side: str) -> Iterator[tuple[str, str]]:
    settings = engine(lab, side, "GET", "/_all/_settings?expand_wildcards=all&flat_settings=true")
    for name, entry in settings.items():
        yield f"{side}.index.{name}.uuid", entry["settings"]["index.uuid"]
    if side == "target":
        return
    stats = engine(lab, side, "GET", "/_all/_stats/docs?level=shards&expand_wildcards=all")
    for name, entry in stats["indices"].items():
        for number, (copy, *_) in entry["shards"].items():
            yield f"{side}.index.{name}.{number}.history", copy["commit"]["user_data"]["history_uuid"]


def _snapshots(lab: LabDescription) -> Iterator[tuple[str, str]]:
    if REPOSITORY in engine(lab, "source", "GET", "/_snapshot"):
        for each in engine(lab, "source", "GET", f"/_snapshot/{REPOSITORY}/_all")["snapshots"]:
            yield f"snapshot.{each['snapshot']}.uuid", each["uuid"]
