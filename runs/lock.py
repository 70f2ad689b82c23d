"""Locks that the kernel frees when their holder dies: one run a plan, one run a pair of domains."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runs.errors import Busy, StateUnusable
from runs.journal import now


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Holds the lock file for the time of the block. It is freed at the end of the process, however it ends.

    Args:
        path: the lock file, created when missing and left in place.
        what: named in the error, as `plan orders`.

    Raises:
        Busy: another process holds it; says which, and since when.
        StateUnusable: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StateUnusable(f"cannot write {path}: {error.strerror}", "choose another folder with --state") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another run holds {what}{_holder(path)}", "wait for it; `snapferry status` shows it") from None
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "since": now().isoformat(timespec="seconds")}, file)
        file.flush()
        yield


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f" (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError):
        return ""


def pair_name(source_uuid: str, target_uuid: str) -> str:
    """A file name for a pair of cluster UUIDs."""
    return hashlib.sha256(f"{source_uuid}>{target_uuid}".encode()).hexdigest()[:24]
