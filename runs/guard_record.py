"""Record of a window's guard: one small file beside the journal, which only the guard writes.

The guard is the process that releases the source if the command of a cutover cannot (`flows/guard`). Its
record must be writable on a full disk. So the file gets its full size before anything is frozen, and is
overwritten in place from then on. The guard holds the file's lock as long as it lives.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import StateUnusable
from runs.journal import Journal, now
from runs.lifecycle import is_past_deadline
from runs.lock import is_locked
from runs.state_files import open_private, read_state, unwritable
from runs.verbs import Verb

_SIZE = 16 * 1024
_LONGEST = 1000
_READ_AGAIN_S = 0.05


class GuardState(StrEnum):
    """What a guard is doing, or did last."""

    WATCHING = "watching"
    """The window may be open: the guard waits for the command's end or for the deadline."""
    STOOD_DOWN = "stood down"
    """The command may open the target: the deadline no longer counts."""
    RELEASING = "releasing"
    """It tries to release the source; `problem` says what kept it from that last."""
    RELEASED = "released"
    """It has released the source."""
    LEFT = "left"
    """Indices refuse to be released; `problem` names them. It has given up."""


_ENDED = frozenset({GuardState.RELEASING, GuardState.RELEASED, GuardState.LEFT})


class GuardRecord(BaseModel):
    """What a guard has recorded last.

    Args:
        verb: of the run; records of older versions have none.
        process: the guard's process id.
        at: when it recorded this.
        deadline: of the window; None before the window begins.
        why: why it released the source.
        problem: what it could not do, and why; empty if nothing.
        copies_closed: whether it has closed the target's copies as well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    run_id: str
    verb: Verb = Verb.CUTOVER
    process: int
    state: GuardState
    at: datetime
    deadline: datetime | None = None
    why: str = ""
    problem: str = ""
    copies_closed: bool = False


def record_path(journal: Path) -> Path:
    """Path of the guard's record for the run with this journal."""
    return journal.with_suffix(".guard")


def read_record(journal: Journal) -> GuardRecord | None:
    """Return what the run's guard has recorded last; None if it had none, or its record cannot be read."""
    return _read(record_path(journal.path))


def live_guards(folder: Path) -> Iterator[GuardRecord]:
    """What the guards that are alive have recorded, of all runs whose journals are in this folder."""
    for path in sorted(folder.glob("*.guard")):
        found = _read(path) if is_locked(path) else None
        if found:
            yield found


def _read(path: Path) -> GuardRecord | None:
    for _ in range(3):
        try:
            return GuardRecord.model_validate_json(read_state(path))
        except OSError:
            return None
        except ValidationError:  # read while it was being overwritten
            time.sleep(_READ_AGAIN_S)
    return None


def is_guarded(journal: Journal) -> bool:
    """Whether the run's guard is alive."""
    return is_locked(record_path(journal.path))


def ended_by_guard(journal: Journal) -> str:
    """Return why the run's guard has ended its window; empty if it has not, or there was none."""
    found = read_record(journal)
    return found.why if found and found.state in _ENDED else ""


def is_window_over(journal: Journal) -> bool:
    """Whether the run's window has ended: its deadline has passed, or its guard has released the source."""
    return is_past_deadline(journal.document, now()) or bool(ended_by_guard(journal))


def _lock(file: IO[bytes]) -> None:
    """Take the lock; briefly repeated, because whoever looks at the record holds it for an instant.

    Raises:
        BlockingIOError: a live guard holds it.
    """
    for _ in range(10):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_READ_AGAIN_S)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class GuardFile:
    """The record as its guard holds it: open, locked, and of its full size.

    Args:
        path: the file. It is created, or taken over from a guard that is gone.

    Raises:
        StateUnusable: the file cannot be written, or a live guard holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.fdopen(open_private(path, os.O_RDWR | os.O_NOFOLLOW), "r+b", buffering=0)
            _lock(self._file)
            self._overwrite(b"")
        except BlockingIOError as error:
            raise StateUnusable(
                f"{path} is held by another guard of this cutover", "run the same command again in a minute"
            ) from error
        except OSError as error:
            raise unwritable(path, error) from error

    def write(self, record: GuardRecord) -> None:
        """Overwrite the record, durably, without needing any further space.

        Raises:
            OSError: the disk fails.
        """
        short = {"why": record.why[:_LONGEST], "problem": record.problem[:_LONGEST]}
        self._overwrite(record.model_copy(update=short).model_dump_json().encode())

    def _overwrite(self, content: bytes) -> None:
        os.pwrite(self._file.fileno(), content.ljust(_SIZE), 0)
        os.fsync(self._file.fileno())

    def remove(self) -> None:
        """Remove the file: the journal says all that it says."""
        self.path.unlink(missing_ok=True)
