"""How long the light verbs take, against Python alone and against importing Prefect."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.table import Row

_COMMAND = str(Path(sys.executable).parent / "snapferry")
_COMMANDS: Mapping[str, Sequence[str]] = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "python -c 'import prefect'": (sys.executable, "-c", "import prefect"),
    "snapferry --help": (_COMMAND, "--help"),
    "snapferry schema": (_COMMAND, "schema"),
}
_PYTHON, _PREFECT, *_OURS = _COMMANDS


def measured(runs: int) -> list[Row]:
    """Time each command in turn, `runs` times, after one turn that does not count."""
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for turn in range(runs + 1):
        for name, command in _COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if turn:
                times[name].append(time.perf_counter() - began)
    rivals = [Row(name, tuple(times[name])) for name in (_PYTHON, _PREFECT)]
    ours = [Row(name, tuple(times[name]), rival) for name in _OURS for rival in rivals]
    return [*rivals, *ours]
