"""What `snapferry abort` and `snapferry finish` remember of seed rounds, cutovers and migrations."""

from datetime import datetime
from typing import Literal

from tasks.records import Left, Record


class StandingCutover(Record):
    """A cutover that has opened nothing yet, before it is put back: a look.

    Args:
        frozen, deadline: of its window; None when it has frozen nothing.
        refusing: indices of the source that refuse writes by it now.
        opened: copies on the target that are open by now.
        target_problem: why the target could not be looked at; empty when it could.
        snapshot: its own snapshot, while it runs.
    """

    run_id: str
    concerns: Literal["cutover"] = "cutover"
    frozen: datetime | None
    deadline: datetime | None
    refusing: tuple[str, ...]
    opened: tuple[str, ...]
    target_problem: str = ""
    snapshot: str | None


class PutBackRecord(Record):
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


class FinishAhead(Record):
    """What `snapferry finish` would do: a look.

    Args:
        finished: whether an earlier one has done all of it already.
        snapshots: those of the run and of its seed rounds that are there.
        registrations: sides whose registration would be removed, or put back as it was.
        refusing: indices of the source that refuse writes by this run now.
    """

    run_id: str
    verb: str
    wanted: Finish
    finished: bool
    snapshots: tuple[str, ...]
    registrations: tuple[Literal["source", "target"], ...]
    refusing: tuple[str, ...]


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
    left: tuple[Left, ...] = ()
