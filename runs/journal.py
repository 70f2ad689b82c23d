"""The journal: the truth about one run.

Before every mutating request its intent is written, after it the result, each time by replacing the file
atomically. So after a kill at any instant the journal tells what may be ours, and a look at the domain tells
whether it is.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domains.errors import Denied, Refused
from runs.errors import StateUnusable
from runs.run_status import RunStatus
from runs.step_names import StepName
from runs.verbs import Verb

DENIED = "denied"
REFUSED = "refused"
"""The result of an intent whose request was refused each time, until it was not needed any more."""
Record = dict[str, Any]
M = TypeVar("M", bound=BaseModel)
M_co = TypeVar("M_co", bound=BaseModel, covariant=True)


class RecordedStep(Protocol[M_co]):
    """A step, and the type of the record that it leaves: see `tasks.steps.StepKey`."""

    @property
    def name(self) -> StepName: ...

    @property
    def record(self) -> type[M_co]: ...


class Intent(BaseModel):
    """One mutating request: what it was to do, and how it ended (None: not known yet)."""

    model_config = ConfigDict(extra="forbid")
    step: str
    side: Literal["source", "target"]
    action: str
    detail: Record = Field(default_factory=dict[str, Any])
    at: datetime
    result: str | None = None

    @property
    def names(self) -> list[str]:
        """What the request is about: indices, a snapshot, a repository."""
        found: list[str] = self.detail.get("names") or [self.detail.get("name", "")]
        return found

    @property
    def was_turned_away(self) -> bool:
        """Whether the request is known to have changed nothing: it was denied, or refused for good."""
        return (self.result or "").startswith((DENIED, REFUSED))


class StepEntry(BaseModel):
    """One step: its latest attempt and, once it is done, its record."""

    model_config = ConfigDict(extra="forbid")
    attempts: int = 0
    started: datetime
    ended: datetime | None = None
    seconds: float = 0.0
    error: str | None = None
    record: Record | None = None


class GateEntry(BaseModel):
    """One gate that the run has come to.

    Args:
        since: when it first came there.
        until: when the wait of the latest session ends.
        file: the file that opens it, if the plan names one.
        approved, by: when and by whom it was approved; None while it is not.
    """

    model_config = ConfigDict(extra="forbid")
    since: datetime
    until: datetime
    file: str | None = None
    approved: datetime | None = None
    by: str = ""


class WindowEntry(BaseModel):
    """The time in which the source refuses writes for a cutover.

    Args:
        frozen: when the first block was sent.
        deadline: when everything is put back, unless it is verified.
        opening: when the target began to be opened; from then on nothing is put back.
        ended: when the target took writes, or the source took them again.
    """

    model_config = ConfigDict(extra="forbid")
    frozen: datetime
    deadline: datetime
    opening: datetime | None = None
    ended: datetime | None = None


class HookEntry(BaseModel):
    """One hook that was told of an event: `problem` is empty when it went well."""

    model_config = ConfigDict(extra="forbid")
    at: datetime
    event: str
    hook: str
    seconds: float
    problem: str = ""


class Document(BaseModel):
    """A journal's contents.

    Args:
        estimate: how long the run was expected to take, made when it was decided what it does.
        projection: of a rehearsal, how long the real run is expected to take.
        aborting: whether what the run has made is being taken away; it is not continued any more.
        unheard: why the hooks of a finished run's end are to be run once more; empty when they are not.
        window: of a cutover that has frozen the source.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)
    format: Literal[1] = 1
    plan: Record
    run_id: str
    verb: Verb
    started: datetime
    ended: datetime | None = None
    status: RunStatus = RunStatus.RUNNING
    message: str = ""
    hint: str = ""
    sessions: int = 0
    requests: dict[str, dict[str, int]] = Field(default_factory=dict[str, dict[str, int]])
    steps: dict[str, StepEntry] = Field(default_factory=dict[str, StepEntry])
    intents: list[Intent] = Field(default_factory=list[Intent])
    arrived: dict[str, str] = Field(default_factory=dict[str, str])
    rehearsal: Record | None = None
    failure: Record | None = None
    aborting: bool = False
    gates: dict[str, GateEntry] = Field(default_factory=dict[str, GateEntry])
    hooks: list[HookEntry] = Field(default_factory=list[HookEntry])
    unheard: str = ""
    estimate: Record | None = None
    projection: Record | None = None
    window: WindowEntry | None = None

    @property
    def changed_something(self) -> bool:
        """Whether any mutating request may have taken effect: all but those the domain denied."""
        return any(intent.result != DENIED for intent in self.intents)

    def record(self, step: str) -> Record | None:
        """A finished step's record; None while it is not done."""
        entry = self.steps.get(step)
        return entry.record if entry else None

    def recorded(self, step: "RecordedStep[M]") -> M | None:
        """The record that a finished step has left; None while it has left none.

        Raises:
            ValidationError: another version has written it.
        """
        entry = self.steps.get(step.name)
        return step.record.model_validate(entry.record) if entry and entry.record else None


def _told(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"


def _ended_by(error: Exception) -> str:
    """How an intent ended whose request raised this: denied, refused for good, or not known for certain."""
    if isinstance(error, Denied):
        return DENIED
    if isinstance(error, Refused) and not error.transient:
        return f"{REFUSED}: {error.reply.type}"
    return f"error: {type(error).__name__}"


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


class Journal:
    """One run's journal, kept in one JSON file that is whole at every instant."""

    def __init__(self, path: Path, document: Document) -> None:
        self.path = path
        self.document = document

    @classmethod
    def load(cls, path: Path) -> "Journal":
        """The journal in this file.

        Raises:
            StateUnusable: it cannot be read, or is not a journal.
        """
        try:
            return cls(path, Document.model_validate_json(path.read_bytes()))
        except OSError as error:
            raise StateUnusable(
                f"cannot read {path}: {error.strerror}",
                "check the file's permissions and the disk, then run the same command again",
            ) from error
        except ValidationError as error:
            raise StateUnusable(
                f"{path} is not a journal this version can read: {error.errors()[0]['msg']}",
                "move the file away to start again, or use the version that wrote it",
            ) from error

    def save(self) -> None:
        """Replaces the file atomically and durably.

        Raises:
            StateUnusable: the folder cannot be written.
        """
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(self.document.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise StateUnusable(
                f"cannot write {self.path}: {error.strerror}", "free the disk or choose --state"
            ) from error

    @property
    def run_id(self) -> str:
        """The run's id: part of its snapshot's name, and in the snapshot's metadata."""
        return self.document.run_id

    def record(self, step: str) -> Record | None:
        """A finished step's record; None while it is not done."""
        return self.document.record(step)

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Keeps the time of one attempt at a step; an error is noted and goes on its way."""
        entry = self.document.steps.setdefault(str(name), StepEntry(started=now()))
        began = now()
        entry.attempts += 1
        entry.error, entry.ended = None, None
        self.save()
        try:
            yield
        except BaseException as error:
            entry.error = _told(error)
            raise
        finally:
            entry.ended = now()
            entry.seconds += (entry.ended - began).total_seconds()
            self.save()

    def keep(self, step: str, record: BaseModel) -> None:
        """Writes a step's record."""
        self.document.steps[step].record = record.model_dump(mode="json")
        self.save()

    @contextmanager
    def intend(
        self, step: str, side: Literal["source", "target"], action: str, detail: Mapping[str, Any]
    ) -> Generator[Intent]:
        """Writes an intent, lets the request be sent, and writes how it ended: sent, unless the block says.

        Left by a kill, the intent stays without a result: whoever comes next looks at the domain.
        """
        intent = Intent(step=str(step), side=side, action=action, detail=dict(detail), at=now())
        self.document.intents.append(intent)
        self.save()
        try:
            yield intent
        except Exception as error:
            intent.result = _ended_by(error)
            self.save()
            raise
        intent.result = intent.result or "sent"
        self.save()

    def intents(self, action: str) -> list[Intent]:
        """Every intent of this action, oldest first."""
        return [intent for intent in self.document.intents if intent.action == action]

    def note_arrivals(self, uuids: Mapping[str, str]) -> None:
        """Writes the UUIDs of indices that this run has brought to the target, to know them as its own."""
        self.document.arrived.update(uuids)
        self.save()

    @property
    def changed_something(self) -> bool:
        """Whether any mutating request may have taken effect: all but those the domain denied."""
        return self.document.changed_something

    def resume(self) -> None:
        """Writes that another session works on the run."""
        self.document.sessions += 1
        self.document.status, self.document.ended = RunStatus.RUNNING, None
        self.document.message = self.document.hint = self.document.unheard = ""
        self.save()

    def settle(self, status: RunStatus, message: str = "", hint: str = "", unheard: str = "") -> None:
        """Writes how the run stands at the end of this session.

        Args:
            unheard: why hooks are still to be told of this end; empty when none are.
        """
        self.document.status = status
        self.document.message, self.document.hint, self.document.unheard = message, hint, unheard
        self.document.ended = now()
        self.save()
