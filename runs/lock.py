"""Locks that the kernel frees when their holder dies: one run per plan, one run per pair of domains."""

import fcntl
import getpass
import hashlib
import json
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

from runs.errors import Busy
from runs.state_files import (
    is_optional,
    make_folder,
    open_private,
    read_state,
    unreadable,
    unwritable,
)

_PAUSE_S = 0.03


@contextmanager
def held(path: Path, what: str, hint: str) -> Generator[None]:
    """Hold the lock file for the duration of the block. It is freed whenever and however the process ends.

    Where nothing has to be recorded (`recorded_if_possible`), a lock file that cannot be written is held all
    the same if it can be read; if there is none, nothing could have been locked here.

    Args:
        path: the lock file, created if missing and left in place.
        what, hint: what the error calls it, such as `plan orders`, and the next step.

    Raises:
        Busy: another process holds it; the error says which, and since when.
        StateUnusable: the folder cannot be written.
    """
    file = _opened(path)
    if file is None:
        yield
        return
    with file:
        if not _taken(file):
            raise _busy(path, what, hint)
        _write_note(file, json.dumps({"pid": os.getpid(), "since": _since(), "host": socket.gethostname()}))
        try:
            yield
        finally:
            _write_note(file, "")  # what is left tells of a process that was killed


def _opened(path: Path) -> TextIO | None:
    """Open the lock file; None if there is none and nothing has to be recorded."""
    try:
        make_folder(path.parent)
        return os.fdopen(open_private(path, os.O_RDWR), "r+", encoding="utf-8")
    except OSError as error:
        if not is_optional():
            raise unwritable(path, error) from error
    try:
        return _opened_to_read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from error


def _opened_to_read(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), encoding="utf-8")


def _write_note(file: TextIO, note: str) -> None:
    with suppress(OSError):  # it only helps messages; the disk may be full or read-only
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), note.encode(), 0)


def _since() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_locked(path: Path) -> bool:
    """Whether a live process holds the lock file. Takes a shared lock for an instant.

    Raises:
        StateUnusable: the file is there but cannot be read, so nobody knows.
    """
    try:
        with _opened_to_read(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise unreadable(path, error) from error


@dataclass(frozen=True)
class Killed:
    """A process that held the lock and has not freed it by itself.

    Args:
        host: the machine on which it worked.
    """

    pid: int
    since: str
    host: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether that was another machine, whose locks are not seen here."""
        return self.host != socket.gethostname()


def killed_holder(path: Path) -> Killed | None:
    """What the lock file says of a process that was killed, or whose state folder was copied; else None."""
    note = _note(path)
    try:
        return Killed(int(note["pid"]), str(note["since"]), str(note["host"]))
    except (ValueError, KeyError, TypeError):
        return None


def holder(path: Path) -> int | None:
    """Return the id of the live process that holds the lock file; None if there is none or it is unknown."""
    if not is_locked(path):
        return None
    try:
        return int(_note(path)["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _note(path: Path) -> dict[str, Any]:
    """What the holder has written into the lock file; empty if that cannot be read."""
    try:
        note: object = json.loads(read_state(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", note) if isinstance(note, dict) else {}


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


def require_free(path: Path, what: str, hint: str) -> None:
    """Raise Busy if another process holds the lock; leave no trace of having looked.

    Args:
        what, hint: as in `held`.

    Raises:
        StateUnusable: nobody can tell.
    """
    if is_locked(path):
        raise _busy(path, what, hint)


def _busy(path: Path, what: str, hint: str) -> Busy:
    return Busy(f"another run holds {what}{_described(path)}", hint)


def _described(path: Path) -> str:
    note = _note(path)
    return f" (process {note['pid']}, since {note['since']})" if {"pid", "since"} <= note.keys() else ""


def user_name() -> str:
    """Return the name of the user who runs this process; the id where it has none, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def pair_name(source_uuid: str, target_uuid: str) -> str:
    """Build a file name for a pair of cluster UUIDs."""
    return hashlib.sha256(f"{source_uuid}>{target_uuid}".encode()).hexdigest()[:24]
