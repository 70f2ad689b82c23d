"""How a run stands at one instant. Every view of it reads this: lines, status, pages, metrics."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from reports.model.base import ReportPart
from reports.model.seeding import BlockState
from runs.lifecycle import RunStatus
from runs.progress import TailReason
from runs.verbs import Verb

Verdict = Literal["equal", "as recorded", "bracketed", "different", "not compared"]
"""The worst verdict over the indices, and over the domains as a whole."""


class Amount(ReportPart):
    """How much of something is done."""

    done: int
    total: int


class SessionProgress(ReportPart):
    """The process that works on the run, or worked on it last."""

    process: int
    host: str
    alive: bool | None = Field(description="Null where only its own machine can tell.")
    began: datetime


class StepProgress(ReportPart):
    """The step that has begun and not ended."""

    step: str
    since: datetime
    attempts: int
    message: str | None = Field(
        default=None, description="What it does or waits for; null if it has reported nothing."
    )
    done: int | None = None
    total: int | None = Field(default=None, description="0 if unknown; null if it has reported nothing.")
    unit: str | None = None
    detail: str | None = None
    waiting: bool | None = None
    share: float | None = Field(default=None, description="From 0 to 1; null if unknown.")
    eta_s: float | None = Field(default=None, description="Seconds left; null if unknown, or stalled.")
    stalled_s: float | None = Field(default=None, description="Seconds without movement; null if it moves.")
    at: datetime | None = Field(description="When it last reported something.")


class IndexProgress(ReportPart):
    """How far the indices are."""

    to_move: int
    restored: int
    verified: int = Field(description="Compared, whatever the result.")
    equal: int


class TailProgress(ReportPart):
    """How the copies stand that are kept in step by sequence number."""

    at: datetime
    lag_s: float = Field(description="Age of the oldest operation on the source that the copies lack.")
    rate_in: float = Field(description="Operations a second on the source.")
    rate_out: float = Field(description="Operations a second that are brought over.")
    operations: int = Field(description="Operations that the copies lack.")
    window_s: float | None = Field(description="Seconds that a cutover would block writes now.")
    can_cut_over: bool
    why: str
    reason: TailReason | None = Field(
        default=None, description="The same as one of a few words; null if it is not known."
    )


class WindowProgress(ReportPart):
    """The time in which the source refuses writes."""

    frozen: datetime | None = Field(description="Null before the freeze.")
    deadline: datetime | None
    ended: datetime | None
    left_s: float | None = Field(description="Seconds until it is rolled back; null where nothing would be.")
    expected_low: float | None
    expected_high: float | None


class BlockProgress(ReportPart):
    """Indices of a domain that refuse writes because of the plan."""

    side: Literal["source", "target"]
    indices: int
    since: datetime
    state: BlockState


class RequestProgress(ReportPart):
    """Requests sent to one domain, over all sessions."""

    reads: int
    writes: int
    repeats: int | None = Field(description="Repeated reads of this session; null once it has ended.")


class ProgressSnapshot(ReportPart):
    """How one run stands at one instant."""

    at: datetime
    plan: str
    run_id: str
    verb: Annotated[Verb, WithJsonSchema({"type": "string"})]
    back: bool
    started: datetime
    ended: datetime | None
    outcome: Annotated[RunStatus, WithJsonSchema({"type": "string"})] = Field(
        description="`interrupted` also where the process is gone and has not recorded its end."
    )
    stands: str = Field(description="The same in a sentence.")
    message: str
    verdict: Verdict | None = Field(description="Null before the verification.")
    process: int | None = Field(description="The process that holds the plan.")
    process_alive: bool | None = Field(description="Null where only another machine can tell.")
    session: SessionProgress | None
    step: StepProgress | None = Field(description="Null between steps, and once all are done.")
    steps_done: list[str]
    gate: str | None = Field(description="The gate that it waits at.")
    copied: dict[str, Amount] = Field(description="Bytes copied, by step: the snapshot, and the restore.")
    shards: Amount | None = Field(description="Primaries started on the target; null before the resolution.")
    indices: IndexProgress
    documents: int = Field(description="Live documents counted on the target by the verification.")
    fetched: int = Field(description="Bytes that the target has fetched in restores that are done.")
    tail: TailProgress | None
    window: WindowProgress | None
    source_blocked: BlockProgress | None
    requests: dict[str, RequestProgress]
    next: str
    next_command: str

    @property
    def is_over(self) -> bool:
        """Whether nothing works on the run any more, as far as can be told from here."""
        return self.process_alive is False or (
            self.process_alive is None and self.outcome is not RunStatus.RUNNING
        )
