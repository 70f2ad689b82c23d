"""Locks between processes: held, named, and freed however the holder ends."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runs.errors import Busy, StateUnusable
from runs.lock import held, is_locked, pair_name
from runs.state import State

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys
from pathlib import Path
from runs.state import State
with State(Path(sys.argv[1]), "orders").lock_plan(), State(Path(sys.argv[1]), "orders").lock_pair("u1", "u2"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds plan `orders` and the pair u1, u2, until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.usefixtures("impatient")
def test_another_run_is_told_which_process_holds_the_plan_and_kill_9_frees_it(tmp_path: Path) -> None:
    state = State(tmp_path, "orders")
    with holder(tmp_path) as process:
        assert state.is_held() and state.holder() == process.pid
        with (
            pytest.raises(Busy, match=rf"plan orders \(process {process.pid}, since 20..-..-..T") as caught,
            state.lock_plan(),
        ):
            pass
        assert "snapferry status" in caught.value.hint
        with (
            pytest.raises(Busy, match="this pair of domains"),
            State(tmp_path, "other").lock_pair("u1", "u2"),
        ):
            pass
        with State(tmp_path, "other").lock_plan(), state.lock_pair("u1", "u3"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        assert not state.is_held()
        with state.lock_plan(), state.lock_pair("u1", "u2"):
            assert state.is_held()
    assert not state.is_held()


@pytest.mark.usefixtures("impatient")
def test_the_lock_names_its_present_holder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    path.parent.mkdir()
    path.write_text('{"pid": 1, "since": "long ago, and longer than what is written now, by far"}')
    with (
        held(path, "plan x", "wait for it"),
        pytest.raises(Busy, match=rf"process {os.getpid()}, since"),
        held(path, "plan x", "wait for it"),
    ):
        pass


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "content",
    ["", '{"pid": 1}', "[]", "7"],
)
def test_a_holder_that_wrote_nothing_useful_is_still_busy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lock"
    with held(path, "plan x", "wait for it"):
        path.write_text(content)
        with pytest.raises(Busy, match=r"another run holds plan x$"), held(path, "plan x", "wait for it"):
            pass


def test_looking_does_not_disturb_who_takes(tmp_path: Path) -> None:
    """`status` looks at the lock again and again while another process takes it."""
    path = tmp_path / "lock"
    with held(path, "plan x", "wait for it"):
        pass
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(path)

    looking = [threading.Thread(target=look) for _ in range(2)]
    for thread in looking:
        thread.start()
    try:
        for _ in range(30):
            with held(path, "plan x", "wait for it"):
                assert is_locked(path)
    finally:
        stop.set()
        for thread in looking:
            thread.join()


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StateUnusable, match="cannot write") as caught,
        held(tmp_path / "file" / "lock", "x", "y"),
    ):
        pass
    assert "--state" in caught.value.hint


def test_a_pair_has_a_direction_and_a_plain_name() -> None:
    assert pair_name("a", "b") != pair_name("b", "a")
    assert re.fullmatch("[0-9a-f]{24}", pair_name("x/../y", "é"))
