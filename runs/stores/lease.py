"""A lock that several machines can hold, one after the other: a lease over conditional writes.

The holder renews its record three times in each lease; whoever waits for it watches the record by a clock of
its own, so that clocks of two machines are never compared. A holder that cannot renew it begins nothing new
when two thirds of the lease are over. The record is never removed, and its token only grows: what a former
holder still has under way carries a smaller one.
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runs.errors import LockLost, StateUnreachable, StateUnusable
from runs.stores.conditional import ConditionalObjects, Found

_BEGIN_NOTHING = 2 / 3  # of the lease, without having renewed it
BEATS = 3
"""How often the record is renewed in each lease."""


def awake_or_asleep() -> float:
    """Seconds that have passed, also while the machine slept, where it can say that."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if kind is None else time.clock_gettime(kind)


class Holder(BaseModel):
    """Who holds a lock.

    Args:
        user, host, process: for people.
        place: the lock file of its machine, as nothing but that file can be named; whoever holds that file
            knows that a holder with the same place is gone.
        session: the same for all locks that it holds at a time; no other holder has it.
        since: when it took the lock, by its own clock; for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    user: str
    host: str
    process: int
    place: str
    session: str
    since: str


class LockRecord(BaseModel):
    """What the lock's object says.

    Args:
        token: grows with each holder.
        beat: grows with each renewal.
        nonce: no two records have the same.
        ttl_s: seconds for which the record counts after it was renewed.
        released: whether the holder has ended properly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int = 1
    token: int = Field(ge=0)
    beat: int = 0
    nonce: str
    holder: Holder
    ttl_s: float = Field(gt=0, le=3600)
    released: bool = False

    @property
    def body(self) -> bytes:
        """As it is stored."""
        return self.model_dump_json().encode()


class Alive(Exception):
    """Another holder renews the lock.

    Args:
        record: its record.
    """

    def __init__(self, record: LockRecord) -> None:
        super().__init__(record.holder.host)
        self.record = record


def lock_record(key: str, found: Found) -> LockRecord:
    """What the lock's object says.

    Raises:
        StateUnusable: it is no such record.
    """
    try:
        return LockRecord.model_validate_json(found.body)
    except ValidationError as error:
        raise StateUnusable(
            f"{key} is not a lock that this version of Snapferry can read",
            "use the version that wrote it; if nobody works on the plan, remove that object",
        ) from error


class Lease:
    """One attempt of one process to hold a lock. Thread-safe.

    Args:
        objects, key: where the lock is.
        renewing: the same objects, for what must have its answer within a third of the lease.
        holder: this process.
        ttl_s: how long the lock outlives its holder.
        outlived: sessions of which this process has found another lock left: they begin nothing any more.
        clock, sleep: of this machine; never compared with others.
    """

    def __init__(
        self,
        objects: ConditionalObjects,
        key: str,
        holder: Holder,
        ttl_s: float,
        *,
        renewing: ConditionalObjects | None = None,
        outlived: Collection[str] = (),
        clock: Callable[[], float] = awake_or_asleep,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.key = key
        self.token = 0
        self._objects = objects
        self._renewing = renewing or objects
        self._holder = holder
        self._ttl_s = ttl_s
        self._outlived = outlived
        self._clock = clock
        self._sleep = sleep
        self._mutex = threading.RLock()
        self._mine: tuple[LockRecord, str] | None = None
        self._seen: tuple[str, float] | None = None
        self._renewed = 0.0
        self._lost = False

    # taking it

    def take(self, waiting: Callable[[LockRecord, float], Any]) -> str:
        """Take the lock; wait while its holder may be dead, for as long as that holder's lease.

        Args:
            waiting: called while it waits, with the record and the seconds after which it counts no more.

        Returns:
            The session of a former holder that has left it without releasing it; empty if there is none.

        Raises:
            Alive: the holder has renewed it meanwhile.
            StateUnusable: it cannot be read or written.
        """
        while True:
            taken = self.try_once()
            if isinstance(taken, str):
                return taken
            waiting(taken, self.left_s(taken))
            self._sleep(min(1.0, max(0.05, taken.ttl_s / 20)))

    def try_once(self) -> str | LockRecord:
        """Take the lock if it is free, released, or has not been renewed for its lease while watched.

        Returns:
            As `take`; or the record that has to be watched on.

        Raises:
            as `take`.
        """
        found = self._objects.read(self.key)
        if found is None:
            return "" if self._write(1, None) else self.try_once()
        record = lock_record(self.key, found)
        if self._seen and self._seen[0] != found.version and not record.released:
            raise Alive(record)
        if not self._seen or self._seen[0] != found.version:
            self._seen = (found.version, self._clock())
        is_over = record.released or self._is_gone(record) or self.left_s(record) <= 0
        if is_over and self._write(record.token + 1, found.version):
            return "" if record.released else record.holder.session
        return record

    def left_s(self, record: LockRecord) -> float:
        """Seconds until the record that is being watched counts no more."""
        return record.ttl_s if self._seen is None else self._seen[1] + record.ttl_s - self._clock()

    def _is_gone(self, record: LockRecord) -> bool:
        """Whether its holder lost another lock, or worked with the lock file that this process holds now."""
        who = record.holder
        return who.session in self._outlived or (bool(who.place) and who.place == self._holder.place)

    def _write(self, token: int, version: str | None) -> bool:
        record = LockRecord(token=token, nonce=_nonce(), holder=self._holder, ttl_s=self._ttl_s)
        began = self._clock()
        if version is None:
            written = self._objects.create(self.key, record.body)
        else:
            written = self._objects.replace(self.key, record.body, version)
        if written is None:
            return False
        with self._mutex:
            self.token, self._mine, self._renewed = token, (record, written), began
        return True

    # holding it

    @property
    def session(self) -> str:
        """What all locks of its holder have in common."""
        return self._holder.session

    @property
    def is_lost(self) -> bool:
        """Whether somebody else has taken it."""
        return self._lost

    def renew(self) -> None:
        """Renew the record.

        Raises:
            LockLost: somebody else has taken the lock.
            StateUnreachable: no answer; it may be tried again.
        """
        with self._mutex:
            self._renew()

    def _renew(self, *, released: bool = False) -> None:
        if self._lost or self._mine is None:
            raise self._loss()
        record, version = self._mine
        update = {"beat": record.beat + 1, "nonce": _nonce(), "released": released}
        fresh, began = record.model_copy(update=update), self._clock()
        written = self._renewing.replace(self.key, fresh.body, version)
        if written is None:
            self._adopt()
            self._renew(released=released)
            return
        self._mine, self._renewed = (fresh, written), began

    def _adopt(self) -> None:
        """Go on from an earlier renewal that had worked, its answer being lost; else the lock is lost."""
        found = self._renewing.read(self.key)
        record = lock_record(self.key, found) if found else None
        is_mine = record and record.token == self.token and record.holder == self._holder
        if found is None or record is None or not is_mine or record.released:
            self._lost = True
            raise self._loss()
        self._mine = (record, found.version)

    def require(self) -> None:
        """Confirm that whatever is begun now is begun by the holder; renew the record first if that is late.

        Raises:
            LockLost: somebody else has taken the lock, so nothing may be sent.
            StateUnreachable: whether it is still held is not known.
        """
        with self._mutex:
            if self._lost:
                raise self._loss()
            if self._clock() - self._renewed >= self._ttl_s * _BEGIN_NOTHING:
                self._renew()

    def release(self) -> None:
        """Let others take it at once.

        Without an answer they have to wait for the lease. What was lost is not released.
        """
        with self._mutex:
            if self._lost or self._mine is None:
                return
            try:
                self._renew(released=True)
            except (LockLost, StateUnreachable, StateUnusable):
                return
            finally:
                self._mine = None

    def _loss(self) -> LockLost:
        return LockLost(
            "another process has taken over what this one was working on, because it was not heard of for "
            f"{self._ttl_s:g} s; nothing more was sent",
            "`snapferry status PLAN` shows who works on it",
        )


def _nonce() -> str:
    return secrets.token_hex(8)
