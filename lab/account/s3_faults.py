"""Faults of S3: slow answers, throttling, no answer.

A layer before moto that affects only requests signed for S3. It logs each fault to a file, one JSON line a
request.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.account.s3_refusal import read_body, refused
from lab.account.server import LOST, Environ, StartResponse, hang_up, is_conditional
from lab.chance import drawn

SIGNED_FOR_S3 = "/s3/aws4_request"


class S3Fault(BaseModel):
    """A fault of S3: after `seconds`, `slow` answers the request, `close` ends the connection without an
    answer, `lost` does so once the request has taken effect, `slow down` answers 503 SlowDown, `conflict`
    answers a conditional write with 409 ConditionalRequestConflict, and others at once (grade K)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["slow", "close", "lost", "slow down", "conflict"]
    seconds: float = Field(default=0.0, ge=0)

    @property
    def words(self) -> str:
        """The fault's name in the log."""
        return self.kind + (f" {self.seconds:g} s" if self.seconds else "")


class S3FaultPlan(BaseModel):
    """Hits a fraction `rate` of the requests to S3 with one of `faults`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(ge=0, le=1)
    faults: tuple[S3Fault, ...]


class S3Faults:
    """The layer; it logs to the file `log`. Seed and n determine the n-th request's fault."""

    def __init__(self, log: Path) -> None:
        self._lock = threading.Lock()
        self._log = log
        self._plan: S3FaultPlan | None = None
        self._seed = self._seen = self._hit = 0

    def install(self, seed: int, plan: S3FaultPlan | None) -> None:
        """Activate the plan, with counts from zero; None ends all faults."""
        with self._lock:
            self._seed, self._plan = seed, plan
            self._seen = self._hit = 0

    def shown(self) -> dict[str, int]:
        """The numbers of requests to S3 that the active plan has seen and hit."""
        with self._lock:
            return {"seen": self._seen, "hit": self._hit}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """Answer in place of moto, or return None to let moto answer."""
        fault = self._take(environ)
        if fault is None:
            return None
        time.sleep(fault.seconds)
        if fault.kind == "slow" or (fault.kind == "conflict" and not is_conditional(environ)):
            return None
        if fault.kind == "lost":
            environ[LOST] = True
            return None
        if fault.kind == "conflict":
            message = "The conditional request cannot succeed due to a conflicting operation."
            return refused(environ, start_response, "409 Conflict", "ConditionalRequestConflict", message)
        if fault.kind == "slow down":
            message = "Please reduce your request rate."
            return refused(environ, start_response, "503 Slow Down", "SlowDown", message)
        read_body(environ)
        return hang_up(environ, start_response)

    def _take(self, environ: Environ) -> S3Fault | None:
        if SIGNED_FOR_S3 not in environ.get("HTTP_AUTHORIZATION", ""):
            return None
        with self._lock:
            if self._plan is None:
                return None
            self._seen += 1
            fault = drawn(self._seed, "S3", self._seen, self._plan.rate, self._plan.faults)
            if fault is not None:
                self._hit += 1
                self._write(environ, fault)
            return fault

    def _write(self, environ: Environ, fault: S3Fault) -> None:
        entry: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "injected": fault.words,
        }
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
