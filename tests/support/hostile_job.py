"""The memory and time that hostile replies take: `python -m tests.support.hostile_job [MODE …]`.

Without a mode it tries all of them with whole bombs; that takes some minutes. Each is read as any reply, as a
list of the whole domain, and as documents. Exits with 1 if one takes 400 MB, or longer than its total.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TESTS = str(Path(__file__).resolve().parents[1])
sys.path[:0] = [_TESTS, str(Path(_TESTS).parent)]
MOST_MB = 400
TOTAL_S = 20.0


def main(names: list[str]) -> int:
    """Try these modes, or all of them with whole bombs."""
    from support.hostile import MODES

    if names:
        return _try(names, whole=False)
    unknown = 0
    for name in MODES:  # each in a process of its own, whose highest memory is then its own
        command = [sys.executable, "-m", "tests.support.hostile_job", "--whole", name]
        unknown |= subprocess.run(command, check=False).returncode
    return unknown


def _try(names: list[str], *, whole: bool) -> int:
    from domains.errors import DomainError
    from domains.http import connection
    from support.hostile import bombs, hostile_apart, use_whole_bombs

    connection.BUDGET_S = 0.0
    if whole:
        use_whole_bombs()
    if any("bomb" in name for name in names):
        bombs()  # before the server is a process of its own, which would make them for every reply
    failed = 0
    for name in names:
        with hostile_apart(name) as server:
            for how, read in _ways(connection.Connection("source", server.endpoint, None)).items():
                began = time.monotonic()
                try:
                    read()
                    said = "read"
                except DomainError as error:
                    said = type(error).__name__
                seconds = time.monotonic() - began
                most = _most_mb()
                failed |= most >= MOST_MB or seconds > TOTAL_S + 1
                print(f"{name}, {how}: {said}, {seconds:.1f} s, {most} MB")
    return int(failed)


def _most_mb() -> int:
    """The most memory that this process has had; `ru_maxrss` would count what its parent had before it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _ways(connection: Any) -> dict[str, Callable[[], Any]]:
    return {
        "any reply": lambda: connection.read_object("GET", "/x", timeout_s=TOTAL_S),
        "whole domain": lambda: connection.read_entries("/x", lambda _, entry: None, timeout_s=TOTAL_S),
        "documents": lambda: connection.read_text("POST", "/x/_search", longest=17 << 20, timeout_s=TOTAL_S),
    }


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(_try(given[1:], whole=True) if given[:1] == ["--whole"] else main(given))
