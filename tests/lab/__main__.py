"""`python tests/lab`: the lab's tests in several runs of pytest at once, each with a lab of its own.

The runs take the modules in turn (turns.py). Much of a test is waiting, as a user of the service waits, so
more runs than cores end sooner. Commands that are to pass first run beside them. Files are kept in memory
where it has room for them, because an engine waits for the disk at each change of its state.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from turns import VARIABLE

MOST = 4
NEEDED = 4 << 30
"""Bytes of memory that one run needs: two engines all the time, and two that a module starts for itself."""
MEMORY = Path("/dev/shm")
ROOM = 8 << 30
"""Bytes for the files of all runs; they were never more than 2 GiB."""
PREFIX = "snapferry-tests-"
PYTEST = (sys.executable, "-m", "pytest", "tests/lab")
PATIENCE_S = 15
Child = subprocess.Popen[bytes]


def main(arguments: Sequence[str]) -> int:
    """Run everything, show it, and return 0 if all of it passed."""
    parser = argparse.ArgumentParser(prog="python tests/lab", description=__doc__)
    parser.add_argument(
        "--first", action="append", default=[], metavar="COMMAND", help="must pass before the rest"
    )
    parser.add_argument(
        "--runs", type=int, default=_as_many_as_fit(), help="of pytest (default: %(default)s)"
    )
    wanted = parser.parse_args(arguments)
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(dir=_memory(), prefix=f"{PREFIX}{os.getpid()}-")
        folder = Path(stack.enter_context(made))
        for variable, name in ((VARIABLE, "turns"), ("TMPDIR", "tmp")):
            (folder / name).mkdir()
            os.environ[variable] = str(folder / name)
        logs = [folder / f"run-{number}.log" for number in range(2, wanted.runs + 1)]
        others = [stack.enter_context(_started(PYTEST, log)) for log in logs]
        for command in wanted.first:
            if stack.enter_context(_started(shlex.split(command))).wait():
                return 1
        codes = [each.wait() for each in (stack.enter_context(_started(PYTEST)), *others)]
        for log in logs:
            print(log.read_text(encoding="utf-8", errors="replace"), flush=True)
    return 0 if not any(codes) else 1


def _as_many_as_fit() -> int:
    return max(1, min(MOST, psutil.virtual_memory().total // NEEDED))


def _memory() -> Path | None:
    """A file system in memory that has room, without what a killed run has left there; else None."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC or not os.access(MEMORY, os.W_OK):
        return None
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX).partition("-")[0])):
            shutil.rmtree(left, ignore_errors=True)
    room = min(
        shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available - NEEDED * _as_many_as_fit() // 2
    )
    return MEMORY if room >= ROOM else None


@contextmanager
def _started(command: Sequence[str], log: Path | None = None) -> Generator[Child]:
    """A child in a process group of its own, which ends with the block at the latest."""
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb")) if log else None
        child = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT if out else None, process_group=0
        )
        try:
            yield child
        finally:
            _end(child)


def _end(child: Child) -> None:
    """End it with all that it has started; a command under test may take the first signal for its own."""
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        if child.poll() is not None:
            return
        os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
