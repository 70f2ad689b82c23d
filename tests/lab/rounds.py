"""Seed rounds and cutovers at the lab: changes on the source, and what the engines and journals say then."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import requests
from migrations import Desk, Ended, engine, log

from lab.description import LabDescription

CUTOVER = {"green": "1s", "delta": "restore"}
"""By a restore; the tail has tests of its own. One node has no place for replicas: nobody waits for them."""


def append(lab: LabDescription, index: str, count: int, start: int = 0, *, side: str = "source") -> None:
    """New documents, at once visible."""
    lines = [
        line
        for number in range(start, start + count)
        for line in (
            {"create": {}},
            {"@timestamp": "2026-11-24T00:00:00Z", "n": number, "text": f"appended {number}"},
        )
    ]
    domain = lab.domain(side)
    reply = requests.post(
        f"{domain.engine_url}/{quote(index, safe='')}/_bulk?refresh=true",
        data="\n".join(map(json.dumps, lines)) + "\n",
        headers={"content-type": "application/x-ndjson", **domain.operator},
        timeout=60,
    )
    assert reply.ok and not reply.json()["errors"], reply.text[:500]


def seeded(desk: Desk) -> dict[str, Any]:
    """One seed round that comes to its end; its journal."""
    ended = desk.run("seed", "--execute")
    assert ended.code == 0, str(ended)
    return desk.journal()


def cut_over(desk: Desk, *options: str) -> Ended:
    """A cutover, with the consent that it needs."""
    return desk.run("cutover", "--execute", "--allow-freeze", *options)


def record(journal: dict[str, Any], step: str) -> dict[str, Any]:
    """What a step has kept."""
    return journal["steps"][step]["record"]


def kinds(journal: dict[str, Any]) -> dict[str, str]:
    """What became of each index since the last round, the unchanged ones left out."""
    changes = record(journal, "compare")["changes"]
    return {change["name"]: change["kind"] for change in changes if change["kind"] != "unchanged"}


def increment(desk: Desk, journal: dict[str, Any]) -> int:
    """Bytes that the round's snapshot has added to the repository, as the engine tells."""
    taken = record(journal, "snapshot")
    path = f"/_snapshot/{taken['repository']}/{taken['name']}/_status"
    found = engine(desk.lab, "source", "GET", path)["snapshots"][0]
    return found["stats"]["incremental"]["size_in_bytes"]


def copies(lab: LabDescription) -> dict[str, str]:
    """Every index on the target: open or close."""
    rows = engine(lab, "target", "GET", "/_cat/indices?format=json&expand_wildcards=all&h=index,status")
    return {row["index"]: row["status"] for row in rows if not row["index"].startswith(".opendistro")}


def blocked(lab: LabDescription, side: str = "source") -> set[str]:
    """Indices of a side that refuse writes."""
    found = engine(lab, side, "GET", "/_all/_settings?flat_settings=true&expand_wildcards=all")
    return {n for n, e in found.items() if e["settings"].get("index.blocks.write") == "true"}


def write(lab: LabDescription, index: str, side: str = "source") -> int:
    """The HTTP status of one more document."""
    domain = lab.domain(side)
    body = {"@timestamp": "2026-11-24T00:00:00Z", "n": 1}
    return requests.post(
        f"{domain.engine_url}/{quote(index, safe='')}/_doc", json=body, headers=domain.operator, timeout=60
    ).status_code


@contextmanager
def coming_and_going(lab: LabDescription, index: str) -> Iterator[None]:
    """An index of the source that is made and deleted all the time."""
    domain, ended = lab.domain("source"), threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for method in ("PUT", "DELETE"):  # a snapshot that is running refuses the second
                requests.request(method, f"{domain.engine_url}/{index}", headers=domain.operator, timeout=60)
                ended.wait(0.2)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def closed_by_name(lab: LabDescription, after: int) -> set[str]:
    """Names that `_close` requests to the target have had, since that line of its log."""
    paths = [entry["path"] for entry in log(lab, "target", after) if entry["path"].endswith("/_close")]
    return {requests.utils.unquote(name) for path in paths for name in path[1 : -len("/_close")].split(",")}


def bodies(lab: LabDescription, side: str, after: int, ending: str) -> list[Any]:
    """Bodies of a side's requests whose path ends so."""
    return [entry.get("body") for entry in log(lab, side, after) if entry["path"].endswith(ending)]


@contextmanager
def hidden(lab: LabDescription, side: str, name: str) -> Iterator[None]:
    """An index of somebody else that refuses to have its metadata read, for the block."""
    engine(lab, side, "PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})
    engine(lab, side, "PUT", f"/{name}/_settings", {"index.blocks.metadata": True})
    try:
        yield
    finally:
        engine(lab, side, "PUT", f"/{name}/_settings", {"index.blocks.metadata": None})
        engine(lab, side, "DELETE", f"/{name}")
