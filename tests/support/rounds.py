"""Builders of the records of seed rounds and cutovers."""

from __future__ import annotations

from typing import Any

from domains.shard_mark import Mark
from runs.journal import Journal, StepEntry, WindowEntry, now
from tasks.migration import Migration
from tasks.records.base import Record
from tasks.records.seeding import ChangesRecord, CopiesRecord, Copy


def a_mark(last: int = 12, **more: Any) -> Mark:
    """The mark of an idle shard at this position, with the fake engine's history."""
    values: dict[str, Any] = {
        "shard": 0,
        "global_checkpoint": last,
        "primary_term": 1,
        "history": "history",
        **more,
    }
    return Mark(max_seq_no=last, **values)


def a_copy(name: str, **more: Any) -> Copy:
    """A full copy of an index under the same name."""
    values: dict[str, Any] = {
        "uuid": f"uuid-{name}",
        "target": name,
        "target_uuid": f"uuid-{name}",
        "marks": (a_mark(),),
        "digest": "digest",
        "aliases": "aliases",
        **more,
    }
    return Copy(source=name, **values)


def copies_of(*found: Copy, number: int = 1) -> CopiesRecord:
    """The record of all copies after a round."""
    return CopiesRecord(round=number, copies=found)


def work_of(*changes: Any, **more: Any) -> ChangesRecord:
    """The record of a round's changes."""
    values: dict[str, Any] = {"round": 2, "marks": {}, "digests": {}, "aliases": {}, **more}
    return ChangesRecord(changes=changes, **values)


def keep(journal: Journal, step: str, record: Record) -> None:
    """Record a step as done."""
    journal.document.steps[step] = StepEntry(started=now(), ended=now(), attempts=1)
    journal.keep(step, record)


def intended(journal: Journal, action: str, *names: str, side: Any = "target", **more: Any) -> None:
    """Record a request as sent."""
    detail = {"names": list(names), "targets": list(names), **more}
    with journal.intend(action, side, action, detail):
        pass


def freeze_began(m: Migration) -> WindowEntry:
    """Record that the window has just begun."""
    at = now()
    m.journal.document.window = WindowEntry(frozen=at, deadline=at + m.plan.cutover.window)
    m.journal.save()
    return m.journal.document.window
