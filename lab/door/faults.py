"""The fault plan: which requests fail, and how, reproducibly.

Requests are sorted into classes. Whether the n-th request of a class is hit, and by which fault, depends only
on the plan's seed, the class's name and n: the same requests meet the same faults, independent of other
classes and of timing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lab.account.s3_faults import S3FaultPlan, S3Faults
from lab.chance import drawn
from lab.door.matching import Matching

Kind = Literal["delay", "drip", "drop", "reset", "truncate", "status", "skewed", "expired"]
Moment = Literal["before", "after"]
STATUSES = frozenset((403, 429, 502, 503, 504))


class Fault(BaseModel):
    """One fault of a request.

    Every fault first waits `delay_s` seconds; `delay` does nothing else. `drip` sends the engine's reply one
    byte at a time, each `delay_s` seconds after the one before. `drop` closes the connection without
    a byte, `reset` resets it, `status` answers one of `STATUSES` (403 is a throttle in disguise): each either
    "before" the engine gets the request or "after" it has acted, so that the reply is lost. `truncate` sends
    half of the engine's reply, with its length or `chunked`. `skewed` and `expired` refuse the signature
    without asking the engine. A fault lasts for `requests` requests of its class, the first included.
    `retry_after` is the header of that name, in seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    when: Moment = "before"
    delay_s: float = Field(default=0.0, ge=0)
    status: int | None = None
    retry_after: int | None = Field(default=None, ge=0)
    chunked: bool = False
    requests: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _agrees(self) -> Fault:
        if (self.kind == "status") != (self.status is not None):
            raise ValueError("a status goes with the kind `status`, and only with it")
        if self.status is not None and self.status not in STATUSES:
            raise ValueError(f"status must be one of {sorted(STATUSES)}")
        if self.kind in ("skewed", "expired") and self.when == "after":
            raise ValueError("a refused signature never reaches the engine")
        return self

    @property
    def words(self) -> str:
        """The fault's name in the request log."""
        words = [str(self.status) if self.kind == "status" else self.kind]
        words += [self.when] if self.kind in ("drop", "reset", "status") else []
        words += [f"{self.delay_s:g} s"] if self.delay_s else []
        words += ["chunked"] if self.chunked else []
        words += [f"retry-after {self.retry_after}"] if self.retry_after is not None else []
        return " ".join(words)


class RequestClass(Matching):
    """A class of requests and their faults: a fraction `rate` of the matching requests is hit by one of
    `faults`, all equally likely."""

    name: str
    rate: float = Field(ge=0, le=1)
    faults: tuple[Fault, ...]

    def fault(self, seed: int, number: int) -> Fault | None:
        """The fault that hits the class's `number`-th request: its own, or an earlier one that still
        lasts."""
        longest = max((fault.requests for fault in self.faults), default=1)
        for back in range(min(longest, number)):
            found = drawn(seed, self.name, number - back, self.rate, self.faults)
            if found is not None and found.requests > back:
                return found
        return None


class FaultPlan(BaseModel):
    """A plan of faults. A request belongs to the first class that it matches; without a match it is left
    alone. `s3` are the faults of S3."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    classes: tuple[RequestClass, ...] = ()
    s3: S3FaultPlan | None = None

    @field_validator("classes")
    @classmethod
    def _distinct(cls, value: tuple[RequestClass, ...]) -> tuple[RequestClass, ...]:
        names = [each.name for each in value]
        if len(set(names)) < len(names):
            raise ValueError("classes need names of their own: the faults of each follow from its name")
        return value


class Faults:
    """The active fault plan, and the numbers of requests that it has seen and hit by class. Thread-safe. `s3`
    is the layer that carries out the plan's faults of S3."""

    def __init__(self, s3: S3Faults | None = None) -> None:
        self._lock = threading.Lock()
        self._s3 = s3
        self._plan: FaultPlan | None = None
        self._seen: dict[str, int] = {}
        self._hit: dict[str, int] = {}

    def install(self, plan: FaultPlan | None) -> None:
        """Activate the plan in place of any other, with counts from zero; None ends all faults."""
        with self._lock:
            self._plan = plan
            self._seen = {each.name: 0 for each in plan.classes} if plan else {}
            self._hit = dict(self._seen)
        if self._s3 is not None:
            self._s3.install(plan.seed if plan else 0, plan.s3 if plan else None)

    def shown(self) -> dict[str, Any]:
        """The active plan (None without one), and requests seen and hit, by class and on S3."""
        with self._lock:
            plan = self._plan.model_dump() if self._plan else None
            shown = {"plan": plan, "seen": dict(self._seen), "hit": dict(self._hit)}
        return shown | {"s3": self._s3.shown() if self._s3 else None}

    def take(self, names: Iterable[str], method: str, path: str) -> Fault | None:
        """Count this request as seen, and return its fault, if any."""
        names = tuple(names)
        with self._lock:
            for each in self._plan.classes if self._plan else ():
                if each.matches(names, method, path):
                    return self._drawn(each)
        return None

    def _drawn(self, each: RequestClass) -> Fault | None:
        assert self._plan is not None
        self._seen[each.name] += 1
        found = each.fault(self._plan.seed, self._seen[each.name])
        self._hit[each.name] += found is not None
        return found
