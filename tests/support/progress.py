"""Snapshots of a run's progress, and its status, without files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reports.build.progress import Seen, snapshot_of
from reports.model.progress import ProgressSnapshot
from reports.model.report import Report
from reports.views.status import status_of
from runs.live.progress_file import LiveProgress, LiveStep

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
HERE = "bastion"


def standing_of(report: Report, *, held: bool) -> dict[str, Any]:
    """The status of a run, as `status --json` shows it."""
    return status_of(snapshot_of(report, Seen(AT, held)), report)


def progress_of(report: Report, **known: Any) -> ProgressSnapshot:
    """How a run stands that a process works on, unless told otherwise."""
    return snapshot_of(report, Seen(**{"at": AT, "held": True, "here": HERE, **known}))


def reported(**steps: LiveStep | dict[str, Any]) -> LiveProgress:
    """What a session last reported of these steps; a `_` in a name stands for a space."""
    found = {
        name.replace("_", " "): step if isinstance(step, LiveStep) else LiveStep(at=AT, **step)
        for name, step in steps.items()
    }
    return LiveProgress(process=4711, host=HERE, session=AT, at=AT, steps=found)
