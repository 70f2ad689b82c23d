"""An engine asked past the front door, by plain HTTP: for tests of what engines do, without product code."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from lab.description import DomainDescription, LabDescription
from lab.paths import SHARED

JSON, NDJSON, CBOR, YAML = (
    "application/json",
    "application/x-ndjson",
    "application/cbor",
    "application/yaml",
)
Line = dict[str, Any] | bytes
SOURCE = re.compile(rb'"_source":(.*)\}\]\}\}$', re.DOTALL)
EXACT = {"version": True, "seq_no_primary_term": True}
"""What a search must ask for to learn versions and sequence numbers."""
WORDS = 60
"""In a long document: enough that a bulk of thousands takes seconds."""


@dataclass(frozen=True)
class Mark:
    """How far a primary has come, and the history that its numbers belong to."""

    max_seq_no: int
    local_checkpoint: int
    global_checkpoint: int
    history: str

    @property
    def checkpoints(self) -> tuple[int, int]:
        """Local and global."""
        return self.local_checkpoint, self.global_checkpoint


@dataclass(frozen=True)
class Hit:
    """A document as a search shows it."""

    id: str
    version: int
    seq_no: int
    primary_term: int
    source: str


@dataclass
class BareEngine:
    """An engine by its address. `shared` is the folder for file repositories."""

    name: str
    url: str
    shared: Path
    headers: dict[str, str] = field(default_factory=dict)

    def reply(
        self, method: str, path: str, body: Any = None, kind: str = JSON, **params: Any
    ) -> requests.Response:
        """The reply, whatever it is. Bytes are sent as they are."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = self.headers | ({"Content-Type": kind} if data is not None else {})
        return requests.request(
            method, self.url + path, data=data, headers=headers, params=params, timeout=120
        )

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The reply's JSON; an error fails the test."""
        reply = self.reply(method, path, body, **params)
        assert reply.ok, reply.text
        return reply.json()

    def create(
        self, index: str, settings: dict[str, Any] | None = None, *, shards: int = 1, **mappings: Any
    ) -> None:
        """A new index without replicas, in place of an earlier one; keyword arguments are its mappings."""
        self.reply("DELETE", f"/{index}")
        wanted = {"number_of_shards": shards, "number_of_replicas": 0} | (settings or {})
        self.ask("PUT", f"/{index}", {"settings": wanted, "mappings": mappings})

    def settings(self, index: str, **changes: Any) -> None:
        """Changes dynamic settings: `settings("a", gc_deletes="0s")`."""
        self.ask("PUT", f"/{index}/_settings", {"index": changes})

    def settings_of(self, index: str) -> dict[str, Any]:
        """An index's own settings."""
        return self.ask("GET", f"/{index}/_settings")[index]["settings"]["index"]

    def bulk(self, index: str, *lines: Line, **params: Any) -> requests.Response:
        """Sends a bulk; a line is an object, or bytes that are sent as they are."""
        return self.reply("POST", f"/{index}/_bulk", ndjson(lines), NDJSON, **params)

    def items(self, index: str, *lines: Line, **params: Any) -> list[dict[str, Any]]:
        """The items of a bulk's reply, each without the name of its action."""
        reply = self.bulk(index, *lines, **params)
        assert reply.ok, reply.text
        return [item for each in reply.json()["items"] for item in each.values()]

    def write(self, index: str, id: str, document: Any = None, **action: Any) -> dict[str, Any]:
        """The item of one document's write."""
        return self.items(index, {"index": {"_id": id} | action}, document or {})[0]

    def delete(self, index: str, id: str, **action: Any) -> dict[str, Any]:
        """The item of one document's deletion."""
        return self.items(index, {"delete": {"_id": id} | action})[0]

    def mark(self, index: str, shard: int = 0) -> Mark:
        """The mark of a shard's primary."""
        copies = self.ask("GET", f"/{index}/_stats", level="shards")["indices"][index]["shards"][str(shard)]
        primary = next(each for each in copies if each["routing"]["primary"])
        numbers = primary["seq_no"]
        return Mark(
            numbers["max_seq_no"], numbers["local_checkpoint"], numbers["global_checkpoint"],
            primary["commit"]["user_data"]["history_uuid"],
        )  # fmt: skip

    def metadata(self, index: str) -> dict[str, Any]:
        """What the cluster state says about an index."""
        return self.ask("GET", f"/_cluster/state/metadata/{index}")["metadata"]["indices"][index]

    def primary_term(self, index: str) -> int:
        """The primary term of an index's first shard."""
        return self.metadata(index)["primary_terms"]["0"]

    def search(self, index: str, body: Any = None, **params: Any) -> list[dict[str, Any]]:
        """The hits of a search, after a refresh."""
        self.ask("POST", f"/{index}/_refresh")
        return self.ask("POST", f"/{index}/_search", body or {}, **params)["hits"]["hits"]

    def hits(self, index: str, **params: Any) -> list[Hit]:
        """All documents in the order of their numbers, after a refresh."""
        found = self.search(index, EXACT | {"size": 10_000, "sort": ["_seq_no"]}, **params)
        return [
            Hit(each["_id"], each["_version"], each["_seq_no"], each["_primary_term"], str(each["_source"]))
            for each in found
        ]

    def source(self, index: str, id: str, **params: Any) -> bytes:
        """The bytes that a search replies for the `_source` of one document."""
        self.ask("POST", f"/{index}/_refresh")
        query = {"query": {"ids": {"values": [id]}}}
        reply = self.reply("POST", f"/{index}/_search", query, **params)
        found = SOURCE.search(reply.content)
        assert found, reply.text
        return found.group(1)

    def repository(self, name: str, folder: str) -> None:
        """Registers a folder of the lab's."""
        settings = {"location": str(self.shared / folder)}
        self.ask("PUT", f"/_snapshot/{name}", {"type": "fs", "settings": settings})

    def snapshot(self, repository: str, name: str, index: str) -> str:
        """Takes a snapshot of one index; its state."""
        body = {"indices": index, "include_global_state": False}
        path = f"/_snapshot/{repository}/{name}"
        return self.ask("PUT", path, body, wait_for_completion="true")["snapshot"]["state"]

    def restore(self, repository: str, name: str, index: str, to: str, **settings: Any) -> None:
        """Restores the index under another name, with these settings changed."""
        body = {
            "indices": index, "include_global_state": False, "rename_pattern": ".+", "rename_replacement": to,
            "index_settings": {"index.number_of_replicas": 0} | settings,
        }  # fmt: skip
        path = f"/_snapshot/{repository}/{name}/_restore"
        shards = self.ask("POST", path, body, wait_for_completion="true")["snapshot"]["shards"]
        assert shards["successful"] == shards["total"], shards


@dataclass
class Running:
    """A bulk under way: `answered` once its reply is there."""

    thread: threading.Thread
    replies: list[requests.Response] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether the engine has acknowledged it."""
        return bool(self.replies)

    def statuses(self) -> set[int]:
        """Waits for the reply: the statuses of its items."""
        self.thread.join()
        return {item["index"]["status"] for reply in self.replies for item in reply.json()["items"]}


class OverTooSoon(AssertionError):
    """The bulk was over before it could be seen, as on a busy machine: a longer one may do."""


@contextmanager
def long_bulk(engine: BareEngine, index: str, documents: int) -> Iterator[Running]:
    """A bulk of long documents (`long-0`, …) that runs during the block, and has begun to take numbers.

    The primary takes the numbers one by one; it acknowledges, and forwards to the replicas, only the whole.

    Raises:
        OverTooSoon: instead of the block.
    """
    before = engine.mark(index).max_seq_no
    body = b"".join(_long(number) for number in range(documents))
    address = engine.url

    def send() -> None:
        try:
            url = f"{address}/{index}/_bulk"
            running.replies.append(
                requests.post(url, body, headers=engine.headers | {"Content-Type": NDJSON}, timeout=300)
            )
        except requests.ConnectionError:
            return  # the test has killed the node

    running = Running(threading.Thread(target=send))
    running.thread.start()
    try:
        while engine.mark(index).max_seq_no < before + 20:
            if not running.thread.is_alive():
                raise OverTooSoon(f"{documents} documents")
        yield running
    finally:
        running.thread.join()


def of(lab: LabDescription, side: str) -> BareEngine:
    """The engine behind one side of a lab."""
    domain: DomainDescription = lab.domain(side)
    return BareEngine(domain.engine, domain.engine_url, Path(lab.home) / SHARED, domain.operator)


def ndjson(lines: Sequence[Line]) -> bytes:
    """The lines of a bulk, or of a multi-search."""
    return b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )


def index_lines(count: int, **action: Any) -> list[Line]:
    """Lines that index documents `0`, `1`, …"""
    return [line for n in range(count) for line in ({"index": {"_id": str(n)} | action}, {"n": n})]


def _long(number: int) -> bytes:
    words = " ".join(f"w{number}x{place}" for place in range(WORDS))
    return ndjson([{"index": {"_id": f"long-{number}"}}, {"text": words}])
