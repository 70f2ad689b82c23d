"""The fault plan: which requests go wrong, how, and reproducibly so.

Requests are sorted into classes. Whether the n-th request of a class is hit, and by what, depends on the
plan's seed, the class's name and n alone: the same requests meet the same faults, whatever other classes do
meanwhile and however long anything takes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lab.account.s3_faults import S3FaultPlan, S3Faults
from lab.chance import drawn
from lab.door.matching import Matching

Kind = Literal["delay", "drop", "reset", "truncate", "status", "skewed", "expired"]
Moment = Literal["before", "after"]
STATUSES = frozenset((403, 429, 502, 503, 504))


class Fault(BaseModel):
    """One thing that goes wrong with a request.

    Every fault waits `delay_s` seconds first; `delay` does nothing else. `drop` closes the connection without
    a byte, `reset` resets it, `status` answers one of `STATUSES` (403 is the throttle that comes as one):
    each either "before" the engine is asked or "after" it has acted, so that the reply is lost. `truncate`
    sends half of the engine's reply, by its length or `chunked`. `skewed` and `expired` refuse the signature;
    the engine is not asked. A fault lasts for `requests` requests of its class, the first included.
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
        """How the request log names it."""
        words = [str(self.status) if self.kind == "status" else self.kind]
        words += [self.when] if self.kind in ("drop", "reset", "status") else []
        words += [f"{self.delay_s:g} s"] if self.delay_s else []
        words += ["chunked"] if self.chunked else []
        words += [f"retry-after {self.retry_after}"] if self.retry_after is not None else []
        return " ".join(words)


class RequestClass(Matching):
    """A class of requests and what goes wrong with them: of those that it matches, a portion of `rate` is hit
    by one of `faults`, each as likely as the others."""

    name: str
    rate: float = Field(ge=0, le=1)
    faults: tuple[Fault, ...]

    def fault(self, seed: int, number: int) -> Fault | None:
        """What hits the class's `number`-th request: its own fault, or an earlier one that lasts until it."""
        longest = max((fault.requests for fault in self.faults), default=1)
        for back in range(min(longest, number)):
            found = drawn(seed, self.name, number - back, self.rate, self.faults)
            if found is not None and found.requests > back:
                return found
        return None


class FaultPlan(BaseModel):
    """What goes wrong from now on. A request belongs to the first class that it matches; one that matches
    none is left alone. `s3` is what S3 does meanwhile."""

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
    """The fault plan in force, and how many requests of each class it has seen and hit; safe to use from
    several threads. `s3` is the layer that carries out what the plan says of S3."""

    def __init__(self, s3: S3Faults | None = None) -> None:
        self._lock = threading.Lock()
        self._s3 = s3
        self._plan: FaultPlan | None = None
        self._seen: dict[str, int] = {}
        self._hit: dict[str, int] = {}

    def install(self, plan: FaultPlan | None) -> None:
        """Put the plan in force in place of any other, counting from the beginning; None: nothing goes
        wrong any more."""
        with self._lock:
            self._plan = plan
            self._seen = {each.name: 0 for each in plan.classes} if plan else {}
            self._hit = dict(self._seen)
        if self._s3 is not None:
            self._s3.install(plan.seed if plan else 0, plan.s3 if plan else None)

    def shown(self) -> dict[str, Any]:
        """The plan in force (None: there is none), requests seen and hit by class and on S3."""
        with self._lock:
            plan = self._plan.model_dump() if self._plan else None
            shown = {"plan": plan, "seen": dict(self._seen), "hit": dict(self._hit)}
        return shown | {"s3": self._s3.shown() if self._s3 else None}

    def take(self, names: Iterable[str], method: str, path: str) -> Fault | None:
        """What goes wrong with this request, counted as seen; None: nothing."""
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
