"""A log of writes and their outcomes, to find acknowledged writes that a domain lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import requests

from lab.description import LabDescription

Outcome = Literal["acknowledged", "refused", "unknown"]
ABSENT = None
NOTHING_DONE = {"cluster_block_exception", "index_closed_exception", "index_not_found_exception"}
"""Error types that prove that nothing was written."""
LOOKED_UP_AT_ONCE = 1000


@dataclass(frozen=True)
class Write:
    """One document's change: `value` is its new content, None to delete it."""

    id: str
    value: int | None


def outcome_of(status: int, kind: str) -> Outcome:
    """The outcome of a write, by its status and error type (empty without one)."""
    if 200 <= status < 300:
        return "acknowledged"
    return "refused" if kind in NOTHING_DONE else "unknown"


@dataclass
class WriteLog:
    """The log of one index, alias or data stream."""

    acknowledged: dict[str, int | None] = field(default_factory=dict)
    possible: dict[str, int | None] = field(default_factory=dict)
    refused: dict[str, int | None] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def note(self, write: Write, outcome: Outcome, reason: str = "") -> None:
        """Record the outcome of a write."""
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[reason] += 1
        if outcome == "acknowledged":
            self.acknowledged[write.id] = write.value
        elif outcome == "unknown":
            self.possible[write.id] = write.value
        else:
            self.refused.setdefault(write.id, write.value)

    @property
    def ids(self) -> set[str]:
        """Every id that was ever sent."""
        return self.acknowledged.keys() | self.possible.keys() | self.refused.keys()

    @property
    def live(self) -> int | None:
        """The number of documents there must be; None if some outcomes are unknown."""
        if self.possible:
            return None
        return sum(value is not ABSENT for value in self.acknowledged.values())

    def wrong(self, found: Mapping[str, Iterable[int]]) -> Iterator[str]:
        """Yield one line for each document that differs from what was acknowledged.

        Args:
            found: id → the contents found for it.
        """
        for id in sorted(self.ids):
            there: set[int | None] = set(found.get(id, ())) or {ABSENT}
            wanted = {self.acknowledged.get(id, ABSENT)}
            if id in self.possible:
                wanted.add(self.possible[id])
            if not there <= wanted:
                yield f"{id}: {_said(there)}, acknowledged {_said(wanted)}"


def _said(values: Iterable[int | None]) -> str:
    return " or ".join(sorted("absent" if value is ABSENT else str(value) for value in values))


def contents(lab: LabDescription, side: str, name: str, ids: Iterable[str]) -> dict[str, list[int]]:
    """Read these documents' contents from the side's engine, after a refresh."""
    domain, path = lab.domain(side), f"/{quote(name, safe='')}"
    listed, found = sorted(ids), dict[str, list[int]]()

    def ask(method: str, what: str, body: Any = None) -> Any:
        url = domain.engine_url + path + what
        reply = requests.request(method, url, json=body, headers=domain.operator, timeout=60)
        assert reply.ok, reply.text
        return reply.json()

    assert ask("POST", "/_refresh")["_shards"]["failed"] == 0
    for start in range(0, len(listed), LOOKED_UP_AT_ONCE):
        some = listed[start : start + LOOKED_UP_AT_ONCE]
        body = {"query": {"ids": {"values": some}}, "size": 2 * len(some), "_source": ["value"]}
        reply = ask("POST", "/_search", body)
        assert reply["_shards"]["failed"] == 0, reply
        for hit in reply["hits"]["hits"]:
            found.setdefault(hit["_id"], []).append(hit["_source"]["value"])
    return found
