"""The report of a run, as its JSON shows it. Documented in docs/report.md and reports/report.schema.json."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from reports.model.base import ReportPart
from reports.model.cleanup import FinishReport, RemovalReport
from reports.model.repair import RepairReport
from reports.model.seeding import RoundReport, WindowReport
from runs.lifecycle import RunStatus
from runs.verbs import Verb
from tasks.records.checks import CheckRecord
from tasks.records.estimates import Workload
from tasks.records.metadata import ItemOutcome
from tasks.records.queries import QueryComparison
from tasks.records.reindexing import IndexMerge, SwitchedAliases
from tasks.records.resolution import ClusterRecord, LeftOut, SnapshotOrigin
from tasks.records.tail import CatchUpRecord, FollowRecord, IndexWay, ProofRecord, TailRound
from tasks.records.transfer import RepositoryRecord, SnapshotRecord
from tasks.records.verification import DocumentDifference, Finding

_OUTCOME = {"enum": [status.value for status in RunStatus], "title": "Outcome", "type": "string"}


class StepReport(ReportPart):
    """One step of the run."""

    name: str = Field(description="The step's name.")
    attempts: int = Field(description="How often it was started, over all sessions of the run.")
    seconds: float = Field(description="Time spent in it, over all attempts.")
    started: datetime
    ended: datetime | None
    error: str | None = Field(description="The last attempt's error; null when it succeeded.")


class IndexReport(ReportPart):
    """One index that was selected to move."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="Its name on the target.")
    stream: str | None = Field(description="The data stream whose backing index it is.")
    action: Literal["restore", "rename", "replace", "skip", "reindex"]
    verdict: Literal[
        "equal",
        "as recorded",
        "bracketed",
        "different",
        "not compared",
        "not verified",
        "copied",
        "unchanged",
    ]
    source_count: int | None = Field(
        description="Live documents on the source; of a snapshot, as the run that took it counted them; null "
        "when not known."
    )
    target_count: int | None = Field(description="Live documents on the target; null when not read.")
    shards: int
    bytes: int | None = Field(description="Bytes fetched by the target; null when it was not restored.")
    restored: bool
    detail: str
    documents: list[DocumentDifference] = Field(
        default=[], description="Documents that differ; only some of them if there are many."
    )
    more: int = Field(default=0, description="How many others were found to differ.")


class Totals(ReportPart):
    """Sums over the indices."""

    indices: int = Field(description="Indices that were to move.")
    restored: int
    equal: int
    recorded: int = Field(default=0, description="As the snapshot's record has them; there is no source.")
    bracketed: int = Field(default=0, description="Equal except for operations on the source since its mark.")
    different: int
    not_compared: int
    documents: int = Field(description="Live documents counted on the target.")
    bytes: int = Field(description="Bytes fetched by the target.")


class RequestsReport(ReportPart):
    """Requests sent to one domain, over all sessions of the run."""

    reads: int = Field(description="GET, HEAD, and POST of searches and counts.")
    writes: int = Field(description="Everything else, including refreshes.")


class Change(ReportPart):
    """One mutating request that was sent, and its outcome."""

    at: datetime
    side: Literal["source", "target"]
    action: str
    what: str
    result: str = Field(
        description="`sent`, an error, or `unknown` if the run was killed before the outcome was known."
    )
    changed: bool = Field(
        default=True, description="Whether it may have changed something: false where it was refused."
    )


class GateReport(ReportPart):
    """One gate that the run has reached."""

    name: str = Field(description="The gate's name.")
    since: datetime = Field(description="When the run first reached it.")
    until: datetime = Field(description="When the wait of its latest session ends, or ended.")
    file: str | None = Field(description="The file that opens it; null if the plan names none.")
    approved: datetime | None = Field(description="When it was approved; null if it is not.")
    by: str = Field(description="Who approved it; empty if nobody has.")


class HookReport(ReportPart):
    """One hook that was called for an event."""

    at: datetime
    event: str
    hook: str = Field(description="Its place in the plan, and its program, its URL or where that is found.")
    seconds: float
    problem: str = Field(description="What went wrong; empty if nothing did.")


class StepDuration(ReportPart):
    """How long one step was expected to take, and how long it took."""

    step: str
    low: float = Field(description="Seconds, at least.")
    high: float = Field(description="Seconds, at most.")
    measured_in: list[str] = Field(description="Runs that it was measured in; empty for a rough estimate.")
    seconds: float | None = Field(description="How long it took; null if it is not done.")


class EstimateReport(ReportPart):
    """How long a run was expected to take, and how long it took: in seconds, without waits at gates."""

    low: float = Field(description="Seconds in all of its steps, at least.")
    high: float = Field(description="The same, at most.")
    seconds: float | None = Field(description="How long they took; null if the run has not finished them.")
    inside: bool | None = Field(description="Whether that is in the range; null if not known.")
    window_low: float = Field(
        description="The part from the snapshot's start to the verification's end, at least."
    )
    window_high: float = Field(description="The same, at most.")
    window_seconds: float | None = Field(description="How long these steps took; null as above.")
    steps: list[StepDuration]
    workload: Workload
    bottleneck: str = Field(description="What takes the most.")
    basis: str = Field(description="The runs that it was measured in, or that it is a rough estimate.")
    assumptions: list[str] = Field(description="What must hold for the estimate.")


class ProgressPoint(ReportPart):
    """How far a step had come at one moment."""

    seconds: float = Field(description="Since the step's first start.")
    done: int
    total: int


class StepProgress(ReportPart):
    """How far a step had come, over time: its rate is the rise between two points."""

    step: str
    unit: str = Field(description="What is counted: `bytes`, `shards`, `indices` or `documents`.")
    points: list[ProgressPoint] = Field(description="At most 120, in the order of time.")


class ConflictReport(ReportPart):
    """An index or data stream whose name the target had already, and what became of it."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="Its name on the target.")
    conflict: str = Field(description="What had the name.")
    action: Literal["restore", "rename", "replace", "skip"]
    result: str = Field(description="What was done about it, and what was not.")


class RateReport(ReportPart):
    """How fast a step of a rehearsal was."""

    step: str
    seconds: float
    indices: int
    bytes: int | None = Field(description="Bytes written or fetched; null if that was not seen.")
    bytes_per_second: float | None
    indices_per_second: float | None


class RehearsalReport(ReportPart):
    """What a rehearsal says about the real run."""

    prefix: str = Field(description="What was put in front of every name.")
    only: list[str] = Field(description="Patterns of the sample; empty for all indices.")
    shadow: str | None = Field(description="The domain that stood in for the target.")
    kept: bool = Field(description="Whether everything that it made was to stay.")
    seconds: float = Field(description="Time spent in the steps that the real run also has.")
    failure: str = Field(description="What failed in the rehearsal itself; empty if nothing did.")
    checked: int = Field(description="How many checks of the real plan were made.")
    checks: list[CheckRecord] = Field(description="Those that failed or warned.")
    rates: list[RateReport]
    projection: EstimateReport | None = Field(description="The real run; null if it was not projected.")
    removed: RemovalReport | None = Field(
        description="What was removed, and what was left alone; null for nothing."
    )


class MetadataReport(ReportPart):
    """What was copied beside the indices in one step, and what is left to do."""

    step: str
    outcomes: list[ItemOutcome] = Field(description="Each thing that the target lacked or had otherwise.")
    hazards: list[str] = Field(description="Indices that their policy may delete once it is attached.")
    notices: list[str] = Field(description="What to know about these things.")
    checklist: list[str] = Field(description="What no copy brings: to be done by hand.")


class TailReport(ReportPart):
    """What went by the tail, by sequence number: of `follow` and of a cutover."""

    ways: list[IndexWay] = Field(description="The way of each index, and why.")
    caught_up: CatchUpRecord | None = Field(description="Rounds before the freeze; null without any.")
    follow: FollowRecord | None = Field(description="How a session of `follow` stands; null for a cutover.")
    last: TailRound | None = Field(description="The last round, inside the window; null before it.")
    proof: ProofRecord | None = Field(description="What was proved, and what was not; null before that.")


class Report(ReportPart):
    """The report of one run."""

    format: Literal[1] = 1
    plan: str = Field(description="The plan's name.")
    run_id: str
    verb: Annotated[Verb, WithJsonSchema({"title": "Verb", "type": "string"})] = Field(
        description="The verb that began the run, such as `migrate`."
    )
    outcome: Annotated[RunStatus, WithJsonSchema(_OUTCOME)] = Field(
        description="The run's status; `done` means done and verified, for a seed round copied."
    )
    message: str = Field(description="Why it ended this way; empty if it is done.")
    next: str = Field(description="What to do next; a command in it can be pasted.")
    next_command: str = Field("", description="The command to run next, as it is pasted; empty for none.")
    started: datetime
    ended: datetime | None
    seconds: float = Field(description="Time spent in steps.")
    source: ClusterRecord | None = Field(
        description="Null before it was read, and where the source is a snapshot."
    )
    origin: SnapshotOrigin | None = Field(
        default=None, description="The snapshot that is the source; null where it is a domain."
    )
    target: ClusterRecord | None
    back: bool = Field(
        default=False,
        description="Whether the run goes from the plan's target to its source: then `source` is the plan's "
        "target everywhere in the report, and `target` its source.",
    )
    level: str | None = Field(description="Verification level.")
    limits: list[str] = Field(default=[], description="What an equal verdict does not prove.")
    findings: list[Finding] = Field(
        default=[], description="Comparisons of the domains as a whole: templates, acceptance queries."
    )
    queries: QueryComparison | None = Field(
        default=None, description="The query gate; null where the plan names no recorded searches."
    )
    totals: Totals
    repositories: list[RepositoryRecord] = Field(
        description="The form that each domain accepted, and what was tried before."
    )
    snapshot: SnapshotRecord | None
    steps: list[StepReport]
    estimate: EstimateReport | None = Field(description="Null if the run ended before it was made.")
    rehearsal: RehearsalReport | None = Field(description="Null if the run is not a rehearsal.")
    round: RoundReport | None = Field(description="Of a seed round or a cutover; null before its comparison.")
    window: WindowReport | None = Field(
        description="Of a cutover that has frozen the source; otherwise null."
    )
    tail: TailReport | None = Field(
        default=None, description="Of `follow` and of a cutover that takes the tail; otherwise null."
    )
    finish: FinishReport | None = Field(
        description="How `snapferry finish` cleaned up after it; null before that."
    )
    repair: RepairReport | None = Field(
        default=None, description="What `snapferry repair` brought into line afterwards; null before that."
    )
    indices: list[IndexReport]
    left_out: list[LeftOut] = Field(description="What did not move, and why. Not part of the verdict.")
    conflicts: list[ConflictReport] = Field(
        default=[], description="Names that the target had already, and what became of each."
    )
    changes: list[Change] = Field(description="Every mutating request that was sent.")
    deleted: list[str] = Field(description="Names deleted on the target, as plan and consent allowed.")
    metadata: list[MetadataReport] = Field(
        default=[], description="What was copied beside the indices, before the restore and afterwards."
    )
    merged: list[IndexMerge] = Field(
        default=[], description="Renamed indices whose documents were merged into others."
    )
    aliases: SwitchedAliases | None = Field(
        default=None, description="Aliases that lead to renamed indices now; null if none were switched."
    )
    requests: dict[str, RequestsReport]
    gates: list[GateReport]
    hooks: list[HookReport]
    notes: list[str]
    progress: list[StepProgress] = Field(
        default=[], description="How far each step had come, over time, as far as it counted something."
    )
    plan_settings: dict[str, Any] = Field(
        default={},
        description="The plan that the run began with, without what is as by default, and without anything "
        "secret.",
    )


def report_schema() -> dict[str, object]:
    """The report's JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Report.model_json_schema(mode="serialization"),
    }
