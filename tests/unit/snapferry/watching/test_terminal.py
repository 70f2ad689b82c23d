"""`status --watch` and `watch`: the same numbers as the run, until it ends, in another process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.watched import a_plan_file, at_work, restoring, runs_of

from flows.previews.watched import WatchedPlan
from runs.journal import Journal
from runs.run_status import RunStatus

pytestmark = pytest.mark.slow


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return a_plan_file(tmp_path)


@contextmanager
def watching(plan: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "snapferry", *arguments, str(plan), "--state", str(runs_of(plan).folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_with(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"no line with {text}")


@pytest.mark.parametrize("arguments", [("watch",), ("status", "--watch")])
def test_it_waits_for_a_run_shows_its_numbers_and_ends_as_it_did(
    plan: Path, arguments: tuple[str, ...]
) -> None:
    with watching(plan, *arguments) as process:
        assert line_with(process, "There is no run of plan orders yet; waiting for one to begin.")
        with at_work(plan) as journal:
            line = line_with(process, "step=restore")
            assert f"run={journal.run_id}" in line and "done=4000000 total=27000000 unit=bytes" in line
            restoring(9_000_000)
            assert line_with(process, "done=9000000")
            journal.settle(RunStatus.DIFFERENT, "two documents differ")
        out, _ = process.communicate(timeout=90)
    assert process.returncode == 4
    assert "two documents differ" in out and journal.run_id in out


def test_a_watch_that_is_ended_leaves_the_run_alone(plan: Path) -> None:
    with at_work(plan) as journal, watching(plan, "watch") as process:
        line_with(process, "step=restore")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)
        assert process.returncode == 5
        assert "the watch has ended; the run goes on" in err
        assert runs_of(plan).is_held() and Journal.load(journal.path).document.status is RunStatus.RUNNING


def test_of_a_run_that_has_ended_the_end_is_shown_at_once(plan: Path) -> None:
    with at_work(plan) as journal:
        journal.settle(RunStatus.FAILED, "the reason")
    with watching(plan, "watch", "--json") as process:
        out, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert json.loads(out)["figures"]["outcome"] == "failed"


def test_the_numbers_of_another_process_are_at_most_a_second_old(plan: Path) -> None:
    """A report is in the file soon after it is made, also if nothing is reported after it."""
    with at_work(plan):
        watched = WatchedPlan(runs_of(plan))
        for done in (5_000_000, 6_000_000):
            restoring(done)
            until = time.monotonic() + 5
            while _done(watched) != done:
                assert time.monotonic() < until
                threading.Event().wait(0.05)


def _done(watched: WatchedPlan) -> int | None:
    seen = watched.look()
    return seen.snapshot.step.done if seen and seen.snapshot.step else None


def test_a_journal_is_read_again_only_when_it_was_replaced(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_work(plan) as journal:
        watched = WatchedPlan(runs_of(plan))
        first = watched.look()
        assert first
        loads: list[Path] = []
        load = Journal.load
        monkeypatch.setattr(Journal, "load", lambda path: loads.append(path) or load(path))
        again = watched.look()
        assert again and again.report is first.report and loads == []
        journal.save()
        assert watched.look() and loads == [journal.path]
