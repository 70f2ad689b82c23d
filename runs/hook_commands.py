"""Run a hook's command: no shell, its own process group, limited time."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from runs.redaction import redacted

_KEPT = 4096  # bytes of output to show
_READ = 65536  # bytes to redact before cutting to _KEPT, so that no secret is split at the edge


def command_unusable(command: Sequence[str]) -> str:
    """Say why this command cannot be started from the current directory; empty if it can."""
    if shutil.which(command[0]) is None:
        return f"there is no program {command[0]} that can be started from {_current_folder()}"
    return ""


def run_command(
    command: Sequence[str], variables: Mapping[str, str], timeout_s: float, named: Sequence[str]
) -> str:
    """Run the command and return what went wrong; empty if it exited with 0 in time.

    The command inherits this process's environment and directory, gets `variables` on top, and has no input.
    At the timeout, or if this process is interrupted, its whole process group is killed.

    Args:
        variables: the SNAPFERRY_… variables.
        timeout_s: seconds the command may take.
        named: environment variables that hold secrets, besides those whose names suggest it; their values
            are redacted from the returned output.
    """
    with _place_for_output() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,  # a file, so that background processes holding it open are not waited for
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
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


def _current_folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "the current folder, which is gone"


def _place_for_output() -> IO[bytes]:
    """A file for the command's output; where there is no room for one, the output is dropped."""
    try:
        return cast("IO[bytes]", tempfile.TemporaryFile())
    except OSError:
        return Path(os.devnull).open("w+b")


def _ending(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return f"it was still running after {timeout_s:g} s and was killed"
    if code < 0:
        return f"it was killed by signal {-code}"
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
