"""Disks that are full or read-only, for real: a mount that only one child process sees."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FULL = "mount -t tmpfs -o size=2m none {at} && cp -a {kept}/. {at} && cat /dev/zero > {at}/filler"
READ_ONLY = "mount --bind {at} {at} && mount -o remount,bind,ro {at}"
SNAPFERRY = (sys.executable, "-m", "snapferry")


@cache
def _can_mount() -> bool:
    tried = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def on_disk(
    kind: str, at: Path, *command: object, then: str = "true", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that finds its folder on such a disk; skip the test where nobody may mount one.

    Args:
        kind: FULL or READ_ONLY.
        at: the folder; on a full disk it is a copy, which is gone afterwards.
        then: shell commands after it, on the same disk; `$kept` is the folder outside of it.
    """
    if not _can_mount():
        pytest.skip("this machine lets nobody mount a disk of one's own")
    places = {"at": shlex.quote(str(at)), "kept": shlex.quote(f"{at}.kept")}
    given = " ".join(shlex.quote(str(each)) for each in command)
    script = f"""
        cp -a {places["at"]} {places["kept"]} || exit 90
        ({kind.format(**places)}) 2>/dev/null
        kept={places["kept"]}
        {given}
        code=$?
        {then}
        exit $code
    """
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
