"""State in S3, for several machines. What belongs to one machine alone, as logs, stays in a folder there.

Two things keep a former holder from doing harm. The lease tells it that it is not the holder any more; and
where it has not noticed, the first thing that a new holder does is to write every journal anew, so that the
former one can no longer write the intent without which it sends nothing.
"""

import errno
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from configs.state import StateSettings
from domains.http.permits import permitted_by
from runs import lock
from runs.errors import Busy, LockLost, StateUnreachable, StateUnusable
from runs.progress import Progress, report_progress
from runs.stores.conditional import ConditionalObjects
from runs.stores.lease import BEATS, Alive, Holder, Lease, LockRecord, lock_record
from runs.stores.store import Appender
from runs.stores.stored_objects import StoredObjects

_CACHE_BYTES = 64 * 1024 * 1024
_PATIENCE_S = 120.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LIVE = "*.live"
_session: ContextVar[str] = ContextVar("snapferry_session", default="")


class SharedStore:
    """The state below one address.

    Args:
        folder: what this machine keeps: lock files, logs, what a guard records. Other paths below it only
            name what is in S3.
        objects: for what is stored.
        lease_objects: the same, for renewing locks: they have their answer within a third of the lease.
        settings: how it is reached.
    """

    def __init__(
        self,
        folder: Path,
        objects: ConditionalObjects,
        lease_objects: ConditionalObjects,
        settings: StateSettings,
    ) -> None:
        self.address = settings.address
        self._settings = settings
        self._folder = folder
        self._objects = objects
        self._lease_objects = lease_objects
        self._ttl_s = settings.lease.total_seconds()
        self._mutex = threading.RLock()
        self._cache: dict[str, bytes] = {}
        self._leases: dict[str, Lease] = {}
        self._outlived: set[str] = set()
        self._is_silent = False
        self._stored = StoredObjects(objects, settings.address, self._token_over)
        self._live = StoredObjects(lease_objects, settings.address, lambda _: None)

    @property
    def settings(self) -> dict[str, Any]:
        """As `StateStore.settings`."""
        return self._settings.model_dump(mode="json")

    # files

    def read(self, path: Path) -> bytes:
        """As `StateStore.read`."""
        key = self._key(path)
        with self._mutex:
            if key in self._cache and self._keeps(key):
                return self._cache[key]
        found = self._stored.read(key)
        parts = [] if _is_whole(path) else self._stored.parts(key, found.merged if found else 0)
        if found is None and not parts:
            raise FileNotFoundError(errno.ENOENT, "there is no such object", self.shown(path))
        content = (found.content if found else b"") + b"".join(parts)
        self._keep(key, content)
        return content

    def exists(self, path: Path) -> bool:
        """As `StateStore.exists`."""
        return path.name in {each.rstrip("/") for each in self._objects.names(self._key(path.parent))}

    def replace(self, path: Path, text: str) -> None:
        """As `StateStore.replace`."""
        key, content = self._key(path), text.encode()
        self.require_held()
        self._stored.replace(key, content)
        self._keep(key, content)

    def create(self, path: Path, text: str) -> bool:
        """As `StateStore.create`."""
        self.require_held()
        return self._stored.create(self._key(path), text.encode())

    def remove(self, path: Path) -> None:
        """As `StateStore.remove`."""
        self.require_held()
        path.unlink(missing_ok=True)
        key = self._key(path)
        self._stored.remove(key)
        if not _is_whole(path):
            self._stored.remove_parts(key)
        with self._mutex:
            self._cache.pop(key, None)

    def entries(self, folder: Path) -> list[Path]:
        """As `StateStore.entries`."""
        names = {each.rstrip("/") for each in self._objects.names(self._key(folder))}
        return [folder / each for each in sorted(names)]

    def folders(self, folder: Path) -> list[Path]:
        """As `StateStore.folders`."""
        names = self._objects.names(self._key(folder))
        return [folder / each.rstrip("/") for each in sorted(names) if each.endswith("/")]

    def appender(self, path: Path) -> Appender:
        """As `StateStore.appender`."""
        return _Parts(self._stored, self._key(path), self.require_held)

    def shown(self, path: Path) -> str:
        """As `StateStore.shown`."""
        key = self._key(path)
        return f"{self.address}/{key}" if key != "." else self.address

    # locks

    @contextmanager
    def hold(self, path: Path, what: str, hint: str) -> Generator[None]:
        """As `StateStore.hold`; a holder that died is waited for until its lease has ended."""
        key = self._key(path)
        with lock.held(path, what, hint), _in_session() as session:
            who = _this_process(path, session)
            lease = Lease(
                self._objects,
                key,
                who,
                self._ttl_s,
                renewing=self._lease_objects,
                outlived=self._outlived,
            )
            try:
                left = lease.take(lambda record, left_s: _report_waiting(what, record, left_s))
            except Alive as alive:
                raise _busy(what, hint, alive.record) from None
            fenced = False
            try:
                with ExitStack() as stack:
                    stack.enter_context(self._holding(key, lease))
                    stack.enter_context(_repeating(self._ttl_s / BEATS, lease.renew))
                    if left:
                        self._outlived.add(left)
                        self._stored.fence(_folder(key))
                    fenced = True
                    send_live = partial(self._send_live, path.parent)
                    stack.enter_context(_repeating(self._ttl_s / BEATS, send_live))
                    stack.enter_context(permitted_by(partial(self.require_held, session)))
                    yield
                    if lease.is_lost:
                        lease.require()
            finally:
                if fenced:  # else the next holder has to do that, and must see that it has
                    lease.release()

    def require_free(self, path: Path, what: str, hint: str) -> None:
        """As `StateStore.require_free`; whether a holder elsewhere lives, `hold` finds out."""
        lock.require_free(path, what, hint)

    def is_held(self, path: Path) -> bool:
        """As `StateStore.is_held`; on another machine, for as long as its lease lasts by the clock of S3."""
        return lock.is_locked(path) or self._live_record(path) is not None

    def holder(self, path: Path) -> int | None:
        """As `StateStore.holder`; the process may be one of another machine."""
        record = self._live_record(path)
        return lock.holder(path) or (record.holder.process if record else None)

    def require_held(self, session: str = "") -> None:
        """Confirm that a run still holds everything that it has taken; wait a while for an answer.

        Args:
            session: what its locks have in common; without it that of this context, and in a thread without
                one, that of every run in this process.

        Raises:
            LockLost: it does not.
            StateUnreachable: nobody knows.
        """
        mine = session or _session.get()
        with self._mutex:
            leases = tuple(each for each in self._leases.values() if mine in ("", each.session))
        until = time.monotonic() + (0 if self._is_silent else _PATIENCE_S)
        for lease in leases:
            while True:
                try:
                    lease.require()
                    break
                except StateUnreachable as error:
                    self._is_silent = time.monotonic() >= until
                    if self._is_silent:
                        raise
                    report_progress(Progress("state", f"waiting: {error.message}", waiting=True))
        self._is_silent = False

    # keys

    def _key(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _token_over(self, key: str) -> int | None:
        """The token of the lock that this process holds over the folder which an object is in."""
        with self._mutex:
            held = [each for name, each in self._leases.items() if key.startswith(f"{_folder(name)}/")]
        return held[0].token if held else None

    def _keeps(self, key: str) -> bool:
        """Whether nobody but this process may write this object now: a journal of a plan that it holds."""
        return any(_folder(key) == _folder(name) for name in self._leases) and key.endswith(".json")

    def _keep(self, key: str, content: bytes) -> None:
        with self._mutex:
            self._cache.pop(key, None)
            if self._keeps(key) and sum(map(len, self._cache.values())) + len(content) <= _CACHE_BYTES:
                self._cache[key] = content

    # holding

    @contextmanager
    def _holding(self, key: str, lease: Lease) -> Generator[None]:
        with self._mutex:
            self._cache.clear()
            self._leases[key] = lease
        try:
            yield
        finally:
            with self._mutex:
                del self._leases[key]
                self._cache.clear()

    def _live_record(self, path: Path) -> LockRecord | None:
        """The record of a holder that lives, as far as S3 knows; None if there is none."""
        found = self._lease_objects.read(self._key(path))
        if found is None:
            return None
        record = lock_record(self._key(path), found)
        is_here = record.holder.place == _place(path) != ""
        if record.released or found.age_s > record.ttl_s or (is_here and not lock.is_locked(path)):
            return None
        return record

    def _send_live(self, folder: Path) -> None:
        """Let other machines know what the runs of this folder are doing."""
        for path in folder.glob(_LIVE):
            self._live.overwrite(self._key(path), path.read_bytes())


class _Parts:
    """A file of lines in S3: what is appended durably at once is an object, written once."""

    def __init__(self, stored: StoredObjects, key: str, require_held: Callable[[], None]) -> None:
        self._stored = stored
        self._key = key
        self._require_held = require_held
        self._last: int | None = None
        self._pending: list[str] = []

    def append(self, text: str, *, durably: bool = False) -> None:
        self._pending.append(text)
        if durably:
            self._flush()

    def replace(self, text: str) -> None:
        self._require_held()
        self._pending, last = [], self._known_last()
        self._stored.merge(self._key, text.encode(), last)
        self._last = last

    def remove(self) -> None:
        self._pending, self._last = [], None
        self._stored.remove(self._key)
        self._stored.remove_parts(self._key)

    def close(self) -> None:
        with suppress(StateUnusable, Busy):  # what is lost was answers, which only make things clearer
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        self._require_held()
        content = "".join(self._pending).encode()
        self._last = self._stored.add_part(self._key, self._known_last() + 1, content)
        self._pending = []

    def _known_last(self) -> int:
        return self._stored.last_part(self._key) if self._last is None else self._last


@contextmanager
def _repeating(every_s: float, act: Callable[[], object]) -> Generator[None]:
    """Inside the block, do this again and again in a thread of its own; soon again after a failure.

    It reports no failure: the next write or request does.
    """
    ended = threading.Event()

    def repeat() -> None:
        pause_s = every_s
        while not ended.wait(pause_s):
            pause_s = every_s
            try:
                act()
            except LockLost:
                return
            except (StateUnusable, OSError, RuntimeError):
                pause_s = min(every_s, 1.0)

    thread = threading.Thread(target=repeat, name="state", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _is_whole(path: Path) -> bool:
    """Whether a file is one object: not one of lines."""
    return path.suffix == ".json" or path.suffix == ".live" or path.suffix == ".md"


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _place(path: Path) -> str:
    """The lock file of this machine, as nothing else can be named; empty where that is not known."""
    try:
        found = path.stat()
        return f"{_BOOT_ID.read_text().strip()}:{found.st_dev}:{found.st_ino}"
    except OSError:
        return ""


@contextmanager
def _in_session() -> Generator[str]:
    """What all locks have in common that are held inside the outermost such block."""
    token = _session.set(_session.get() or secrets.token_hex(8))
    try:
        yield _session.get()
    finally:
        _session.reset(token)


def _this_process(path: Path, session: str) -> Holder:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(
        user=lock.user_name(),
        host=socket.gethostname(),
        process=os.getpid(),
        place=_place(path),
        session=session,
        since=since,
    )


def _busy(what: str, hint: str, record: LockRecord) -> Busy:
    who = record.holder
    return Busy(
        f"another run holds {what} (process {who.process} of {who.user} on {who.host}, since {who.since})",
        hint,
    )


def _report_waiting(what: str, record: LockRecord, left_s: float) -> None:
    who = record.holder
    said = (
        f"waiting: process {who.process} on {who.host} holds {what}; if it is not heard of for another "
        f"{max(0.0, left_s):.0f} s, this command takes over"
    )
    report_progress(Progress("lock", said, waiting=True))
