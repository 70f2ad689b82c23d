"""Files as objects that know their writer: what one process has read, it does not overwrite for another.

An object is a line of JSON (the token of the lock under which it was written, the writer, and a number that
no other write has), then the file. A file of lines may also have parts: objects below its name, each written
once.
"""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from runs.errors import LockLost, StateUnusable
from runs.stores.conditional import ConditionalObjects, Found

_TRIES = 20
_OF_LINES = (".sent", ".copied")


@dataclass(frozen=True)
class Stored:
    """A file as it was read.

    Args:
        token: of the lock under which it was written; 0 without one.
        merged: of a file of lines: its parts up to this one are in it already.
    """

    content: bytes
    version: str
    token: int
    merged: int = 0


class StoredObjects:
    """The files below an address, by key. Thread-safe.

    Args:
        objects: where they are.
        address: for people.
        token_over: the token of the lock that this process holds over a key; None if it holds none.
    """

    def __init__(
        self, objects: ConditionalObjects, address: str, token_over: Callable[[str], int | None]
    ) -> None:
        self._objects = objects
        self._address = address
        self._token_over = token_over
        self._mutex = threading.RLock()
        self._versions: dict[str, str] = {}
        self._was_read: set[str] = set()
        self._lost: dict[str, int | None] = {}
        self._fences: dict[str, int] = {}

    # whole files

    def read(self, key: str) -> Stored | None:
        """Read a file; None if there is none."""
        found = self._read(key)
        if found:
            self._was_read.add(key)
        if self._token_over(key) is None:
            self._lost.pop(key, None)
        return found

    def replace(self, key: str, content: bytes, *, merged: int = 0) -> None:
        """Write a file.

        Raises:
            LockLost: somebody else has written it since this process read it, or under a later lock.
        """
        with self._mutex:
            self._require_not_lost(key)
            version, body = self._versions.get(key), self._body(key, content, merged)
            objects = self._objects
            written = objects.replace(key, body, version) if version else objects.create(key, body)
            for _ in range(_TRIES):
                if written:
                    self._versions[key] = written
                    return
                found = self._read(key)
                if found:
                    self._require_mine(key, found)
                    written = objects.replace(key, body, found.version)
                else:
                    written = objects.create(key, body)
        raise self.lost(key)

    def overwrite(self, key: str, content: bytes) -> None:
        """Write a file, whoever has written it before: one that decides nothing."""
        with self._mutex:
            self._was_read.discard(key)
            self.replace(key, content)

    def create(self, key: str, content: bytes) -> bool:
        """Write a file that is not there yet; whether that was so."""
        written = self._objects.create(key, self._body(key, content))
        if written:
            self._versions[key] = written
        return written is not None

    def remove(self, key: str) -> None:
        """Remove a file; nothing if there is none."""
        self._objects.remove(key)
        self._forget(key)

    # files of lines

    def parts(self, key: str, merged: int) -> list[bytes]:
        """What was appended to a file of lines, after the parts that are merged into it."""
        numbers = (number for number in self._numbers(key) if number > merged)
        read = (self._objects.read(_part(key, number)) for number in numbers)
        return [_unpacked(key, each).content for each in read if each]

    def last_part(self, key: str) -> int:
        """The number of the last part of a file of lines; 0 without one."""
        found = self._read(key)
        return max([found.merged if found else 0, *self._numbers(key)])

    def add_part(self, key: str, number: int, content: bytes) -> int:
        """Append a part to a file of lines; return the number that it got: this one, or a later one.

        Raises:
            LockLost: somebody else has appended to it.
        """
        while self._objects.create(_part(key, number), self._body(key, content)) is None:
            found = self._objects.read(_part(key, number))
            if found is None or not self._is_own(key, _unpacked(key, found)):
                raise self.lost(key)
            number += 1  # an earlier attempt had worked; to say something twice does no harm
        return number

    def merge(self, key: str, content: bytes, last: int) -> None:
        """Replace a file of lines, with all its parts up to this one."""
        self.replace(key, content, merged=last)
        for number in self._numbers(key):
            if number <= last and number != self._fences.get(key):
                self._objects.remove(_part(key, number))

    def remove_parts(self, key: str) -> None:
        """Remove all parts of a file."""
        for number in self._numbers(key):
            self._objects.remove(_part(key, number))

    # a new holder

    def fence(self, folder: str) -> None:
        """Write anew what a former holder of this folder's lock could still write, so that it cannot."""
        for name in sorted({each.rstrip("/") for each in self._objects.names(folder)}):
            key = f"{folder}/{name}"
            if name.endswith(".json"):
                self._rewrite(key)
            elif name.endswith(_OF_LINES):
                self._fences[key] = self.last_part(key) + 1
                self._objects.create(_part(key, self._fences[key]), self._body(key, b""))

    def _rewrite(self, key: str) -> None:
        for _ in range(_TRIES):
            found = self._read(key)
            if found is None:
                return
            written = self._objects.replace(key, self._body(key, found.content, found.merged), found.version)
            if written:
                self._versions[key] = written
                return
        raise self.lost(key)

    def lost(self, key: str) -> LockLost:
        """The error for a file that somebody else has written."""
        return LockLost(
            f"another process has written {self._address}/{key} meanwhile, so this one works on it no more",
            "`snapferry status PLAN` shows who works on the plan",
        )

    # objects

    def _read(self, key: str) -> Stored | None:
        found = self._objects.read(key)
        if found is None:
            self._forget(key)
            return None
        stored = _unpacked(key, found)
        self._versions[key] = found.version
        return stored

    def _body(self, key: str, content: bytes, merged: int = 0) -> bytes:
        by = f"{socket.gethostname()}:{os.getpid()}"
        first: dict[str, Any] = {"token": self._token_over(key) or 0, "by": by, "write": secrets.token_hex(8)}
        return json.dumps(first | ({"merged": merged} if merged else {})).encode() + b"\n" + content

    def _is_own(self, key: str, found: Stored) -> bool:
        """Whether this process has written it under the lock that it holds: tokens are unique to a holder."""
        token = self._token_over(key)
        return token is not None and found.token == token

    def _require_mine(self, key: str, found: Stored) -> None:
        token = self._token_over(key)
        if self._is_own(key, found):
            return  # an earlier write had worked, and its answer was lost
        if key in self._was_read or (token is not None and found.token > token):
            self._lost[key] = token
            raise self.lost(key)

    def _require_not_lost(self, key: str) -> None:
        """What was lost under a lock stays lost under it."""
        if key in self._lost and self._lost[key] == self._token_over(key):
            raise self.lost(key)

    def _numbers(self, key: str) -> list[int]:
        return sorted(int(name) for name in self._objects.names(key) if name.isdigit())

    def _forget(self, key: str) -> None:
        with self._mutex:
            self._versions.pop(key, None)
            self._was_read.discard(key)


def _part(key: str, number: int) -> str:
    return f"{key}/{number:08}"


def _unpacked(key: str, found: Found) -> Stored:
    first, _, content = found.body.partition(b"\n")
    try:
        said = cast("dict[str, Any]", json.loads(first))
        return Stored(content, found.version, int(said["token"]), int(said.get("merged", 0)))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StateUnusable(
            f"the object {key} is none that Snapferry has written", "move it away, then run the command again"
        ) from error
