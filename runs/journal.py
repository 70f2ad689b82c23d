"""The journal: the truth about one run.

Every mutating request has its intent written before it and its result after it, each time by replacing the
file atomically. After a kill at any instant, the journal says what this run may own, and reading the domain
says whether it does.
"""

import hashlib
import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from domains.errors import AwsError, Denied, Refused, Untrusted
from domains.http.block_refusals import BLOCK_EXCEPTIONS
from domains.known_secrets import cut_from
from runs.chain import Chain, Examined, examine, is_sealed, named_part, parts, seal_of, with_last_key
from runs.commands import Called
from runs.errors import StateUnusable
from runs.run_status import RunStatus
from runs.sampling.samples import StepSamples
from runs.state_files import recorded_if_possible, unreadable
from runs.step_names import StepName
from runs.stores.registry import save_state, store_of
from runs.verbs import Verb

DENIED = "denied"
REFUSED = "refused"
"""Result of an intent whose request was refused every time until it was no longer needed."""
NOTHING_SENT = f"{REFUSED}: nothing was sent"
FROM_OUTSIDE = "interrupted from outside"
"""Message of a session that a signal ended."""
_IN_ONE_REQUEST = frozenset({"snapshot", "restore", "create", "delete", "block", "serve"})
"""Actions whose intents cover a single request each, which takes effect as a whole or not at all."""
Record = dict[str, Any]
_CHANGING = re.compile(r"\d{8}-\d{6,9}-[0-9a-f]{4}|(?<=/)[\w-]{22}(?=\])|\d+(?:\.\d+)?")
M = TypeVar("M", bound=BaseModel)
M_co = TypeVar("M_co", bound=BaseModel, covariant=True)


class RecordedStep(Protocol[M_co]):
    """A step and the type of its record: see `tasks.steps.StepKey`."""

    @property
    def name(self) -> StepName: ...

    @property
    def record(self) -> type[M_co]: ...


class Intent(BaseModel):
    """One mutating request: its purpose and its result (None: not known yet)."""

    model_config = ConfigDict(extra="forbid")
    step: str
    side: Literal["source", "target"]
    action: str
    detail: Record = Field(default_factory=dict[str, Any])
    at: datetime
    result: str | None = None

    @property
    def names(self) -> list[str]:
        """Names the request concerns: indices, a snapshot, a repository."""
        found: list[str] = self.detail.get("names") or [self.detail.get("name", "")]
        return found

    @property
    def was_turned_away(self) -> bool:
        """Whether the request certainly changed nothing: it was denied or permanently refused."""
        return (self.result or "").startswith((DENIED, REFUSED))

    @property
    def may_have_changed(self) -> bool:
        """Whether something may be different because of it. A refusal settles that only for a single request.

        Of an action that takes several requests the first may have worked, and a domain keeps a registration
        although it says that it could not be verified.
        """
        if not self.was_turned_away:
            return True
        if self.result in {DENIED, REFUSED, NOTHING_SENT} or self.action in _IN_ONE_REQUEST:
            return False
        if self.action == "register":
            return (self.result or "").removeprefix(f"{REFUSED}: ") not in BLOCK_EXCEPTIONS
        return len(self.names) > 1


class CopyPosition(BaseModel):
    """How far the tail has brought a copy, so that the next session knows what others have written to it.

    Args:
        last: by shard: the number of the copy's last operation; while a round writes to it, from before it.
        terms: by shard: the primary term at that time.
        sending: name of the file that says what the round sends, or what may still arrive; empty if nothing.
        lost: why the copy cannot be kept in step any more; empty if it can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    last: dict[int, int] = Field(default_factory=dict[int, int])
    terms: dict[int, int] = Field(default_factory=dict[int, int])
    sending: str = ""
    lost: str = ""


class StepEntry(BaseModel):
    """One step: its latest attempt and, once done, its record."""

    model_config = ConfigDict(extra="forbid")
    attempts: int = 0
    started: datetime
    ended: datetime | None = None
    seconds: float = 0.0
    error: str | None = None
    record: Record | None = None


class GateEntry(BaseModel):
    """One gate that the run has reached.

    Args:
        since: when the run first reached the gate.
        until: when the latest session stops waiting.
        file: the file that opens the gate, if the plan names one.
        approved, by: when and by whom it was approved; None until then.
    """

    model_config = ConfigDict(extra="forbid")
    since: datetime
    until: datetime
    file: str | None = None
    approved: datetime | None = None
    by: str = ""


class WindowEntry(BaseModel):
    """Window of a cutover: the time in which the source refuses writes.

    Args:
        frozen: when the first block was sent.
        deadline: when everything is rolled back unless it is verified by then.
        opening: when the target started to open; from then on there is no roll-back.
        ended: when the target took writes, or the source took them again.
    """

    model_config = ConfigDict(extra="forbid")
    frozen: datetime
    deadline: datetime
    opening: datetime | None = None
    ended: datetime | None = None


class HookEntry(BaseModel):
    """One hook call for an event; `problem` is empty if it succeeded."""

    model_config = ConfigDict(extra="forbid")
    at: datetime
    event: str
    hook: str
    seconds: float
    problem: str = ""


class PastEnd(BaseModel):
    """How the session before this one ended: its message, and how many in a row ended like it."""

    model_config = ConfigDict(extra="forbid")
    message: str
    times: int


_OF_CHAIN = frozenset({"chain", "head", "seal"})
_PARTS = ("source", "target", "repository", "indices", "snapshot", "conflicts", "restore", "verify", "gates")


class Document(BaseModel):
    """Contents of a journal.

    Args:
        estimate: how long the run was expected to take, made when its work was resolved.
        projection: for a rehearsal, how long the real run is expected to take.
        aborting: whether everything the run made is being removed; the run can no longer be resumed.
        unheard: why the final hooks of a finished run must be called again; empty if they need not be.
        window: for a cutover that has frozen the source.
        back: whether the run goes from the plan's target to its source; its plan has the two exchanged.
        positions: of the copies that its tail writes to, by name.
        called: how the command was called that began or last resumed the run; None in journals of before.
        before: how the session before this one ended, of this run or of an earlier one; None if it went well.
        samples: how far each step had come, over time; empty in journals of before.
        chain, head, seal: what shows whether the journal was changed: see `runs.chain`. Without a chain in
            journals that an earlier version began.
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
    back: bool = False
    positions: dict[str, CopyPosition] = Field(default_factory=dict[str, CopyPosition])
    gates: dict[str, GateEntry] = Field(default_factory=dict[str, GateEntry])
    hooks: list[HookEntry] = Field(default_factory=list[HookEntry])
    unheard: str = ""
    estimate: Record | None = None
    projection: Record | None = None
    window: WindowEntry | None = None
    called: Called | None = None
    before: PastEnd | None = None
    samples: dict[str, StepSamples] = Field(default_factory=dict[str, StepSamples])
    chain: list[str] | None = None
    head: str = ""
    seal: str = ""

    @field_validator("plan")
    @classmethod
    def _is_a_plan(cls, plan: Record) -> Record:
        """Whoever reads a run's plan looks into these parts; a damaged one is no journal."""
        wrong = [key for key in _PARTS if not isinstance(plan.get(key, {}), dict)]
        if wrong or not isinstance(plan.get("name", ""), str):
            raise ValueError(f"{', '.join(wrong) or 'name'}: this is no part of a plan")
        return plan

    @property
    def times_in_a_row(self) -> int:
        """How many sessions in a row, with the latest, ended like the latest."""
        again = self.before is not None and is_same_end(self.before.message, self.message)
        return 1 + self.before.times if again and self.before else 1

    @property
    def as_past_end(self) -> PastEnd | None:
        """How the latest session ended, for the one after it; None if it went well or has not ended."""
        if self.status is RunStatus.DONE or self.message in {"", FROM_OUTSIDE}:
            return None
        return PastEnd(message=self.message, times=self.times_in_a_row)

    @property
    def changed_something(self) -> bool:
        """Whether any mutating request may have taken effect (those that were refused do not count)."""
        return any(intent.may_have_changed for intent in self.intents)

    def record(self, step: str) -> Record | None:
        """Return a finished step's record; None until the step is done."""
        entry = self.steps.get(step)
        return entry.record if entry else None

    def recorded(self, step: "RecordedStep[M]") -> M | None:
        """Return the record of a finished step; None if there is none yet.

        Raises:
            StateUnusable: a different version wrote it, or it was damaged.
        """
        entry = self.steps.get(step.name)
        return self.part(step.record, entry.record, f"step {step.name}") if entry and entry.record else None

    def part(self, kind: type[M], value: object, what: str) -> M:
        """Read a part of the journal that is kept as it was written.

        Raises:
            StateUnusable: it is none that this version can read.
        """
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            raise StateUnusable(
                f"what run {self.run_id} of plan {self.plan.get('name')} has recorded of {what} cannot be "
                f"read by this version: {_why_invalid(error)}",
                "use the version that wrote it, or move the run's journal away: its state is then unknown",
            ) from error


def _described(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"


def _ended_by(error: Exception) -> str:
    """Classify the result of a request that raised this error: denied, permanently refused, or unknown."""
    if isinstance(error, Denied):
        return DENIED
    if isinstance(error, AwsError | Untrusted):
        return NOTHING_SENT
    if isinstance(error, Refused) and not error.transient:
        return f"{REFUSED}: {error.reply.type}"
    return f"error: {type(error).__name__}"


def _why_invalid(error: ValidationError) -> str:
    """What is wrong with a file that should be a journal, without what it contains."""
    found = error.errors(include_input=False)
    format_, key = (next((e for e in found if check(e)), None) for check in (_is_format, _is_unknown_key))
    if format_:
        return "it was written by a later version of Snapferry"
    if key:
        return f"it has a key that this version does not know: {'.'.join(map(str, key['loc'][:4]))}"
    place = ".".join(map(str, found[0]["loc"][:4]))
    return f"{place}: {found[0]['msg']}" if place else found[0]["msg"]


def _is_format(problem: Any) -> bool:
    return problem["loc"] == ("format",) and problem["type"] == "literal_error"


def _is_unknown_key(problem: Any) -> bool:
    return problem["type"] == "extra_forbidden"


def is_same_end(one: str, other: str) -> bool:
    """Whether two messages give the same cause: they may differ in run ids, UUIDs and figures."""
    return bool(one) and _CHANGING.sub("#", one) == _CHANGING.sub("#", other)


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class _Text:
    """The text of a journal, with its chain brought up to date where it has one.

    Args:
        altered: digest of the text that was read, if that is not as a run had written it. The journal is gone
            on with all the same, and says so ever after.
    """

    def __init__(self, document: Document, altered: str = "") -> None:
        self.document = document
        self._altered = altered
        self._chain = None if document.chain is None else Chain(document.chain)
        self._steps: dict[str, tuple[int, str]] = {}

    def __call__(self) -> str:
        document, chain = self.document, self._chain
        if chain is None:
            return document.model_dump_json(indent=1, exclude=set(_OF_CHAIN))
        rest = document.model_dump_json(indent=1, exclude={"steps", *_OF_CHAIN})
        steps = {name: self._of_step(name, step) for name, step in document.steps.items()}
        if self._altered:
            chain.note_altered(self._altered)
            self._altered = ""
        chain.extend([*parts(rest), *(named_part("steps", name, text) for name, text in steps.items())])
        sealed = chain.sealed(with_last_key(rest, "steps", steps))
        document.chain, document.head, document.seal = chain.links, chain.head, seal_of(sealed)
        return sealed

    def _of_step(self, name: str, step: StepEntry) -> str:
        """A step's text as it stands in the journal; only what has changed is indented again."""
        said = step.model_dump_json(indent=1)
        mark, text = self._steps.get(name, (0, ""))
        if not text or mark != hash(said):
            text = _indented(said)
            self._steps[name] = (hash(said), text)
        return text


def _indented(step: str) -> str:
    return step.replace("\n", "\n  ")


def examined(content: bytes) -> Examined:
    """Check a journal's text against its seal and its chain, and that it has its one form. Pure.

    Returns:
        What was found. A journal without a chain does not hold: nothing is known about it.
    """
    return examine(content, _rewritten)


def _rewritten(text: str) -> str:
    """A journal's text without its chain, written anew; keys that an earlier version did not know stay away.

    Raises:
        ValueError: it is no journal.
    """
    document = Document.model_validate_json(text)
    steps = {
        name: _indented(step.model_dump_json(indent=1, exclude_unset=True))
        for name, step in document.steps.items()
    }
    rest = document.model_dump_json(indent=1, exclude={"steps", *_OF_CHAIN}, exclude_unset=True)
    return with_last_key(rest, "steps", steps)


class Journal:
    """One run's journal, stored in one JSON file that is complete at every instant."""

    def __init__(self, path: Path, document: Document) -> None:
        self.path = path
        self.document = document
        self._text = _Text(document)

    @classmethod
    def load(cls, path: Path) -> "Journal":
        """Load the journal from this file.

        Raises:
            StateUnusable: the file cannot be read or is not a journal.
        """
        try:
            content = store_of(path).read(path)
            loaded = cls(path, Document.model_validate_json(content))
        except OSError as error:
            raise unreadable(path, error) from error
        except ValidationError as error:
            raise StateUnusable(
                f"{store_of(path).shown(path)} is not a journal this version can read: {_why_invalid(error)}",
                "move the file away to start over, or use the version that wrote it",
            ) from error
        if loaded.document.chain is not None and not is_sealed(content):
            loaded._text = _Text(loaded.document, hashlib.sha256(content).hexdigest())
        return loaded

    def reload(self) -> None:
        """Take over what another process has written since.

        Raises:
            StateUnusable: as `load`.
        """
        again = Journal.load(self.path)
        self.document, self._text = again.document, again._text

    def save(self) -> None:
        """Replace the file atomically and durably.

        Raises:
            StateUnusable: the folder cannot be written, and that matters here: see `recorded_if_possible`.
        """
        save_state(self.path, self._text())

    @property
    def shown(self) -> str:
        """Where the journal is, for people."""
        return store_of(self.path).shown(self.path)

    @property
    def run_id(self) -> str:
        """The run's id, part of its snapshot's name and of the snapshot's metadata."""
        return self.document.run_id

    def record(self, step: str) -> Record | None:
        """Return a finished step's record; None until the step is done."""
        return self.document.record(step)

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Record the times of one attempt at a step; an error is recorded and raised again."""
        entry = self.document.steps.setdefault(str(name), StepEntry(started=now()))
        began = now()
        entry.attempts += 1
        entry.error, entry.ended = None, None
        self.save()
        try:
            yield
        except BaseException as error:
            cut_from(error)
            entry.error = _described(error)
            with recorded_if_possible():  # the error is what ends the step
                self._end_step(entry, began)
            raise
        self._end_step(entry, began)

    def _end_step(self, entry: StepEntry, began: datetime) -> None:
        entry.ended = now()
        entry.seconds += (entry.ended - began).total_seconds()
        self.save()

    def keep(self, step: str, record: BaseModel) -> None:
        """Write a step's record."""
        self.document.steps[step].record = record.model_dump(mode="json")
        self.save()

    @contextmanager
    def intend(
        self, step: str, side: Literal["source", "target"], action: str, detail: Mapping[str, Any]
    ) -> Generator[Intent]:
        """Write an intent, run the block that sends its request, and write the result.

        The result is `sent` unless the block sets another one.

        After a kill, the intent has no result: the next session must read the domain.
        """
        intent = Intent(step=str(step), side=side, action=action, detail=dict(detail), at=now())
        self.document.intents.append(intent)
        self.save()
        try:
            yield intent
        except Exception as error:
            intent.result = _ended_by(error)
            with recorded_if_possible():  # without a result, the next session reads the domain
                self.save()
            raise
        intent.result = intent.result or "sent"
        self.save()

    def intents(self, action: str) -> list[Intent]:
        """Return all intents of this action, oldest first."""
        return [intent for intent in self.document.intents if intent.action == action]

    def may_have_sent(self, actions: Iterable[str]) -> bool:
        """Whether a request of one of these actions may have taken effect: one turned away has not."""
        wanted = frozenset(actions)
        return any(intent.action in wanted and not intent.was_turned_away for intent in self.document.intents)

    def note_positions(self, positions: Mapping[str, CopyPosition]) -> None:
        """Record how far copies are, by name; nothing is written if that is known already."""
        known = self.document.positions
        if any(known.get(name) != position for name, position in positions.items()):
            known.update(positions)
            self.save()

    def note_arrivals(self, uuids: Mapping[str, str]) -> None:
        """Record UUIDs of indices this run brought to the target, so that it recognizes them as its own."""
        self.document.arrived.update(uuids)
        self.save()

    @property
    def changed_something(self) -> bool:
        """Whether any mutating request may have taken effect (those that were refused do not count)."""
        return self.document.changed_something

    def resume(self) -> None:
        """Record that another session has started on the run."""
        self.document.before = self.document.as_past_end
        self.document.sessions += 1
        self.document.status, self.document.ended = RunStatus.RUNNING, None
        self.document.message = self.document.hint = self.document.unheard = ""
        self.save()

    def settle(self, status: RunStatus, message: str = "", hint: str = "", unheard: str = "") -> None:
        """Record the run's status at the end of this session.

        Args:
            unheard: why hooks must still be called for this end; empty if none must.
        """
        self.document.status = status
        self.document.message, self.document.hint, self.document.unheard = message, hint, unheard
        self.document.ended = now()
        self.save()


class UnsavedJournal(Journal):
    """A journal that is never written, because it cannot be or because another process writes it."""

    def save(self) -> None:
        """Write nothing."""
