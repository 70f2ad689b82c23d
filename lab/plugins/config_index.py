"""The hidden index in which a plugin keeps its documents, on the domain's own engine.

Documents survive a restart, are versioned by the engine, and are gone when the lab is reset: the engine
answers about sequence numbers and conflicts, as it does for the real plugins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lab.door.exchange import Door
from lab.plugins.answers import Refused, of_engine

MOST = 10_000
MAPPING = {"dynamic": False, "_meta": {"lab": "emulated"}}

Version = tuple[int, int]
"""Sequence number and primary term."""


@dataclass(frozen=True)
class Document:
    """One document, with its version."""

    id: str
    version: int
    seq_no: int
    primary_term: int
    source: dict[str, Any]

    @property
    def head(self) -> dict[str, Any]:
        """The fields by which plugins show the version."""
        return {
            "_id": self.id, "_version": self.version, "_seq_no": self.seq_no,
            "_primary_term": self.primary_term,
        }  # fmt: skip


class ConfigIndex:
    """One plugin's index.

    Every method raises httpx.HTTPError when the engine cannot be reached, and Refused with the engine's
    answer to what it does not do.
    """

    def __init__(self, door: Door, name: str) -> None:
        self.name = name
        self._engine = door.engine
        self._replicas = 2 if door.manners.standby else 0

    async def find(self, identifier: str) -> Document | None:
        """The document, or None."""
        code, reply = await self._engine.ask("GET", self._path(identifier))
        return _document(reply) if code == 200 else None

    async def get(self, identifier: str, missing: Refused, no_index: Refused | None = None) -> Document:
        """The document. Raises `missing` without it; without the index `no_index`, or the engine's answer."""
        code, reply = await self._engine.ask("GET", self._path(identifier))
        if code == 200:
            return _document(reply)
        if isinstance(reply, dict) and "error" in reply:
            raise no_index or of_engine(code, reply)
        raise missing

    async def all(self) -> list[Document]:
        """Every document, by id; none without the index."""
        body = {"size": MOST, "seq_no_primary_term": True, "version": True}
        code, reply = await self._engine.ask("POST", f"/{self.name}/_search", body, "ignore_unavailable=true")
        if code != 200:
            raise of_engine(code, reply)
        hits = reply.get("hits", {}).get("hits", [])
        return sorted((_document(hit) for hit in hits), key=lambda each: each.id)

    async def create(self, identifier: str, source: dict[str, Any]) -> Document:
        """Store a new document. Raises Refused when there is one (409)."""
        await self._make()
        return await self._write(identifier, source, "op_type=create")

    async def replace(self, identifier: str, source: dict[str, Any], version: Version) -> Document:
        """Replace the document of this version. Raises Refused when it has another (409)."""
        await self._make()
        seq_no, term = version
        return await self._write(identifier, source, f"if_seq_no={seq_no}&if_primary_term={term}")

    async def put(self, identifier: str, source: dict[str, Any]) -> Document:
        """Store the document, whatever was there."""
        await self._make()
        return await self._write(identifier, source, "")

    async def remove(self, identifier: str) -> tuple[int, Any]:
        """Remove the document; return the engine's answer."""
        return await self._engine.ask("DELETE", self._path(identifier), query="refresh=true")

    async def _write(self, identifier: str, source: dict[str, Any], query: str) -> Document:
        asked = f"refresh=true&{query}".rstrip("&")
        code, reply = await self._engine.ask("PUT", self._path(identifier), source, asked)
        if code >= 400:
            raise of_engine(code, reply)
        return Document(reply["_id"], reply["_version"], reply["_seq_no"], reply["_primary_term"], source)

    async def _make(self) -> None:
        code, _ = await self._engine.ask("HEAD", f"/{self.name}")
        if code == 200:
            return
        settings = {
            "index.hidden": True, "index.number_of_shards": 1, "index.number_of_replicas": self._replicas,
        }  # fmt: skip
        body = {"settings": settings, "mappings": MAPPING}
        code, reply = await self._engine.ask("PUT", f"/{self.name}", body)
        if code >= 400 and "resource_already_exists_exception" not in str(reply):
            raise of_engine(code, reply)

    def _path(self, identifier: str) -> str:
        return f"/{self.name}/_doc/{quote(identifier, safe='')}"


def _document(reply: dict[str, Any]) -> Document:
    return Document(
        reply["_id"], reply["_version"], reply["_seq_no"], reply["_primary_term"], reply["_source"]
    )
