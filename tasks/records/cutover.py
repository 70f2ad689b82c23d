"""Records of a cutover: freeze, opening, release, roll-back."""

from datetime import datetime

from tasks.records.base import Record


class FreezeRecord(Record):
    """The source, refusing writes.

    Args:
        blocked: indices that this run has blocked.
        before: those of the plan that had refused writes before; they are left as they are.
        by_settings: those of the blocked that were blocked by their settings, as data streams' are.
    """

    at: datetime
    blocked: tuple[str, ...]
    before: tuple[str, ...]
    by_settings: tuple[str, ...] = ()


class OpenRecord(Record):
    """The target, open.

    Args:
        opened: indices that take writes now.
        streams: data streams that were made.
        aliases: alias → the indices that it was given.
        repoint: the endpoint that clients must use from now on.
    """

    at: datetime
    opened: tuple[str, ...]
    streams: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    repoint: str


class ReleaseRecord(Record):
    """What became of the source's blocks.

    Args:
        released: indices that take writes again.
        kept: indices that go on refusing them.
    """

    released: tuple[str, ...]
    kept: tuple[str, ...]


class RollBackRecord(Record):
    """Everything was put back: the source takes writes, the copies are closed. `why`: what had gone wrong."""

    why: str


NOTHING_PAUSED = "nothing was paused"


class PauseRecord(Record):
    """The service's own snapshots of the source, during the window.

    Args:
        paused: whether they are.
        said: why they are not, or until when they are.
    """

    paused: bool
    said: str


class HealthRecord(Record):
    """The target's health after it was opened: indices that are not green yet, each with its health."""

    waited_s: float
    not_green: dict[str, str]
