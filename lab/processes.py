"""Record the processes of a lab, so that the next command can end those that a crash left behind.

A process is identified by its id and creation time, because an id may be reused.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from lab.paths import write_atomic

FILE = "processes.json"
TOLERANCE = 0.05  # seconds


@dataclass(frozen=True)
class Recorded:
    """A process that the lab started; `created` is its creation time (Unix seconds)."""

    name: str
    pid: int
    created: float


def record(home: Path, name: str, pid: int) -> Recorded:
    """Add the running process to the home's list, before anything else can go wrong."""
    entry = Recorded(name, pid, psutil.Process(pid).create_time())
    write_atomic(home / FILE, json.dumps([asdict(each) for each in [*recorded(home), entry]], indent=1))
    return entry


def recorded(home: Path) -> list[Recorded]:
    """List all processes recorded for the home since `forget`, dead ones included."""
    path = home / FILE
    if not path.exists():
        return []
    try:
        return [Recorded(**raw) for raw in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError):
        return []


def alive(entry: Recorded) -> psutil.Process | None:
    """Return the process if it still runs and is the recorded one; else None."""
    try:
        process = psutil.Process(entry.pid)
        same = abs(process.create_time() - entry.created) < TOLERANCE
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def end_leftovers(home: Path, grace: float = 10.0) -> list[Recorded]:
    """End the home's recorded processes that still run, the supervisor first; then forget the list.

    Each gets SIGTERM, and SIGKILL after `grace` seconds. Returns those that were running.
    """
    found = [(entry, process) for entry in recorded(home) if (process := alive(entry))]
    for _, process in found:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs([process for _, process in found], timeout=grace)
    for process in stubborn:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=5)
    forget(home)
    return [entry for entry, _ in found]


def forget(home: Path) -> None:
    """Drop the home's list of processes."""
    (home / FILE).unlink(missing_ok=True)


def _signal(send) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return
