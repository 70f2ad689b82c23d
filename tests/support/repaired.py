"""An index of one shard on a fake domain that takes bulks and looks up documents, for repairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .fake_domain import FakeDomain, ReceivedRequest, Reply, ok

CONFLICT = {"type": "version_conflict_engine_exception", "reason": "current version [9] is higher"}
POISON = {"type": "mapper_parsing_exception", "reason": "failed to parse field [n]"}


@dataclass
class Side:
    """An index of one shard on a fake domain.

    Args:
        documents: id → version, sequence number, text.
        last: the last operation.
        poison: ids that it refuses.
        changes: rewrites each text that comes in, as a pipeline does.
    """

    fake: FakeDomain
    documents: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    last: int = -1
    poison: set[str] = field(default_factory=set)
    changes: Callable[[str], str] = str

    def __post_init__(self) -> None:
        fake = self.fake
        fake.on("POST /a/_mget", self._got).on("POST /a/_bulk", self._bulk)
        fake.on("POST /a/_refresh", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
        fake.on("GET /_all/_stats/docs", self._stats)
        terms = {"metadata": {"indices": {"a": {"primary_terms": {"0": 1}}}}}
        fake.on("GET /_cluster/state/metadata", ok(terms))
        fake.on("GET /.*/_settings", ok({"a": {"settings": {}}}))
        fake.on("PUT /a/_settings", ok({"acknowledged": True}))

    def put(self, id: str, text: str = '{"n": 1}', version: int = 1) -> None:
        """Have a document."""
        self.last += 1
        self.documents[id] = (version, self.last, text)

    def _stats(self, _: ReceivedRequest) -> Reply:
        shard = {
            "routing": {"primary": True},
            "seq_no": {"max_seq_no": self.last, "global_checkpoint": self.last},
            "commit": {"user_data": {"history_uuid": "history"}},
        }
        return ok({"indices": {"a": {"shards": {"0": [shard]}}}})

    def _got(self, asked: ReceivedRequest) -> Reply:
        raw = ",".join(self._one(each["_id"]) for each in asked.json["docs"])
        return ok(f'{{"docs": [{raw}]}}')

    def _one(self, id: str) -> str:
        if id not in self.documents:
            return json.dumps({"_id": id, "found": False})
        version, number, text = self.documents[id]
        told = {"_id": id, "found": True, "_version": version, "_seq_no": number, "_primary_term": 1}
        return f'{json.dumps(told)[:-1]},"_source":{text}}}'

    def _bulk(self, asked: ReceivedRequest) -> Reply:
        lines = asked.body.decode().split("\n")[:-1]
        items: list[Any] = []
        while lines:
            ((kind, meta),) = json.loads(lines.pop(0)).items()
            text = lines.pop(0) if kind == "index" else ""
            items.append({kind: self._applied(kind, meta, text)})
        return ok({"items": items})

    def _applied(self, kind: str, meta: dict[str, Any], text: str) -> dict[str, Any]:
        id = meta["_id"]
        there = self.documents.get(id)
        if id in self.poison:
            return {"_id": id, "status": 400, "error": POISON}
        stale = (
            there and there[0] > meta["version"]
            if kind == "index"
            else not there or there[1] != meta["if_seq_no"]
        )
        if stale:
            return {"_id": id, "status": 409, "error": CONFLICT}
        self.last += 1
        version = meta.get("version", 0)
        if kind == "index":
            self.documents[id] = (version, self.last, self.changes(text))
        else:
            del self.documents[id]
        return {"_id": id, "status": 200, "_seq_no": self.last, "_primary_term": 1, "_version": version}
