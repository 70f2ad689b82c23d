"""The journal of a fleet's run: which plans were started when, by whom, and how each ended.

What a plan's own run did is in that run's journal, which decides. This one says what the fleet has asked for,
so that another process, or another machine, can go on with it.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runs.errors import StateUnusable
from runs.journal import Document
from runs.state_files import unreadable
from runs.stores.registry import save_state, store_of
from runs.verbs import Verb


class PlanStatus(StrEnum):
    """How one plan of a fleet stands."""

    WAITING = "waiting"
    """Not started yet, or interrupted and to be started again."""
    STARTED = "started"
    """Asked for; a worker runs it, or will."""
    DONE = "done"
    """Its run did all its work and is verified."""
    DIFFERENT = "different"
    """Its verification found a difference, or could not compare something."""
    REFUSED = "refused"
    """A check, a conflict or a missing consent refused it; nothing was changed."""
    FAILED = "failed"
    """Its run failed after it had changed something."""
    GIVEN_UP = "given up"
    """It was interrupted as often as the fleet tries; the same command resumes it."""

    @property
    def is_over(self) -> bool:
        """Whether this run of the fleet does nothing more with the plan."""
        return self not in {PlanStatus.WAITING, PlanStatus.STARTED}

    @property
    def has_failed(self) -> bool:
        """Whether it is over and not done: what the stop rule counts."""
        return self.is_over and self is not PlanStatus.DONE


class FleetStatus(StrEnum):
    """How a fleet's run ended, or stands."""

    RUNNING = "running"
    """A session works on it, or its process is gone; the fleet's lock tells which."""
    DONE = "done"
    """Every plan is done."""
    ENDED = "ended"
    """Nothing more could be started, and not every plan is done; the same command tries again."""
    INTERRUPTED = "interrupted"
    """The session stopped; the same command resumes it."""


class Attempt(BaseModel):
    """One start of a plan.

    Args:
        at: when it was asked for: written before it is.
        sessions: of each run of the plan at that moment, how many sessions it had had.
        worker: who runs it, for people: a process of a machine, or a flow run.
        handle: what finds it again: `pid`, `created` and `host` of a process, or `flow_run`; empty until it
            is known.
        ended: when it was seen to have ended.
        code: the exit code of its process; None where it is not known.
        message: how it ended, if not well.
    """

    model_config = ConfigDict(extra="forbid")
    at: datetime
    sessions: dict[str, int] = Field(default_factory=dict[str, int])
    worker: str = ""
    handle: dict[str, Any] = Field(default_factory=dict[str, Any])
    ended: datetime | None = None
    code: int | None = None
    message: str = ""

    def has_worked_on(self, run: Document) -> bool:
        """Whether this run of the plan has begun, or had another session, since the attempt was asked for."""
        return self.sessions.get(run.run_id) != run.sessions


class PlanEntry(BaseModel):
    """One plan of the fleet.

    Args:
        plan: the plan's own name, which names the folder of its runs.
        wave: its wave; empty where the fleet has none.
        tries: how many of its attempts the present session of the fleet counts.
        begun: whether an unfinished run of it has changed something, so that it must go on; of a cutover,
            whether it has frozen its source.
        run_id: the run that its latest attempt worked on.
        message: why it stands as it does; empty if that is plain.
    """

    model_config = ConfigDict(extra="forbid")
    plan: str
    verb: Verb
    wave: str = ""
    status: PlanStatus = PlanStatus.WAITING
    attempts: list[Attempt] = Field(default_factory=list[Attempt])
    tries: int = 0
    begun: bool = False
    run_id: str = ""
    message: str = ""

    @property
    def latest(self) -> Attempt | None:
        """Its latest attempt; None before the first."""
        return self.attempts[-1] if self.attempts else None

    @property
    def started(self) -> datetime | None:
        """When it was first started."""
        return self.attempts[0].at if self.attempts else None

    @property
    def ended(self) -> datetime | None:
        """When it was over; None before that."""
        return self.latest.ended if self.latest and self.status.is_over else None


class FleetDocument(BaseModel):
    """Contents of a fleet's journal.

    Args:
        fleet: the fleet file's settings when the run began.
        new_runs: whether each plan gets a run of its own even if one has finished.
        consents: options of the command that consent to risks; the command that resumes it needs them too.
        sessions: how many processes have worked on it.
        plans: by their name in the fleet, in the order of the file.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)
    format: Literal[1] = 1
    fleet: dict[str, Any]
    run_id: str
    started: datetime
    ended: datetime | None = None
    status: FleetStatus = FleetStatus.RUNNING
    message: str = ""
    new_runs: bool = False
    consents: list[str] = Field(default_factory=list[str])
    sessions: int = 1
    plans: dict[str, PlanEntry]

    @property
    def is_done(self) -> bool:
        """Whether no command resumes it."""
        return self.status is FleetStatus.DONE


class FleetJournal:
    """The journal of one run of a fleet, in one file that is complete at every instant."""

    def __init__(self, path: Path, document: FleetDocument) -> None:
        self.path = path
        self.document = document

    @classmethod
    def load(cls, path: Path) -> "FleetJournal":
        """Load the journal from this file.

        Raises:
            StateUnusable: it cannot be read, or is no journal of a fleet.
        """
        try:
            return cls(path, FleetDocument.model_validate_json(store_of(path).read(path)))
        except OSError as error:
            raise unreadable(path, error) from error
        except ValidationError as error:
            said = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, said["loc"][:4]))
            raise StateUnusable(
                f"{store_of(path).shown(path)} is not a journal of a fleet that this version can read: "
                f"{place}: {said['msg']}",
                "move the file away to start over, or use the version that wrote it",
            ) from error

    def save(self) -> None:
        """Replace the file atomically and durably.

        Raises:
            StateUnusable: it cannot be written.
            LockLost: another process has taken the fleet over.
        """
        save_state(self.path, self.document.model_dump_json(indent=1))
