"""What copies of metadata have written for a plan: the intent before each write, its outcome after it.

One file beside the plan's journals, a line for each event. After a kill it says what this plan's copies may
have made; a read of the target says whether they did.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from runs.errors import StateUnusable
from runs.journal import now
from runs.state import State
from runs.state_files import unreadable
from runs.stores.registry import store_of
from runs.stores.store import Appender

_FILE = "metadata.copied"


class CopiedTo(BaseModel):
    """The first line.

    Args:
        target: the UUID of the cluster that was written to.
    """

    model_config = ConfigDict(extra="forbid")
    format: int = 1
    target: str


class CopiedEntry(BaseModel):
    """One thing that a copy has written, or was about to.

    Args:
        replaced: whether the target had one of this name.
        result: what the target showed afterwards; None while that is not known.
    """

    model_config = ConfigDict(extra="forbid")
    kind: str
    name: str
    replaced: bool = False
    at: datetime
    result: str | None = None


class MetadataRecord:
    """The record of one plan's copies to one target.

    Args:
        target: the UUID of the target's cluster; what was written to another one is forgotten.

    Raises:
        StateUnusable: there is a file of this name that cannot be read, or that is none of these records.
    """

    def __init__(self, state: State, target: str) -> None:
        self.path: Path = state.runs / _FILE
        self._target = target
        self._entries: dict[tuple[str, str], CopiedEntry] = {}
        first, *lines = _lines(self.path) or [b""]
        is_ours = bool(first) and _first(self.path, first).target == target
        for entry in _entries(self.path, lines) if is_ours else ():
            self._entries[entry.kind, entry.name] = entry
        # A kill may have cut the last line, so that the first write of each session begins the file anew.
        self._file: Appender | None = None

    @property
    def entries(self) -> tuple[CopiedEntry, ...]:
        """The latest of each thing that was written, or was about to be."""
        return tuple(self._entries.values())

    @contextmanager
    def around(self, kind: str, name: str, *, replaced: bool) -> Generator[None]:
        """Note the intent before the block, which writes; `settle` notes the outcome.

        Raises:
            StateUnusable: the intent cannot be written; nothing was sent.
        """
        self._note([CopiedEntry(kind=kind, name=name, replaced=replaced, at=now())])
        yield

    def settle(self, results: Iterable[tuple[str, str, str]]) -> None:
        """Note what the target shows: kind, name and result of each thing.

        Raises:
            StateUnusable: it cannot be written.
        """
        intended = [(self._entries.get((kind, name)), result) for kind, name, result in results]
        settled = (
            entry.model_copy(update={"result": result, "at": now()}) for entry, result in intended if entry
        )
        self._note(list(settled))

    def _note(self, entries: list[CopiedEntry]) -> None:
        if not entries:
            return
        if self._file is None:
            self._file = store_of(self.path).appender(self.path)
            first = CopiedTo(target=self._target)
            self._file.replace(_text([first, *self._entries.values()]))
        self._file.append(_text(entries), durably=True)
        self._entries |= {(entry.kind, entry.name): entry for entry in entries}


def _text(lines: Iterable[BaseModel]) -> str:
    return "".join(f"{line.model_dump_json()}\n" for line in lines)


def _lines(path: Path) -> list[bytes]:
    try:
        return store_of(path).read(path).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(path, error) from error


def _first(path: Path, line: bytes) -> CopiedTo:
    try:
        return CopiedTo.model_validate_json(line)
    except ValidationError as error:
        raise _no_record(path) from error


def _entries(path: Path, lines: list[bytes]) -> Iterator[CopiedEntry]:
    for place, line in enumerate(lines):
        try:
            yield CopiedEntry.model_validate_json(line)
        except ValidationError as error:
            if place < len(lines) - 1:
                raise _no_record(path) from error
            # A kill while the last line was being written: its request was not sent.


def _no_record(path: Path) -> StateUnusable:
    return StateUnusable(
        f"{path} is not a record of copied metadata",
        "move it away: the next copy reads both domains, and writes a new one",
    )
