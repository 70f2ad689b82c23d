"""The plan's `cutover` section: how long the source may refuse writes, and its state afterwards."""

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
        description="How long the source may refuse writes. A cutover that is not verified by then is rolled "
        "back: the source takes writes again, and the target's copies stay closed at the last round.",
        examples=["20m"],
    )
    source_after: SourceAfter = Field(
        default="blocked",
        title="Source afterwards",
        description="blocked: the source keeps refusing writes after the cutover, so that none is lost "
        "there. released: it takes writes again, which the target does not get.",
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
