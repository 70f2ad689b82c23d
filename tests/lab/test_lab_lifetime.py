"""A lab ends with what it should end with, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.manager import down, status
from lab.processes import Recorded, alive, recorded

OWNER = """
import sys, time
from pathlib import Path
from lab.manager import attached
with attached(Path(sys.argv[1])):
    time.sleep(300)
"""


def snapferry(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from snapferry.main import main; main()", "lab", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def wait_until(condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def living(entries: list[Recorded]) -> list[str]:
    return [entry.name for entry in entries if alive(entry)]


def test_kill_9_of_the_owner_during_the_start_takes_everything_down(tmp_path: Path):
    home = tmp_path / "home"
    with subprocess.Popen([sys.executable, "-c", OWNER, str(home)]) as owner:
        assert wait_until(lambda: len(recorded(home)) == 3, 120), "supervisor and two engines were started"
        entries = recorded(home)
        assert len(living(entries)) == 3
        owner.kill()
    assert wait_until(lambda: not living(entries), 10), living(entries)
    assert status(home).state == "down"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the next `down` ends the engines")
def test_the_command_from_up_to_a_killed_supervisor_and_down(tmp_path: Path):
    home = tmp_path / "home"
    try:
        first = snapferry("up", "--folder", str(home), "--no-data", "--target-region", "eu-north-1")
        assert first.returncode == 0, first.stderr
        assert "orders-target in eu-north-1" in first.stdout
        assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in first.stdout
        assert "region: eu-north-1" in (home / "plan.yaml").read_text()
        before = recorded(home)
        again = snapferry("up", "--folder", str(home))
        assert (again.returncode, recorded(home)) == (0, before), "a lab that is up stays as it is"
        shown = json.loads(snapferry("status", "--folder", str(home), "--json").stdout)
        assert (shown["state"], len(shown["processes"])) == ("up", 3)
        os.kill(shown["lab"]["supervisor_pid"], signal.SIGKILL)
        assert wait_until(lambda: not living(before), 10), living(before)
        assert snapferry("status", "--folder", str(home)).stdout.strip().endswith("is down.")
        assert snapferry("down", "--folder", str(home)).returncode == 0
        assert not (home / "lab.json").exists()
    finally:
        down(home)


def test_what_is_lacking_is_said_with_exit_1(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    refused = snapferry("up", "--folder", str(tmp_path))
    assert refused.returncode == 1
    assert "is not empty and no lab's home" in refused.stderr
