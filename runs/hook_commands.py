"""Running a hook's command: without a shell, in a process group of its own, for a limited time."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from runs.redaction import redacted

_KEPT = 4096  # bytes of the output that are shown
_READ = 65536  # bytes that are searched for secrets first, so that none is cut in two at the edge of those


def command_unusable(command: Sequence[str]) -> str:
    """Why this command cannot be started from the present directory; empty when it can."""
    if shutil.which(command[0]) is None:
        return f"there is no program {command[0]} that can be started from {Path.cwd()}"
    return ""


def run_command(
    command: Sequence[str], told: Mapping[str, str], timeout_s: float, named: Sequence[str]
) -> str:
    """Runs the command and returns what went wrong; empty when it exited with 0 in time.

    It gets this process's environment and directory, the variables of `told`, and no input. Whatever it has
    started in its process group is killed with it at the timeout, and when this process is interrupted.

    Args:
        told: SNAPFERRY_… variables.
        timeout_s: seconds it may take.
        named: environment variables that hold secrets, beside those whose names tell so: their values are
            cut out of the output that is returned.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,  # a file: what stays in the background with it open is not waited for
                stderr=subprocess.STDOUT,
                env={**os.environ, **told},
                start_new_session=True,
            )
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        try:
            ended = _ending(process, timeout_s)
        finally:
            if process.poll() is None:
                _kill(process)
        said = _tail(output, named) if ended else ""
    return f"{ended}: {said}" if said else ended


def _ending(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return f"it had not ended after {timeout_s:g} s and was killed"
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"exit code {code}" if code else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(output: IO[bytes], named: Sequence[str]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _READ))
    text = redacted(output.read().decode("utf-8", "replace"), named)
    return text.encode()[-_KEPT:].decode("utf-8", "ignore").strip()
