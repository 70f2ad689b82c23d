"""The cutover: how long the source may refuse writes, and what becomes of it."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from configs.base import Settings
from configs.values.durations import PositiveDuration

SourceAfter = Literal["blocked", "released"]


class CutoverSettings(Settings):
    """The window in which the source refuses writes, and how it ends."""

    window: PositiveDuration = Field(
        default=timedelta(hours=1),
        title="Window",
        description="How long the source may refuse writes. What is not verified by then is put back: the "
        "source takes writes again, and the target's copies stay closed at the last round.",
        examples=["20m"],
    )
    source_after: SourceAfter = Field(
        default="blocked",
        title="Source afterwards",
        description="blocked: the source goes on refusing writes after the cutover, so that none is lost "
        "there. released: it takes writes again, which the target does not get.",
    )
    pause_automated_snapshots: bool = Field(
        default=True,
        title="Pause automated snapshots",
        description="Whether the service's own snapshots of the source are paused for the window, where the "
        "caller may do so. Otherwise the last round waits for one that runs.",
    )
    green: PositiveDuration = Field(
        default=timedelta(minutes=10),
        title="Green",
        description="How long to wait for the target's health to be green once it is open.",
        examples=["10m"],
    )
