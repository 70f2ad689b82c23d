"""Locks that the kernel frees when their holder dies: one run per plan, one run per pair of domains."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from runs.errors import Busy, StateUnusable
from runs.journal import now

_PAUSE_S = 0.03


@contextmanager
def held(path: Path, what: str, hint: str) -> Generator[None]:
    """Hold the lock file for the duration of the block. It is freed whenever and however the process ends.

    Args:
        path: the lock file, created if missing and left in place.
        what, hint: what the error calls it, such as `plan orders`, and the next step.

    Raises:
        Busy: another process holds it; the error says which, and since when.
        StateUnusable: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StateUnusable(
            f"cannot write {path}: {error.strerror}", "choose another folder with --state"
        ) from error
    with file:
        if not _taken(file):
            raise Busy(f"another run holds {what}{_holder(path)}", hint)
        note = json.dumps({"pid": os.getpid(), "since": now().isoformat(timespec="seconds")})
        with suppress(OSError):  # it only helps messages; the disk may be full
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), note.encode())
        yield


def is_locked(path: Path) -> bool:
    """Whether a live process holds the lock file. Takes a shared lock for an instant."""
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


def holder(path: Path) -> int | None:
    """Return the id of the live process that holds the lock file; None if there is none or it is unknown."""
    if not is_locked(path):
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _taken(file: TextIO) -> bool:
    """Take the lock; retry briefly, because `is_locked` holds it for an instant."""
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f" (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def pair_name(source_uuid: str, target_uuid: str) -> str:
    """Build a file name for a pair of cluster UUIDs."""
    return hashlib.sha256(f"{source_uuid}>{target_uuid}".encode()).hexdigest()[:24]
