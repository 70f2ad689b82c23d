"""What a report shows of a seed round and of a cutover's window."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from reports.model.base import ReportPart
from reports.model.cleanup import RemovalReport
from tasks.records.seeding import ChangeKind

Outcome = Literal["blocking", "opening", "open", "put back"]
BlockState = Literal["window", "putting back", "releasing", "opening", "kept"]


class RoundIndex(ReportPart):
    """What a round found about one index, and what it copied."""

    source: str = Field(description="Its name on the source.")
    target: str = Field(description="The name of its copy.")
    stream: str | None = Field(description="The data stream whose backing index it is.")
    kind: ChangeKind
    why: str = Field(description="What has changed, in words.")
    operations: int | None = Field(description="Operations since its copy; null if they cannot be counted.")
    onto_copy: bool = Field(description="Whether it was to be restored onto its copy.")
    fetched: int | None = Field(description="Bytes fetched from the bucket; null if it was not restored.")
    reused: int | None = Field(description="Bytes found in its copy; null if it was not restored.")
    whole: str = Field(description="Why it was copied in full all the same; otherwise empty.")


class RoundReport(ReportPart):
    """One round: what had changed on the source, and what was copied to the target."""

    number: int = Field(description="Number of the round, from 1.")
    as_of: datetime = Field(
        description="The copies hold every operation that was acknowledged before this instant."
    )
    changes: dict[str, int] = Field(description="How many indices there are of each kind.")
    operations: int = Field(description="Operations since the last round, as far as they can be counted.")
    fetched: int = Field(description="Bytes that the target fetched from the bucket.")
    reused: int = Field(description="Bytes that it found in its copies.")
    written: int | None = Field(description="Bytes that the snapshot wrote; null if that was not seen.")
    copies: int | None = Field(description="Closed copies after it; null if it did not get that far.")
    indices: list[RoundIndex]
    removed: list[str] = Field(description="Copies deleted because their index is gone or reshaped.")
    left_behind: list[str] = Field(description="Copies whose index is no longer selected; they stay.")
    taken_away: RemovalReport | None = Field(
        description="What `snapferry abort` has removed of all rounds; null if it has not."
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
    """Which names and endpoint clients must use from now on."""

    endpoint: str
    indices: list[str] = Field(description="Indices outside data streams, under their names on the target.")
    renamed: list[RenamedIndex] = Field(description="Those of them that had another name on the source.")
    aliases: dict[str, list[str]] = Field(description="Alias to the indices that have it.")
    streams: list[str] = Field(description="Data streams.")


class WindowReport(ReportPart):
    """The time in which the source refused writes for a cutover."""

    outcome: Outcome = Field(
        description="Its state: still blocking, being opened, ended open, or ended and rolled back."
    )
    frozen: datetime = Field(description="When the first index began to refuse writes.")
    deadline: datetime = Field(description="When the cutover is rolled back, unless it is verified by then.")
    opening: datetime | None = Field(description="From when on nothing is rolled back; null before that.")
    ended: datetime | None = Field(description="When the target, or the source again, took writes.")
    seconds: float | None = Field(description="Its length; null while it lasts.")
    phases: list[WindowPhase] = Field(description="Its phases, in seconds over all sessions.")
    expected_low: float | None = Field(description="Seconds that were expected, at least.")
    expected_high: float | None = Field(description="The same, at most.")
    expected_from: list[str] = Field(description="Runs that it was measured in; empty for a rough estimate.")
    inside: bool | None = Field(
        description="Whether the length, without waits at gates, is in that range; null unless it is open."
    )
    why: str = Field(description="What went wrong if the cutover was rolled back; otherwise empty.")
    blocked: list[str] = Field(description="Indices of the source that the run has blocked.")
    still_blocked: list[str] = Field(description="Those that still refuse writes, as far as the run knows.")
    before: list[str] = Field(description="Indices that refused writes before; they are left as they were.")
    repoint: RepointReport | None = Field(description="What clients must use; null if nothing is open yet.")
    falling_back: str = Field(description="How long clients can still go back to the source.")
    health_waited: float | None = Field(description="Seconds waited for green; null before that.")
    not_green: dict[str, str] = Field(description="Indices that were not green by then, with their health.")
    automated_snapshots: list[str] = Field(
        description="What happened to the service's automated snapshots: the latest known."
    )


class GuardReport(ReportPart):
    """The process that releases the source if the command of the cutover cannot."""

    process: int
    alive: bool
    state: str = Field(description="What it does, or did last: `watching`, `releasing`, `released`, `left` …")
    at: datetime = Field(description="When it recorded that.")
    why: str = Field(description="Why it released the source; empty if it has not.")
    problem: str = Field(description="What it could not do; empty if nothing.")
    copies_closed: bool = Field(description="Whether it has closed the copies on the target as well.")


class SourceBlock(ReportPart):
    """Indices that refuse writes because of a cutover or a fallback."""

    run_id: str
    verb: str = Field(description="`cutover` or `fallback`.")
    side: Literal["source", "target"] = Field(
        description="The domain, as the plan names it; after a fallback the target."
    )
    state: BlockState = Field(
        description="`releasing`: the source was being released, so it may take writes again by now."
    )
    indices: list[str]
    since: datetime
    deadline: datetime | None = Field(description="The window's; null if that has ended.")
    lift: str = Field(description="The command that releases it.")
    guard: GuardReport | None = Field(
        default=None, description="The window's guard; null if it has none, or no longer."
    )


class WaitingCopies(ReportPart):
    """Copies on the target: closed, or as a fallback left them."""

    round: int = Field(description="Number of the last finished round; 0 before the first.")
    copies: int
    doubted: int = Field(description="Those that the next round copies again, whatever they hold.")
    left_by_fallback: bool = Field(
        default=False,
        description="Whether a fallback has left them: open, refusing writes, and ready to be followed.",
    )
    as_of: datetime | None = Field(
        description="The time up to which the others are complete; null before round 1."
    )
