"""The report of a run, as its JSON shows it. Documented in docs/report.md and reports/report.schema.json."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from runs.journal import Status
from tasks.records import ClusterRecord, LeftOut, RepositoryRecord, SnapshotRecord


class ReportPart(BaseModel):
    """Base of the report's parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StepReport(ReportPart):
    """One step of the run."""

    name: str = Field(description="The step's name.")
    attempts: int = Field(description="How often it was begun, over all sessions of the run.")
    seconds: float = Field(description="Time spent in it, over all attempts.")
    started: datetime
    ended: datetime | None
    error: str | None = Field(description="The last attempt's error; null when it succeeded.")


class IndexReport(ReportPart):
    """One index that was selected to move."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="Its name on the target.")
    stream: str | None = Field(description="The data stream whose backing index it is.")
    action: Literal["restore", "rename", "replace", "skip"]
    verdict: Literal["equal", "different", "not compared", "not verified"]
    source_count: int | None = Field(description="Live documents on the source; null when not read.")
    target_count: int | None = Field(description="Live documents on the target; null when not read.")
    shards: int
    bytes: int | None = Field(description="Bytes fetched by the target; null when it was not restored.")
    restored: bool
    detail: str


class Totals(ReportPart):
    """Sums over the indices."""

    indices: int = Field(description="Indices that were to move.")
    restored: int
    equal: int
    different: int
    not_compared: int
    documents: int = Field(description="Live documents counted on the target.")
    bytes: int = Field(description="Bytes fetched by the target.")


class RequestsReport(ReportPart):
    """Requests sent to one domain, over all sessions of the run."""

    reads: int = Field(description="GET, HEAD, and POST of searches and counts.")
    writes: int = Field(description="Everything else, refreshes included.")


class Change(ReportPart):
    """One mutating request that was sent, and what became of it."""

    at: datetime
    side: Literal["source", "target"]
    action: str
    what: str
    result: str = Field(
        description="`sent`, an error, or `unknown` when the run was killed before it was known."
    )


class Report(ReportPart):
    """The report of one run."""

    format: Literal[1] = 1
    plan: str = Field(description="The plan's name.")
    run_id: str
    outcome: Status = Field(description="How the run stands; `done` means done and verified.")
    message: str = Field(description="Why it ended so; empty when it is done.")
    next: str = Field(description="The next thing to do.")
    started: datetime
    ended: datetime | None
    seconds: float = Field(description="Time spent in steps.")
    source: ClusterRecord | None
    target: ClusterRecord | None
    level: str | None = Field(description="Verification level.")
    totals: Totals
    repositories: list[RepositoryRecord] = Field(
        description="The form that each domain took, and what was tried before."
    )
    snapshot: SnapshotRecord | None
    steps: list[StepReport]
    indices: list[IndexReport]
    left_out: list[LeftOut] = Field(description="What did not move, and why. No part of the verdict.")
    changes: list[Change] = Field(description="Every mutating request that was sent.")
    deleted: list[str] = Field(description="Names deleted on the target, as plan and consent allowed.")
    requests: dict[str, RequestsReport]
    notes: list[str]


def report_schema() -> dict[str, object]:
    """The report's JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Report.model_json_schema(mode="serialization"),
    }
