"""Records of a cutover: freeze, opening, release, roll-back."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from tasks.records.base import Record, fields_of


class FreezeRecord(Record):
    """Freeze of the source: it refuses writes.

    Args:
        blocked: indices that this run blocked.
        before: the plan's indices that refused writes already; they are left unchanged.
        by_settings: blocked indices whose block is in their settings, as for data streams.
    """

    at: datetime
    blocked: tuple[str, ...]
    before: tuple[str, ...]
    by_settings: tuple[str, ...] = ()


class OpenRecord(Record):
    """Opening of the target.

    Args:
        opened: indices that now take writes.
        streams: data streams that were created.
        aliases: each alias → the indices it was added to.
        repoint: the endpoint that clients must use from now on.
    """

    at: datetime
    opened: tuple[str, ...]
    streams: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    repoint: str


class ReleaseRecord(Record):
    """Release of the source's blocks.

    Args:
        released: indices that take writes again.
        kept: indices that still refuse writes.
    """

    released: tuple[str, ...]
    kept: tuple[str, ...]


class RollBackRecord(Record):
    """Roll-back of a cutover: the source takes writes, the copies are closed. `why`: what went wrong."""

    why: str


class PauseOutcome(StrEnum):
    """Outcome of pausing the service's automated snapshots."""

    PAUSED = "paused"  # until a given time at the latest
    NOT_WANTED = "not wanted"  # by the plan
    NOT_SIGNED = "not signed"  # a cluster outside the service has no automated snapshots
    UNKNOWN_DOMAIN = "unknown domain"  # the control plane does not know the source
    OVER = "over"  # the pause of an earlier session has ended
    FAILED = "failed"  # see the error
    NOTHING_PAUSED = "nothing paused"  # so there is nothing to resume
    RESUMED = "resumed"  # as before the window
    NOT_RESUMED = "not resumed"  # see the error; the pause ends by itself


_OUTCOMES = {
    "the plan does not want it": PauseOutcome.NOT_WANTED,
    "its requests are not signed: it has no snapshots of the service": PauseOutcome.NOT_SIGNED,
    "the control plane does not know the source": PauseOutcome.UNKNOWN_DOMAIN,
    "the pause of an earlier session is over": PauseOutcome.OVER,
    "nothing was paused": PauseOutcome.NOTHING_PAUSED,
    "as before the window": PauseOutcome.RESUMED,
}
_UNTIL = re.compile(r"until (?P<day>\S+) (?P<time>\S+) UTC at the latest")
_FAILED = "; a snapshot of the service that runs is waited for"


class PauseRecord(Record):
    """Automated snapshots of the source during the window.

    Args:
        paused: whether they are paused now.
        until: when the pause ends by itself; None without one.
        error: why they could not be paused or resumed; empty otherwise.
    """

    paused: bool
    outcome: PauseOutcome
    until: datetime | None = None
    error: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_a_sentence(cls, value: Any) -> Any:
        """Read journals of earlier versions, which hold a sentence in place of the outcome."""
        given = fields_of(value)
        if "said" not in given:
            return value
        paused, said = given.get("paused"), str(given["said"])
        until = _UNTIL.fullmatch(said)
        if until:
            at = f"{until['day']}T{until['time']}Z"
            return {"paused": paused, "outcome": PauseOutcome.PAUSED, "until": at}
        if said in _OUTCOMES:
            return {"paused": paused, "outcome": _OUTCOMES[said]}
        failed = PauseOutcome.NOT_RESUMED if paused else PauseOutcome.FAILED
        return {"paused": paused, "outcome": failed, "error": said.removesuffix(_FAILED)}


class HealthRecord(Record):
    """Health of the target after the opening: indices that are not green yet, each with its health."""

    waited_s: float
    not_green: dict[str, str]
