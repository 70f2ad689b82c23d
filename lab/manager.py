"""Manage labs from outside: up, down, status, and a lab for the duration of a block of code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.assembly import fetch_parts
from lab.description import FILE, PROFILES, LabDescription, load_description
from lab.errors import LabError
from lab.machine import require_room
from lab.paths import S3_FAULTS, SHARED, locked
from lab.processes import Recorded, alive, end_leftovers, recorded
from lab.progress import Progress, Silent
from lab.settings import LabSettings
from lab.supervisor import FAILURE, KEEP, SETTINGS

READY_TIMEOUT = 240.0  # seconds
MARKER = ".snapferry-lab"


@dataclass(frozen=True)
class LabStatus:
    """The status of a lab: `state` is "up", "starting", "broken" (processes left, not usable) or "down"."""

    state: str
    description: LabDescription | None
    processes: tuple[Recorded, ...]


def up(home: Path, settings: LabSettings | None = None, progress: Progress | None = None) -> LabDescription:
    """Start a lab that outlives this process; return when it is ready.

    A lab already up in `home` is returned unchanged, whatever the settings. Leftovers of an earlier one are
    ended first, and its data is lost.

    Raises:
        LabError: Java, memory, disk, network or a port is missing, or an engine died at its start.
    """
    progress = progress or Silent()
    home = prepare_home(home)
    with locked(home / "up.lock"):
        now = status(home)
        if now.state == "up" and now.description is not None:
            progress.message("The lab is already up")
            return now.description
        process = _start(home, settings or LabSettings(), progress)
        try:
            description = _wait(home, process)
            assert process.stdin is not None
            process.stdin.write(KEEP)
            process.stdin.close()
        except BaseException:
            _end(process)
            end_leftovers(home)
            raise
    return description


@contextmanager
def attached(
    home: Path, settings: LabSettings | None = None, progress: Progress | None = None
) -> Generator[LabDescription]:
    """Run a lab for the block. It ends with the block or with this process, even after kill -9.

    Raises:
        LabError: as in `up`, or a lab is already up in `home`.
    """
    home = prepare_home(home)
    with locked(home / "up.lock"):
        if status(home).state == "up":
            raise LabError(
                f"A lab is already up in {home}.", "End it with `snapferry lab down`, or use another home."
            )
        process = _start(home, settings or LabSettings(), progress or Silent())
        try:
            description = _wait(home, process)
        except BaseException:
            _end(process)
            end_leftovers(home)
            raise
    try:
        yield description
    finally:
        _end(process)
        end_leftovers(home)


def down(home: Path) -> list[Recorded]:
    """End the lab in `home`, or the leftovers of a crash. Returns the processes that were running.

    Its logs and data stay in `home` until the next start. Does nothing where there is no lab.
    """
    home = home.expanduser().absolute()
    if not home.is_dir():
        return []
    found = end_leftovers(home)
    (home / FILE).unlink(missing_ok=True)
    return found


def status(home: Path) -> LabStatus:
    """Read the status of the lab in `home`; change nothing."""
    home = home.expanduser().absolute()
    running = tuple(entry for entry in recorded(home) if alive(entry))
    if not running:
        return LabStatus("down", None, ())
    if not any(entry.name == "supervisor" for entry in running):
        return LabStatus("broken", None, running)
    description = load_description(home)
    if description is None:
        return LabStatus("starting", None, running)
    expected = {"supervisor", *(f"engine {node}" for node in description.nodes)}
    whole = expected <= {entry.name for entry in running}
    return LabStatus("up" if whole else "broken", description, running)


def prepare_home(home: Path) -> Path:
    """Create the folder; refuse one with other contents.

    Raises:
        LabError: the folder is neither empty nor a lab's, or cannot be created.
    """
    home = home.expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / MARKER).exists():
            if any(home.iterdir()):
                raise LabError(f"{home} is not empty and no lab's home.", "Choose an empty or new folder.")
            (home / MARKER).write_text("A snapferry lab lives here. It may be deleted when no lab is up.\n")
            home.chmod(0o700)
    except OSError as error:
        raise LabError(
            f"Cannot use {home} as the lab's home: {error.strerror}.", "Choose another folder."
        ) from error
    return home


def _start(home: Path, settings: LabSettings, progress: Progress) -> subprocess.Popen[bytes]:
    left = end_leftovers(home)
    if left:
        progress.message(f"Ended {len(left)} processes that an earlier lab had left")
    _clear(home)
    _fetch(settings, progress)
    require_room(home, settings)
    (home / PROFILES).write_text("")
    settings.save(home / SETTINGS)
    count = sum(domain.nodes for domain in settings.domains)
    engines = "two engines" if count == 2 else f"two engines of {count} nodes in all"
    progress.message(f"Starting {engines}, their front doors, S3, IAM and STS")
    return _spawn(home)


def _clear(home: Path) -> None:
    """Remove what an earlier lab left for others to see: its description, its logs, its snapshots."""
    for old in (*(home / name for name in (FILE, FAILURE, S3_FAULTS)), *home.glob("requests-*.jsonl")):
        old.unlink(missing_ok=True)
    if (home / SHARED).exists():
        shutil.rmtree(home / SHARED)


def _fetch(settings: LabSettings, progress: Progress) -> None:
    told: set[str] = set()
    for domain in settings.domains:
        java = fetch_parts(domain, progress).java.text
        if java not in told:
            progress.message(f"Java: {java}")
        told.add(java)


def _spawn(home: Path) -> subprocess.Popen[bytes]:
    """Start the supervisor in its own session, so that a Ctrl-C reaches it only through its owner."""
    package_parent = str(Path(__file__).resolve().parent.parent)
    paths = [package_parent, os.environ.get("PYTHONPATH", "")]
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "AWS_EC2_METADATA_DISABLED": "true"}
    with (home / "supervisor.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "lab.supervisor", str(home)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env=env,
            start_new_session=True,
        )


def _wait(home: Path, process: subprocess.Popen[bytes]) -> LabDescription:
    deadline = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < deadline:
        description = load_description(home)
        if description is not None:
            return description
        if process.poll() is not None:
            raise _failure(home, process.returncode)
        time.sleep(0.05)
    raise LabError(f"The lab was not ready within {READY_TIMEOUT:.0f} s.", f"See {home / 'supervisor.log'}.")


def _failure(home: Path, code: int) -> LabError:
    path = home / FAILURE
    if path.exists():
        raw = json.loads(path.read_text(encoding="utf-8"))
        return LabError(raw["message"], raw["hint"])
    log = (home / "supervisor.log").read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    return LabError(f"The lab's process ended (exit status {code}) before it was ready.", "\n".join(log))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the supervisor by closing its input; kill it if it does not react."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def remove_home(home: Path) -> None:
    """Delete a lab's home after `down`; refuse any other folder."""
    if (home / MARKER).exists() and status(home).state == "down":
        shutil.rmtree(home)
