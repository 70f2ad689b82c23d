"""The plan's `snapshot` section: take a new snapshot, or use an existing one."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from configs.base import Settings
from configs.values.durations import Duration
from configs.values.names import SNAPSHOT_PATTERN, check_snapshot_name


class SnapshotSettings(Settings):
    """The snapshot that carries the data to the target."""

    existing: (
        Annotated[
            str, AfterValidator(check_snapshot_name), Field(json_schema_extra={"pattern": SNAPSHOT_PATTERN})
        ]
        | None
    ) = Field(
        default=None,
        title="Existing snapshot",
        description="Name of a snapshot in the repository. Without it, a new one is taken.",
        examples=["orders-2024-05-01"],
    )
    wait_for_running: Duration = Field(
        default=timedelta(minutes=30),
        title="Wait for a running snapshot",
        description="How long to wait for another running snapshot: 45s, 30m, 1h30m, or seconds; "
        "at most 7 days.",
        examples=["30m"],
    )
    allow_partial: bool = Field(
        default=False,
        title="Allow a partial snapshot",
        description="Accept a snapshot that lacks shards. The command also needs --allow-partial.",
    )
