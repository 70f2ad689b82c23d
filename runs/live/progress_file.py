"""What a run is doing right now, in a small file beside its journal, for whoever watches it elsewhere.

The journal is written at the beginning and end of each step, this file within a second of whatever changes in
between. It decides nothing. After a kill it says how far the run had come.
"""

import os
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from domains.known_secrets import cut_secrets
from runs.errors import Busy, StateUnusable
from runs.journal import now
from runs.live.latest import LatestReports, LiveStep
from runs.progress import Progress, TailFigures, listening
from runs.state_files import open_private, read_state
from runs.stores.registry import store_of

_EVERY_S = 0.7


class LiveRequests(BaseModel):
    """Requests that a session has sent to one domain so far; `repeats` are among the reads."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    reads: int = 0
    writes: int = 0
    repeats: int = 0


class LiveProgress(BaseModel):
    """What a session last reported.

    Args:
        process, host: of the session.
        session: when the session began.
        at: when this was written.
        steps: the latest report of each step.
        tail: how the tail stands; None where there is none.
        requests: what the session has sent, by side.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    process: int
    host: str
    session: datetime
    at: datetime
    steps: dict[str, LiveStep] = {}
    tail: TailFigures | None = None
    requests: dict[str, LiveRequests] = {}


Counting = Callable[[], Mapping[str, LiveRequests]]


def _uncounted() -> Mapping[str, LiveRequests]:
    return {}


@contextmanager
def live_progress(path: Path, requests: Counting = _uncounted) -> Generator[None]:
    """Inside the block, keep the file up to date; remove it at the end.

    Where it cannot be written, the run goes on without it.

    Args:
        requests: counts what the session has sent so far, by side.
    """
    writer = _Writer(path, requests)
    try:
        with listening(writer.note), writer.writing():
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
    """Notes what is reported, and writes it in a thread of its own: no step waits for a slow disk."""

    def __init__(self, path: Path, requests: Counting) -> None:
        self._path = path
        self._requests = requests
        self._latest = LatestReports()
        self._tail: TailFigures | None = None
        self._awake = threading.Event()
        began = now()
        self._live = LiveProgress(process=os.getpid(), host=socket.gethostname(), session=began, at=began)
        self._write(self._live)

    def note(self, progress: Progress) -> None:
        """Remember a report, and wait for nothing; one of another step than before is written at once."""
        is_new = progress.step not in self._latest
        self._latest.note(progress)
        if progress.tail:
            self._tail = progress.tail
        if is_new:
            self._awake.set()

    @contextmanager
    def writing(self) -> Generator[None]:
        """Inside the block, write again and again what has changed."""
        ended = threading.Event()

        def repeat() -> None:
            while True:
                self._awake.wait(_EVERY_S)
                self._awake.clear()
                if ended.is_set():
                    return
                self._write_changes()

        thread = threading.Thread(target=repeat, name="live progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            self._awake.set()
            thread.join()

    def _write_changes(self) -> None:
        found = {"steps": self._latest.now(), "tail": self._tail, "requests": dict(self._requests())}
        fresh = self._live.model_copy(update={**found, "at": now()})
        if not _same(fresh, self._live):
            self._live = fresh
            self._write(fresh)

    def _write(self, live: LiveProgress) -> None:
        fresh = self._path.with_suffix(".live-new")
        with suppress(OSError):
            descriptor = open_private(fresh, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(cut_secrets(live.model_dump_json()))
            fresh.replace(self._path)


def _same(one: LiveProgress, other: LiveProgress) -> bool:
    return one.model_copy(update={"at": other.at}) == other
