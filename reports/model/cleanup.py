"""What a report shows of cleaning up: what was removed, what was kept, and what was skipped."""

from datetime import datetime

from pydantic import Field

from reports.model.base import ReportPart
from tasks.records.cleanup import Finish, Registration, RegistrationOutcome, SkippedReason


class SkippedReport(ReportPart):
    """Something under one of the run's names that was left alone."""

    name: str
    why: str = Field(description="Why, in words.")
    reason: SkippedReason = Field(description="The same, as a fixed term.")


class RemovalReport(ReportPart):
    """What was removed."""

    indices: list[str] = Field(description="Indices and data streams.")
    snapshots: list[str]
    registrations: dict[str, str] = Field(description="What happened to each side's registration, in words.")
    registration_outcomes: dict[str, RegistrationOutcome] = Field(description="The same, as a fixed term.")
    left: list[SkippedReport] = Field(description="What was left alone, and why.")

    @property
    def unregistered(self) -> tuple[str, ...]:
        """Sides whose registration was removed."""
        removed = RegistrationOutcome.REMOVED
        return tuple(side for side, outcome in self.registration_outcomes.items() if outcome == removed)


class FinishReport(ReportPart):
    """How `snapferry finish` cleaned up after the run."""

    at: datetime
    wanted: Finish = Field(description="What was asked for, over all commands.")
    kept: list[str] = Field(description="Snapshots that were kept.")
    removed: list[str] = Field(description="Snapshots that were deleted.")
    registrations: dict[str, str] = Field(description="What happened to each side's registration, in words.")
    registration_outcomes: dict[str, RegistrationOutcome] = Field(description="The same, as a fixed term.")
    released: list[str] = Field(description="Indices of the source that take writes again because of it.")
    refusing: list[str] = Field(description="Indices of the source that still refuse writes.")
    left: list[SkippedReport] = Field(description="What could not be removed, and why.")


def outcomes(found: dict[str, Registration]) -> dict[str, RegistrationOutcome]:
    """The outcome on each side."""
    return {side: each.outcome for side, each in found.items()}
