"""A fake engine with changeable indices (blocks, settings, aliases, open), as a cutover needs."""

from __future__ import annotations

from typing import Any

from .engine import FakeEngine, FakeIndex
from .fake_domain import FakeDomain, ReceivedRequest, Reply, ok
from .shards import Shard

BLOCK = "index.blocks.write"
CHANGED = ("PUT", "DELETE")


class WritableEngine(FakeEngine):
    """Like `FakeEngine`; settings are those of `FakeIndex.settings`, flat.

    Args:
        unwell: health of indices that are not green.
    """

    def __init__(self, domain: FakeDomain, side: str, *indices: FakeIndex, number: str = "3.6.0") -> None:
        super().__init__(domain, side, *indices, number=number)
        self.unwell: dict[str, str] = {}
        domain.on("GET /_cat/indices", lambda _: ok([self._row(held) for held in self.indices.values()]))
        domain.on(
            "GET /[^_].*/_settings",
            lambda asked: ok({h.name: {"settings": h.settings} for h in self._named(asked, 1)}),
        )
        domain.on("PUT /[^_].*/_settings", self._set)
        domain.on("PUT /[^_].*/_block/write", self._block)
        domain.on("POST /[^_].*/_open", self._open)
        domain.on("POST /[^_].*/_flush", ok({"_shards": {"total": 1, "successful": 1, "failed": 0}}))
        domain.on("POST /_aliases", self._give_aliases)

    def blocked(self) -> set[str]:
        """The indices with a write block."""
        return {
            name for name, held in self.indices.items() if str(held.settings.get(BLOCK)).lower() == "true"
        }

    def _row(self, held: FakeIndex) -> dict[str, Any]:
        return {**held.row(), "health": self.unwell.get(held.name, "green")}

    def _settings(self) -> dict[str, Any]:
        return {
            name: {"settings": {"index": {"version": {"created": held.created}, **_nested(held.settings)}}}
            for name, held in self.indices.items()
        }

    def _terms(self) -> dict[str, Any]:
        return {
            name: {
                "primary_terms": {
                    str(n): f.term if isinstance(f, Shard) else 1 for n, f in enumerate(held.figures)
                }
            }
            for name, held in self.indices.items()
        }

    def _set(self, asked: ReceivedRequest) -> Reply:
        for held in self._named(asked, 1):
            for key, value in asked.json.items():
                held.settings.pop(key, None)
                if value is not None:
                    held.settings[key] = str(value).lower()
        return ok({"acknowledged": True})

    def _block(self, asked: ReceivedRequest) -> Reply:
        fresh = [held for held in self._named(asked, 1) if held.name not in self.blocked()]
        for held in fresh:
            held.settings[BLOCK] = "true"
        return ok({"acknowledged": True, "shards_acknowledged": bool(fresh), "indices": []})

    def _open(self, asked: ReceivedRequest) -> Reply:
        for held in self._named(asked, 1):
            held.open = True
        return ok({"acknowledged": True, "shards_acknowledged": False})

    def _give_aliases(self, asked: ReceivedRequest) -> Reply:
        for action in asked.json["actions"]:
            more = dict(action["add"])
            self.indices[more.pop("index")].aliases[more.pop("alias")] = more
        return ok({"acknowledged": True})


def a_closed_copy(name: str, **more: Any) -> FakeIndex:
    """A seeded copy on the target: closed, with a write block."""
    waiting = {BLOCK: "true", "index.refresh_interval": "-1", "index.number_of_replicas": "0"}
    return FakeIndex(name, **{"open": False, "settings": dict(waiting), **more})


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Nest flat settings, without `index.`."""
    made: dict[str, Any] = {}
    for key, value in flat.items():
        *above, last = key.removeprefix("index.").split(".")
        place = made
        for step in above:
            place = place.setdefault(step, {})
        place[last] = value
    return made
