"""What `snapferry repair` did, as the JSON shows it."""

from datetime import datetime

from pydantic import Field

from reports.model.base import ReportPart
from tasks.records.repair import Deed, NotRepaired
from tasks.records.verification import Difference


class RepairedDocumentReport(ReportPart):
    """One document that was repaired."""

    id: str
    routing: str | None
    shard: int
    kind: Difference = Field(description="How the verification had named it.")
    deed: Deed = Field(
        description="`written` as the source has it, `deleted`, or `recognized`: only its number was another."
    )


class RepairedIndexReport(ReportPart):
    """What was repaired in one index."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="Its name on the target.")
    written: int
    deleted: int
    recognized: int
    documents: list[RepairedDocumentReport]
    left: list[NotRepaired] = Field(description="Documents that could not be repaired, and why.")


class RepairReport(ReportPart):
    """What was repaired, over all commands."""

    at: datetime = Field(description="When the latest command ended, or last wrote something.")
    done: bool = Field(description="Whether the latest command went through; else the same one resumes it.")
    repaired: int = Field(description="Documents that were written, deleted or recognized.")
    written: int
    deleted: int
    recognized: int
    indices: list[RepairedIndexReport]
