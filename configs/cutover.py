"""The plan's `cutover` section: how long the source may refuse writes, and its state afterwards."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from configs.base import Settings
from configs.values.durations import PositiveDuration

SourceAfter = Literal["blocked", "released", "follow"]
Delta = Literal["auto", "tail", "restore"]


class FollowSettings(Settings):
    """How `follow` keeps the copies in step, and when it says that a cutover may begin."""

    max_lag: PositiveDuration = Field(
        default=timedelta(seconds=10),
        title="Largest lag",
        description="A cutover may begin when the copies lack nothing that is older than this.",
        examples=["10s"],
    )
    max_read_rate: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        title="Largest read rate",
        description="The most documents a second that are read from the source. Default: no limit.",
        examples=[2000],
    )
    shards_at_once: Annotated[int, Field(ge=1, le=32)] = Field(
        default=4,
        title="Shards at once",
        description="How many shards are read and written side by side.",
    )


class CutoverSettings(Settings):
    """The window in which the source refuses writes, and how it ends."""

    window: PositiveDuration = Field(
        default=timedelta(hours=1),
        title="Window",
        description="How long the source may refuse writes. A cutover that is not verified by then is rolled "
        "back: the source takes writes again, and the target's copies stay closed at the last round.",
        examples=["20m"],
    )
    source_after: SourceAfter = Field(
        default="blocked",
        title="Source afterwards",
        description="blocked: the source keeps refusing writes after the cutover, so that none is lost "
        "there. released: it takes writes again, which the target does not get. follow: it refuses writes, "
        "but is kept ready to take over again: `snapferry follow` brings it what the target takes, and "
        "`snapferry fallback` goes back to it without losing a write.",
    )
    delta: Delta = Field(
        default="auto",
        title="Delta",
        description="How what changed since the last round reaches the target. tail: document by document, "
        "by sequence number, before the freeze and for the last moments inside the window. restore: by a "
        "snapshot inside the window. auto: the tail for each index that can go by it, unless catching up "
        "before the freeze would take longer than it is worth.",
    )
    follow: FollowSettings = Field(
        default_factory=FollowSettings,
        title="Follow",
        description="How the copies are kept in step by the tail.",
    )
    pause_automated_snapshots: bool = Field(
        default=True,
        title="Pause automated snapshots",
        description="Whether to pause the source's automated snapshots for the window, if the caller is "
        "allowed to. Otherwise the last round waits for a running one.",
    )
    green: PositiveDuration = Field(
        default=timedelta(minutes=10),
        title="Green",
        description="How long to wait for the target's health to become green after opening.",
        examples=["10m"],
    )
