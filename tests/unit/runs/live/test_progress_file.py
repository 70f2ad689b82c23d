"""What a run is doing is written beside it: a step waits for no disk."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from support.watched import until_written

from runs.live import progress_file
from runs.live.progress_file import live_progress, read_live_progress
from runs.progress import Progress, report_progress


def test_a_step_does_not_wait_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = tmp_path / "run.live"
    hangs, released, opened = threading.Event(), threading.Event(), progress_file.open_private

    def slow(*arguments: Any) -> int:
        hangs.set()
        assert released.wait(10)
        return opened(*arguments)

    with live_progress(live):
        monkeypatch.setattr(progress_file, "open_private", slow)
        report_progress(Progress("snapshot", "copying", 1, 10, "bytes"))
        assert hangs.wait(10)
        began = time.monotonic()
        report_progress(Progress("snapshot", "copying", 2, 10, "bytes"))
        report_progress(Progress("restore", "restoring", 1, 10, "bytes"))
        waited = time.monotonic() - began
        released.set()
        until_written(live, "restore")
        found = read_live_progress(live)
    assert waited < 1
    assert found and found.steps["snapshot"].done == 2
    assert not live.exists()
