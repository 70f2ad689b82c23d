"""The documents of zone 2 on the copies, as far as this session knows them: a table for millions.

It lives in a temporary database of its own, in memory until that is full, and is gone with the process: the
next session reads both domains again. So it never claims more than this session has seen.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from domains.engine.comparison.seq_no_figures import SeqNoFigures
from domains.engine.raw_documents import RawDocument
from runs.errors import StateUnusable
from tasks.tail.comparison import Known

_CACHE_KB = 65_536
_AT_ONCE = 500
_PAGE = 5_000
_SCHEMA = """
CREATE TABLE document (
    place INTEGER NOT NULL, id TEXT NOT NULL, routing TEXT, version INTEGER NOT NULL, digest BLOB NOT NULL,
    source INTEGER, target INTEGER, term INTEGER, round INTEGER NOT NULL,
    PRIMARY KEY (place, id)
) WITHOUT ROWID;
CREATE INDEX by_source ON document (place, source);
CREATE INDEX by_target ON document (place, target);
"""
_COLUMNS = "id, routing, version, digest, source, target, term"
_KNOWN = f"SELECT {_COLUMNS} FROM document WHERE place = ?"


class Touched:
    """A table of documents by place (a shard of an index, as a number) and id. Thread-safe.

    Raises:
        StateUnusable: from any method: the disk for temporary files is full.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(
            f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KB};" + _SCHEMA
        )

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._database.close()

    def known(self, place: int, ids: Iterable[str]) -> dict[str, Known]:
        """What is known of these documents."""
        found: dict[str, Known] = {}
        remaining = iter(ids)
        while piece := list(islice(remaining, _AT_ONCE)):
            marks = ",".join("?" * len(piece))
            found |= {each.id: each for each in self._read(f"{_KNOWN} AND id IN ({marks})", (place, *piece))}
        return found

    def found_on_copy(self, place: int, documents: Iterable[RawDocument]) -> None:
        """Keep what the copy has; what corresponds to it on the source is not known yet."""
        self._change(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, NULL, ?, ?, 0)",
            ((place, d.id, d.routing, d.version, d.digest, d.seq_no, d.primary_term) for d in documents),
        )

    def seen(self, place: int, documents: Iterable[RawDocument], number: int) -> None:
        """Note the source's operations of documents that the copy has just so, seen in this round."""
        self._change(
            "UPDATE document SET source = ?, round = ? WHERE place = ? AND id = ?",
            ((d.seq_no, number, place, d.id) for d in documents),
        )

    def written(
        self, place: int, written: Iterable[tuple[RawDocument, int | None, int | None]], number: int
    ) -> None:
        """Keep documents that were written to the copy in this round.

        Args:
            written: the source's document, and number and term of the operation on the copy; None after a
                lost reply.
        """
        self._change(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (place, d.id, d.routing, d.version, d.digest, d.seq_no, seq_no, term, number)
                for d, seq_no, term in written
            ),
        )

    def confirmed(self, place: int, documents: Iterable[RawDocument]) -> None:
        """Note the copy's own operations of documents, as read back from it."""
        self._change(
            "UPDATE document SET target = ?, term = ? WHERE place = ? AND id = ?",
            ((d.seq_no, d.primary_term, place, d.id) for d in documents),
        )

    def deleted(self, place: int, ids: Iterable[str]) -> None:
        """Forget documents that are no longer on the copy."""
        self._change("DELETE FROM document WHERE place = ? AND id = ?", ((place, id) for id in ids))

    def unseen(self, place: int, above: int, number: int) -> Iterator[Known]:
        """Documents of the copy that a listing of the source above this number should have shown this round.

        These are those without an operation on the source, too. The table may change between two of them.
        """
        query = f"{_KNOWN} AND id > ? AND round < ? AND (source IS NULL OR source > ?) ORDER BY id LIMIT ?"
        last = ""
        while piece := list(self._read(query, (place, last, number, above, _PAGE))):
            last = piece[-1].id
            yield from piece

    def by_source(self, place: int, low: int, high: int) -> Iterator[Known]:
        """Documents whose operation on the source is in this range, without its upper end."""
        return self._read(f"{_KNOWN} AND source >= ? AND source < ?", (place, low, high))

    def figures(self, place: int, bounds: Sequence[int], side: str = "source") -> list[SeqNoFigures]:
        """Count and sum of the numbers in adjacent ranges, of the operations on the source or on the copy."""
        column = {"source": "source", "target": "target"}[side]
        query = (
            f"SELECT count(*), sum({column}), max({column}) FROM document "
            f"WHERE place = ? AND {column} >= ? AND {column} < ?"
        )
        with self._lock:
            rows = [self._one(query, (place, low, high)) for low, high in pairwise(bounds)]
        return [SeqNoFigures(count, total if count else None, top) for count, total, top in rows]

    def count(self, place: int) -> int:
        """How many documents of the place are known."""
        with self._lock:
            return self._one("SELECT count(*) FROM document WHERE place = ?", (place,))[0]

    def forget(self, place: int) -> None:
        """Forget all documents of the place."""
        self._change("DELETE FROM document WHERE place = ?", ((place,),))

    def _read(self, query: str, values: tuple[Any, ...]) -> Iterator[Known]:
        with self._lock, _told():
            rows = self._database.execute(query, values).fetchall()
        return (Known(*row) for row in rows)

    def _one(self, query: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
        with _told():
            return self._database.execute(query, values).fetchone()

    def _change(self, query: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._lock, _told():
            self._database.execute("BEGIN")
            self._database.executemany(query, rows)
            self._database.execute("COMMIT")


class _told:
    """Turn an error of the database into one that says what to do."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise StateUnusable(
                f"the table of changed documents cannot be kept: {error}",
                "free the disk that holds temporary files (SQLITE_TMPDIR, /var/tmp, /tmp); then run it again",
            ) from error
