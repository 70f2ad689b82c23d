"""A window that always ends: whatever happens to the command, the source takes writes again."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import requests
from migrations import Desk, documents, engine, eventually, guard_of, refusal, rule
from rounds import CUTOVER, append, blocked, copies, cut_over, write
from support.prefect_server import prefect_server
from ways_out import require_ways_out

from lab.description import child_environment

ONE = {"settings": {"number_of_replicas": 0}}
NAMES = {"first", "second"}
LONG_S = 60.0
GATE = {"before-open": {"timeout": "5m"}}


@pytest.fixture
def two(desk: Desk) -> Desk:
    """A user with two indices; the cutover waits at the gate before the opening."""
    for name in sorted(NAMES):
        engine(desk.lab, "source", "PUT", f"/{name}", ONE)
        append(desk.lab, name, 5)
    desk.write(cutover=CUTOVER, gates=GATE)
    return desk


def at_gate(desk: Desk) -> bool:
    """Whether the cutover waits inside its window."""
    return any(desk.folder.glob("state/plans/*/*.json")) and any(
        gate["approved"] is None for gate in desk.journal()["gates"].values()
    )


@contextmanager
def waiting(desk: Desk, **more: str | None) -> Iterator[subprocess.Popen[str]]:
    """A cutover in a process of its own that waits inside its window."""
    process = desk.start("cutover", "--execute", "--allow-freeze", environment=more)
    try:
        eventually(lambda: process.poll() is not None or at_gate(desk))
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert blocked(desk.lab) == NAMES
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def dripping(desk: Desk) -> Iterator[None]:
    """The source's replies come one byte a second."""
    faults = f"{desk.lab.admin_url}/faults"
    drips = {"name": "drips", "domain": "source", "rate": 1.0, "faults": [{"kind": "drip", "delay_s": 1.0}]}
    requests.put(faults, json={"seed": 1, "classes": [drips]}, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(faults, timeout=10).raise_for_status()


def require_rolled_back(desk: Desk) -> None:
    """The source takes writes, the copies wait, and the run counts as interrupted."""
    assert blocked(desk.lab) == set()
    assert set(copies(desk.lab).values()) == {"close"}
    assert desk.journal()["status"] == "interrupted"
    assert write(desk.lab, "first") == 201


def require_next_done(desk: Desk) -> None:
    """The next cutover brings what was written after the window."""
    desk.write(cutover=CUTOVER)
    ended = cut_over(desk)
    assert ended.code == 0, str(ended)
    assert documents(desk.lab, "target", "first") == 6


def test_after_kill_9_the_guard_ends_the_window_at_once_and_on_record(two: Desk) -> None:
    with waiting(two) as process:
        status = two.run("status").out
        assert "releases it at once if the process of the cutover dies" in status, status
        process.kill()
        eventually(lambda: blocked(two.lab) == set(), within_s=5)
        said, _ = process.communicate(timeout=LONG_S)  # the guard has the same standard error
    assert "its guard released the source" in said
    require_rolled_back(two)
    told = two.run("status").out
    assert "refuses writes" not in told and "its guard released the source" in told, told
    assert two.run("report").code == 0
    require_next_done(two)


def test_a_command_that_hangs_past_its_deadline_does_not_hold_a_source_that_drips(two: Desk) -> None:
    two.write(cutover={**CUTOVER, "window": "15s"}, gates=GATE)
    with waiting(two) as process:
        process.send_signal(signal.SIGSTOP)
        deadline = datetime.fromisoformat(two.journal()["window"]["deadline"])
        assert blocked(two.lab) == NAMES
        within_s = (deadline - datetime.now(UTC)).total_seconds() + 5
        with dripping(two):
            eventually(lambda: blocked(two.lab) == set(), within_s)
        eventually(lambda: set(copies(two.lab).values()) == {"close"})
        told = " ".join(two.run("status").out.split())
        assert "The source takes writes again since" in told and "the deadline passed" in told, told
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=LONG_S)
    assert process.returncode == 5
    require_rolled_back(two)


def test_with_the_journals_disk_full_the_window_ends_and_the_status_says_so(two: Desk) -> None:
    """A folder in the place of the journal's next version stands for a full disk: nothing can be saved."""
    with waiting(two) as process:
        (journal,) = (path for path in two.folder.rglob("*.guard"))
        full = journal.with_suffix(".new")
        full.mkdir()
        process.kill()
        eventually(lambda: blocked(two.lab) == set(), within_s=5)
        process.communicate(timeout=LONG_S)
    told = " ".join(two.run("status").out.split())
    assert "The source takes writes again since" in told, told
    assert set(copies(two.lab).values()) == {"close"}
    full.rmdir()
    ended = two.run("cutover", "--execute")
    assert ended.code == 5, str(ended)
    require_rolled_back(two)


def test_without_its_guard_a_window_ends(two: Desk) -> None:
    with waiting(two) as process:
        guard = guard_of(two)
        assert guard
        os.kill(guard["process"], signal.SIGKILL)
        said, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 1, said
    assert f"the guard of the window (process {guard['process']}) has ended" in " ".join(said.split())
    assert blocked(two.lab) == set() and set(copies(two.lab).values()) == {"close"}


def test_nothing_is_frozen_that_the_source_refuses_to_release(two: Desk) -> None:
    two.write(cutover=CUTOVER)
    rule(two.lab, **refusal("source", "/.*/_settings", None))
    refused = cut_over(two)
    said = " ".join(refused.err.split() + refused.out.split())
    assert refused.code == 1, str(refused)
    assert "first: illegal_argument_exception | final index setting" in said, said
    assert two.journal()["window"] is None and blocked(two.lab) == set()


def test_many_signals_do_not_cut_the_roll_back_short(two: Desk) -> None:
    with waiting(two) as process:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.1)
        said, _ = process.communicate(timeout=LONG_S)
    assert "Traceback" not in said, said
    assert process.returncode == 5
    require_rolled_back(two)


@pytest.mark.soak
def test_one_index_that_refuses_its_release_does_not_hold_the_others(two: Desk) -> None:
    with waiting(two) as process:
        engine(two.lab, "source", "PUT", "/first/_settings", {"index.blocks.read_only": True})
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 1, said
    assert blocked(two.lab) == {"first"} and write(two.lab, "second") == 201
    assert set(copies(two.lab).values()) == {"close"}
    assert "1 index on the source still refuses writes: first" in " ".join(said.split()), said
    assert "PUT /first/_settings" in said
    engine(two.lab, "source", "PUT", "/first/_settings", {"index.blocks.read_only": None})
    ended = two.run("abort", "--execute")
    assert ended.code == 0, str(ended)
    assert blocked(two.lab) == set()


def _read_on(terminal: int) -> None:
    """Read what the terminal shows, if anything: a command waits until somebody reads."""
    if select.select([terminal], [], [], 0.05)[0]:
        os.read(terminal, 1 << 16)


def test_a_closed_terminal_ends_the_window_and_the_output_goes_on_in_a_file(two: Desk) -> None:
    child, terminal = pty.fork()
    if not child:
        os.environ.update(child_environment(two.lab) | two.environment)
        plan = str(two.plan_file)
        os.execv(
            sys.executable,
            [sys.executable, "-m", "snapferry", "cutover", plan, "--execute", "--allow-freeze"],
        )

    def waits() -> bool:
        _read_on(terminal)
        return at_gate(two)

    eventually(waits)
    assert blocked(two.lab) == NAMES
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    (log,) = two.folder.rglob("output.log")
    assert "releasing the source" in log.read_text()
    assert os.waitstatus_to_exitcode(status) == 5
    require_rolled_back(two)


def test_without_prefects_server_the_window_goes_on_to_its_end(two: Desk) -> None:
    with (
        prefect_server(two.folder / "prefect") as server,
        waiting(two, PREFECT_API_URL=server.address) as process,
    ):
        server.process.kill()
        approved = two.run("approve", "before-open")
        assert approved.code == 0, str(approved)
        eventually(lambda: two.journal()["status"] == "done")
        process.kill()  # Prefect's client would be patient with its server for another minute
    assert blocked(two.lab, "target") == set()


def test_a_refused_release_and_a_refused_opening_have_a_way_out(desk: Desk) -> None:
    require_ways_out(desk)
