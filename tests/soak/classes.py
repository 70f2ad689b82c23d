"""The classes of faults in the soak: a run's seed determines what goes wrong in it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

RATE = 0.2
WRITES_TIMES = 2.5  # a run sends only one or two of them: at the usual rate most runs would meet no fault
REQUESTS: tuple[tuple[str, str | None, str], ...] = (
    ("snapshot create", "PUT", r"/_snapshot/[^/]+/[^/]+$"),
    ("restore", "POST", r"/_snapshot/[^/]+/[^/]+/_restore$"),
    ("snapshot poll", "GET", r"/_snapshot/"),
    ("register", None, r"/_snapshot/[^/]+(/_verify)?$"),
    ("verify", "POST", r"/.*/?(_search|_msearch|_count|_refresh)$"),
    ("other", None, r".*"),
)
WRITES = frozenset(("snapshot create", "restore"))
Victim = Literal["command", "source", "target"]
Json = dict[str, Any]

DELAYS: list[Json] = [{"kind": "delay", "delay_s": 0.3}, {"kind": "delay", "delay_s": 1.0}]
DROPS: list[Json] = [{"kind": "drop"}]
LOST: list[Json] = [{"kind": "drop", "when": "after"}]
TRUNCATED: list[Json] = [{"kind": "truncate"}, {"kind": "truncate", "chunked": True}]
RESETS: list[Json] = [{"kind": "reset"}, {"kind": "reset", "when": "after"}]
THROTTLES: list[Json] = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 403},
]
GATEWAY: list[Json] = [
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 504},
    {"kind": "status", "status": 504, "when": "after"},
]
SKEWED: list[Json] = [{"kind": "skewed"}]
EXPIRED: list[Json] = [{"kind": "expired"}]
S3_SLOW: list[Json] = [{"kind": "slow", "seconds": 0.2}, {"kind": "slow", "seconds": 0.6}]
S3_SILENT: list[Json] = [{"kind": "close"}, {"kind": "close", "seconds": 0.5}, {"kind": "slow down"}]


@dataclass(frozen=True)
class Moment:
    """When somebody is killed: `pause_s` seconds after the domains have received this many `requests`, or one
    of the class `request` if that is given."""

    requests: int
    request: str | None
    pause_s: float

    def reached(self, entries: Sequence[Json]) -> bool:
        """Whether these entries of the request logs have reached it."""
        if self.request is None:
            return len(entries) >= self.requests
        _, method, path = next(each for each in REQUESTS if each[0] == self.request)
        return any(entry["method"] == method and re.match(path, entry["path"]) for entry in entries)


@dataclass(frozen=True)
class FaultClass:
    """One class of faults.

    Args:
        faults: what hits requests to the domains.
        s3: what hits the engines' requests to S3.
        victim: who is killed (kill -9) on the way, once.
        rate: the share of requests that is hit, if it is not the usual one.
        writes_times: how much more often those that start a snapshot or a restore are hit.
    """

    name: str
    faults: tuple[Json, ...] = ()
    s3: tuple[Json, ...] = ()
    victim: Victim | None = None
    rate: float = RATE
    writes_times: float = WRITES_TIMES

    def plan(self, seed: int) -> Json:
        """The fault plan in the form that the lab's API takes."""
        classes = [
            {
                "name": name,
                "method": method,
                "path": path,
                "rate": self.rate * (self.writes_times if name in WRITES else 1),
                "faults": list(self.faults),
            }
            for name, method, path in REQUESTS
        ]
        s3 = {"rate": self.rate, "faults": list(self.s3)} if self.s3 else None
        return {"seed": seed, "classes": classes if self.faults else [], "s3": s3}

    def kill_after(self, seed: int) -> Moment:
        """When the victim is killed: an engine mostly while it takes or restores the snapshot; the command
        mostly while the reply to one of its two big requests is on its way, or soon after."""
        chance = random.Random(f"{seed}/kill")
        span = {"command": (2, 70), "source": (20, 60), "target": (30, 75)}
        at_work = {"source": ["snapshot create"], "target": ["restore"]}
        request = chance.choice(at_work.get(self.victim or "", ["snapshot create", "restore"]))
        pause_s = chance.choice((0.0, chance.uniform(0, 1.5)))
        return Moment(
            chance.randint(*span[self.victim or "command"]),
            request if chance.random() < 0.75 else None,
            pause_s,
        )


ANY = (*DELAYS, *DROPS, *LOST, *TRUNCATED, *RESETS, *THROTTLES, *GATEWAY)
CLASSES: tuple[FaultClass, ...] = (
    FaultClass("delay", tuple(DELAYS)),
    FaultClass("not sent", tuple(DROPS)),
    FaultClass("reply lost", tuple(LOST)),
    FaultClass("body truncated", tuple(TRUNCATED)),
    FaultClass("throttled", tuple(THROTTLES)),
    FaultClass("gateway", tuple(GATEWAY)),
    FaultClass("connection reset", tuple(RESETS)),
    FaultClass("clock skewed", tuple(SKEWED)),
    FaultClass("credentials expired", tuple(EXPIRED)),
    FaultClass("logged out for a while", ({"kind": "expired", "requests": 25},), rate=0.02),
    FaultClass("S3 slow", (), tuple(S3_SLOW)),
    FaultClass("S3 silent", (), tuple(S3_SILENT)),
    FaultClass("command killed", ANY, victim="command"),
    FaultClass("source killed", (), tuple(S3_SLOW), victim="source"),
    FaultClass("target killed", (), tuple(S3_SLOW), victim="target"),
    FaultClass("everything", (*ANY, *SKEWED, *EXPIRED), tuple(S3_SLOW)),
)


RATES = (0.1, 0.2, 0.3)


def everything_at(rate: float) -> FaultClass:
    """Everything that may go wrong with a request, to this share of all requests."""
    name = f"everything at {rate:.0%}"
    return FaultClass(name, (*ANY, *SKEWED, *EXPIRED), tuple(S3_SLOW), rate=rate, writes_times=1.0)


def class_of(seed: int) -> FaultClass:
    """The class of the run with this seed: all of them in turn."""
    return CLASSES[(seed - 1) % len(CLASSES)]
