"""Records of cleaning up: what was removed, what was skipped."""

from datetime import datetime
from typing import Literal

from tasks.records.base import Record


class Skipped(Record):
    """Something under a name of this run that is not its own, or not any more: it was not touched."""

    name: str
    why: str


class RemovalRecord(Record):
    """What was taken away: indices and data streams, snapshots, and what became of each side's registration.

    Args:
        left: what is under a name of the run and was not touched, and why.
    """

    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: dict[str, str]
    left: tuple[Skipped, ...]


class Leftovers(Record):
    """What a run has made and not taken away: a look, for people to decide on.

    Args:
        run_id: of the latest run, where there are several.
        concerns: a rehearsal, or all seed rounds since the last cutover.
        snapshots: those that are there and carry the ids of these runs.
        registrations: sides whose registration would be removed, or put back as it was.
    """

    run_id: str
    concerns: Literal["rehearsal", "seed rounds"] = "rehearsal"
    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: tuple[Literal["source", "target"], ...]
    left: tuple[Skipped, ...]


class RolledBackRecord(Record):
    """A cutover that was put back by `snapferry abort`.

    Args:
        released: indices of the source that take writes again.
        copies: how many copies wait on the target, closed.
    """

    run_id: str
    concerns: Literal["cutover"] = "cutover"
    released: tuple[str, ...]
    copies: int


class Finish(Record):
    """What `snapferry finish` is to make of what a run has left.

    Args:
        source: what is to become of the source's block; None leaves it as it stands.
    """

    snapshots: Literal["keep", "drop"] = "keep"
    registrations: Literal["keep", "remove"] = "remove"
    source: Literal["blocked", "released"] | None = None


class FinishRecord(Record):
    """How a finished run's registrations, snapshots and block were settled.

    Args:
        wanted: what was asked for, over all commands.
        kept, removed: snapshots.
        registrations: what became of each side's.
        released: indices of the source that take writes again by it.
        refusing: indices of the source that go on refusing them.
        left: what could not be removed, and why.
    """

    at: datetime
    wanted: Finish
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    registrations: dict[str, str]
    released: tuple[str, ...]
    refusing: tuple[str, ...]
    left: tuple[Skipped, ...] = ()
