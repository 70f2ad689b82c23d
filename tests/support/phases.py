"""Watches the journals that a test writes: from save to save, each run takes only edges that are listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runs.journal import Journal
from runs.lifecycle import EDGES, RunPhase, phase

Edge = tuple[RunPhase, RunPhase]


@contextmanager
def watched_phases() -> Iterator[list[Edge]]:
    """Yields the edges that runs take inside the block, in their order.

    A saved plan's run that begins again under its id is another run.
    """
    last: dict[object, RunPhase] = {}
    taken: list[Edge] = []
    save = Journal.save

    def watched(journal: Journal) -> None:
        save(journal)
        run, now = (journal.path, journal.document.started), phase(journal.document)
        if last.get(run, now) is not now:
            taken.append((last[run], now))
        last[run] = now

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "save", watched)
        yield taken


def unlisted(taken: list[Edge]) -> list[str]:
    """Those edges that the state model does not list."""
    return [f"{before.name} --> {after.name}" for before, after in taken if after not in EDGES[before]]
