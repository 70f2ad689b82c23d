"""What a run is doing right now, in a small file beside its journal, for `snapferry status` elsewhere.

The journal is written at the beginning and end of each step, this file every few seconds in between. It
decides nothing. After a kill it says how far the run had come.
"""

import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import Busy, StateUnusable
from runs.journal import now
from runs.progress import Progress, listening
from runs.state_files import open_private, read_state
from runs.stores.registry import store_of

_EVERY_S = 2.0


class LiveProgress(BaseModel):
    """What a session last reported.

    Args:
        process, host: of the session.
        session: when the session began.
        at: when this was reported; `session` if nothing was as yet.
        step, message, done, total, unit, detail, waiting: as in `runs.progress.Progress`.
    """

    model_config = ConfigDict(extra="ignore")
    process: int
    host: str
    session: datetime
    at: datetime
    step: str = ""
    message: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    detail: str = ""
    waiting: bool = False


@contextmanager
def live_progress(path: Path) -> Generator[None]:
    """Inside the block, keep the file up to date; remove it at the end.

    Where it cannot be written, the run goes on without it.
    """
    writer = _Writer(path)
    try:
        with listening(writer):
            yield
    finally:
        with suppress(OSError, StateUnusable, Busy):
            store_of(path).remove(path)


def read_live_progress(path: Path) -> LiveProgress | None:
    """What the file says, of this machine or of another; None if there is none, or it cannot be read."""
    try:
        try:
            return LiveProgress.model_validate_json(read_state(path))
        except FileNotFoundError:
            return LiveProgress.model_validate_json(store_of(path).read(path))
    except (OSError, ValidationError, StateUnusable):
        return None


class _Writer:
    def __init__(self, path: Path) -> None:
        self._path = path
        began = now()
        self._live = LiveProgress(process=os.getpid(), host=socket.gethostname(), session=began, at=began)
        self._written = 0.0
        self._write()

    def __call__(self, progress: Progress) -> None:
        said = {key: getattr(progress, key) for key in ("step", "message", "done", "total", "unit", "detail")}
        changed = progress.step != self._live.step or progress.waiting != self._live.waiting
        self._live = self._live.model_copy(update={**said, "at": now(), "waiting": progress.waiting})
        if changed or time.monotonic() - self._written >= _EVERY_S:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        fresh = self._path.with_suffix(".live-new")
        with suppress(OSError):
            descriptor = open_private(fresh, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self._live.model_dump_json())
            fresh.replace(self._path)
