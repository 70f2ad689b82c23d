"""What a report tells of a seed round, and of a cutover's window."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from reports.model.base import ReportPart
from reports.model.cleanup import RemovalReport
from tasks.records.seeding import ChangeKind

Outcome = Literal["blocking", "opening", "open", "put back"]


class RoundIndex(ReportPart):
    """What a round found of one index, and what it took."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="The name of its copy.")
    stream: str | None = Field(description="The data stream whose backing index it is.")
    kind: ChangeKind
    why: str = Field(description="What has changed, in words.")
    operations: int | None = Field(description="Operations since its copy; null where that cannot be told.")
    onto_copy: bool = Field(description="Whether it was to be restored onto its copy.")
    fetched: int | None = Field(description="Bytes fetched from the bucket; null when it was not restored.")
    reused: int | None = Field(description="Bytes found in its copy; null when it was not restored.")
    whole: str = Field(description="Why it was fetched whole all the same; empty otherwise.")


class RoundReport(ReportPart):
    """One round: what had changed on the source, and what was taken to the target."""

    number: int = Field(description="Number of the round, from 1.")
    as_of: datetime = Field(
        description="The copies hold every operation that was acknowledged before this instant."
    )
    changes: dict[str, int] = Field(description="How many indices there are of each kind.")
    operations: int = Field(description="Operations since the last round, as far as they can be counted.")
    fetched: int = Field(description="Bytes that the target fetched from the bucket.")
    reused: int = Field(description="Bytes that it found in its copies.")
    written: int | None = Field(description="Bytes that the snapshot wrote; null where that was not seen.")
    copies: int | None = Field(description="Closed copies after it; null when it has not come so far.")
    indices: list[RoundIndex]
    removed: list[str] = Field(description="Copies deleted, because their index is gone or reshaped.")
    left_behind: list[str] = Field(description="Copies whose index is not selected any more; they stay.")
    taken_away: RemovalReport | None = Field(
        description="What `snapferry abort` has taken away of all rounds; null while they stand."
    )


class WindowPhase(ReportPart):
    """One phase of the window."""

    name: str
    seconds: float


class RenamedIndex(ReportPart):
    """An index that has another name on the target."""

    source: str
    target: str


class RepointReport(ReportPart):
    """What clients must use from now on."""

    endpoint: str
    indices: list[str] = Field(description="Indices by themselves, under their names on the target.")
    renamed: list[RenamedIndex] = Field(description="Those of them that had another name on the source.")
    aliases: dict[str, list[str]] = Field(description="Alias to the indices that have it.")
    streams: list[str] = Field(description="Data streams.")


class WindowReport(ReportPart):
    """The time in which the source refused writes for a cutover."""

    outcome: Outcome = Field(
        description="How it stands: still blocking, being opened, ended open, or ended and put back."
    )
    frozen: datetime = Field(description="When the first index began to refuse writes.")
    deadline: datetime = Field(description="When everything is put back, unless it is verified.")
    opening: datetime | None = Field(description="When nothing was put back any more; null before that.")
    ended: datetime | None = Field(description="When the target, or the source again, took writes.")
    seconds: float | None = Field(description="Its length; null while it lasts.")
    phases: list[WindowPhase] = Field(description="Its phases in order, in seconds over all sessions.")
    expected_low: float | None = Field(description="Seconds that were expected, at least.")
    expected_high: float | None = Field(description="The same, at most.")
    expected_from: list[str] = Field(description="Runs that it was measured in; empty when it was assumed.")
    inside: bool | None = Field(
        description="Whether the length, without waits at gates, is in that range; null unless it is open."
    )
    why: str = Field(description="What went wrong, when everything was put back; empty otherwise.")
    blocked: list[str] = Field(description="Indices of the source that the run has made refuse writes.")
    still_blocked: list[str] = Field(description="Those that go on refusing them, as far as the run knows.")
    before: list[str] = Field(description="Those that had refused writes before; they are as they were.")
    repoint: RepointReport | None = Field(description="What clients must use; null while nothing is open.")
    falling_back: str = Field(description="In which state falling back is still possible.")
    health_waited: float | None = Field(description="Seconds waited for green; null before that.")
    not_green: dict[str, str] = Field(description="Indices that were not green by then, with their health.")
    automated_snapshots: list[str] = Field(
        description="What became of the service's own snapshots: the last that is known."
    )


class SourceBlock(ReportPart):
    """Indices of the source that refuse writes because of a cutover."""

    run_id: str
    state: Literal["window", "putting back", "releasing", "opening", "kept"] = Field(
        description="`releasing`: the source was being released, so that it may take writes again by now."
    )
    indices: list[str]
    since: datetime
    deadline: datetime | None = Field(description="Of the window; null when that has ended.")
    lift: str = Field(description="The command that lifts it.")


class WaitingCopies(ReportPart):
    """Closed copies on the target."""

    round: int = Field(description="Number of the last round that has come to its end; 0 before the first.")
    copies: int
    doubted: int = Field(description="Those of them that the next round takes again, whatever they hold.")
    as_of: datetime | None = Field(description="What the others hold at least; null before the first round.")
