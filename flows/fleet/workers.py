"""What runs the plans of a fleet, and what is known of an attempt once it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from configs.fleet.loading import Member
from domains.errors import SnapferryError
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from tasks.migration import Consents

STARTS_ANEW = frozenset({"migrate", "seed"})
"""Verbs that can be told to start another run; the others do that by themselves, or never."""


class WorkerAway(SnapferryError):
    """Whatever starts plans does not answer for the moment. It is asked again."""


class AssignmentRefused(SnapferryError):
    """Whatever starts plans will not take this one, however often it is asked. Nothing was started."""


@dataclass(frozen=True)
class Assignment:
    """One attempt at one plan, as a worker takes it.

    Args:
        key: the same whenever this attempt is asked for, and no other's.
        number: of the attempt, from 1.
        state: where the state is: a folder, or an address in S3.
        log: where a process of this machine puts what it prints.
        new_run: whether the attempt starts another run even if one has finished.
    """

    key: str
    number: int
    member: Member
    consents: Consents
    state: str
    log: Path
    new_run: bool


@dataclass(frozen=True)
class Started:
    """An attempt that was asked for: who runs it, for people, and what finds it again."""

    worker: str
    handle: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """An attempt that has ended.

    Args:
        code: the exit code of its process; None where it is not known.
        status: how the plan stands by that; WAITING for one that is to be started again; None where only
            the journal of the plan's run can tell.
        message: what was said of it.
    """

    code: int | None = None
    status: PlanStatus | None = None
    message: str = ""


class Worker(Protocol):
    """Starts plans, and knows whether they still run. Every method may be repeated."""

    def start(self, assignment: Assignment) -> Started:
        """Start an attempt; one that was started already with this key is found again where possible.

        Raises:
            WorkerAway: it could not be asked, or did not answer: it is asked again.
            AssignmentRefused: it does not take this plan.
        """
        ...

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        """Say how an attempt has ended; None while it runs, or where that is not known.

        Args:
            is_held: whether a live process holds the plan.

        Raises:
            WorkerAway: nobody answers; it may still run.
        """
        ...

    def interrupt(self, running: Mapping[str, Attempt]) -> str:
        """End what can be ended from here, so that it can be resumed; say what goes on without it.

        Args:
            running: by the name of the plan.
        """
        ...
