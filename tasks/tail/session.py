"""One session of the tail: which copies it keeps in step, and what is put in order before and after it."""

import time
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from domains.engine.catalog import catalog
from domains.engine.shard_stats import marks
from domains.errors import SnapferryError
from domains.shard_mark import Mark
from runs.journal import Intent, Journal
from runs.state import State
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import CopiesRecord, Copy
from tasks.seeding.changes import shapes
from tasks.seeding.copies import ledger_of, own_uuids
from tasks.seeding.ledger import after_tail, marks_at
from tasks.seeding.scope import with_streams_split
from tasks.tail.pages import Pace
from tasks.tail.places import FollowedIndex, followed
from tasks.tail.rounds import Tail
from tasks.tail.ways import versions_of
from tasks.tail.write_access import begin_writes, lock_again, recorded_writes

_HURRIED_S = 10.0
_FELL_OUT = "the tail could not be kept: {why}"


def put_in_order(m: Migration) -> None:
    """Undo what a killed session has left: copies without their block, settings other than their own.

    Safe to repeat; does nothing where nothing was left.
    """
    lock_again(m, [m.journal, *_others_of_this_direction(m)], own_uuids(m, ledger_of(m)))


def try_to_put_in_order(m: Migration) -> None:
    """The same after a failure, within ten seconds; if it cannot be done now, the next command does it."""
    hurried = replace(m, target=m.target.ending_at(time.monotonic() + _HURRIED_S))
    with suppress(SnapferryError):
        put_in_order(hurried)


@contextmanager
def left_in_order(m: Migration) -> Generator[None]:
    """Undo what the block has left if it fails; see `try_to_put_in_order`."""
    try:
        yield
    except BaseException:
        try_to_put_in_order(m)
        raise


def _others_of_this_direction(m: Migration) -> list[Journal]:
    runs = [each for each in State.of(m.journal).journals() if each.run_id != m.journal.run_id]
    back = m.journal.document.back
    return [each for each in runs if each.document.verb.is_round and each.document.back is back]


@dataclass
class Session:
    """One session of the tail.

    Args:
        writes: the intent that covers its writes, to be extended where an index is added.
    """

    tail: Tail
    writes: Intent

    def admit(self, m: Migration, resolution: Resolution, names: Collection[str]) -> None:
        """Keep these indices in step, too; their copies are open for reading.

        Args:
            names: on the source.
        """
        new = _followed(m, resolution, names, self.tail.next_place)
        self.writes.detail["names"] += [index.target for index in new]
        begin_writes(m, self.writes)
        self.tail.admit(new)


@contextmanager
def keeping_in_step(
    m: Migration, step: StepName, resolution: Resolution, names: Collection[str]
) -> Generator[Session]:
    """A session of the tail over these indices, whose copies are open for reading.

    Args:
        step: the step that its writes belong to.
        names: on the source.
    """
    indices = _followed(m, resolution, names, 0)
    settings = m.plan.cutover.follow
    pace = Pace(settings.shards_at_once, settings.max_read_rate)
    with recorded_writes(m, step, [index.target for index in indices]) as writes:
        tail = Tail(m, versions_of(m), indices, pace)
        try:
            yield Session(tail, writes)
        finally:
            tail.close()
        tail.adjustments.put_back()


def _followed(
    m: Migration, resolution: Resolution, names: Collection[str], first: int
) -> list[FollowedIndex]:
    copies = ledger_of(m).copies
    selected = with_streams_split(resolution).indices
    return followed((i for i in selected if i.name in names and i.target in copies), copies, first)


def copies_after(m: Migration, indices: Iterable[FollowedIndex]) -> CopiesRecord:
    """All copies of the plan after these indices were followed: each with its base, and how far it is.

    Reads only.
    """
    found, by_target = ledger_of(m), {index.target: index for index in indices if index.prepared}
    there = catalog(m.target).indices
    own = marks(m.target, list(by_target))
    for name, index in by_target.items():
        read = {mark.shard: mark.max_seq_no for mark in own.get(name, ())}
        if not index.out and read and read != index.last:
            index.lose("somebody else has written to its copy since the latest round")
    same = {n: c for n, c in found.copies.items() if n in there and there[n].uuid == c.target_uuid}
    digests = shapes(m.target, by_target.keys() & same.keys())
    copies = (
        _as_followed(
            copy,
            by_target[name],
            own.get(name) or marks_at(by_target[name].position),
            digests.get(name, ""),
            back=m.journal.document.back,
        )
        if name in by_target
        else copy
        for name, copy in same.items()
    )
    return CopiesRecord(round=found.round, copies=tuple(copies))


def _as_followed(copy: Copy, index: FollowedIndex, own: tuple[Mark, ...], digest: str, *, back: bool) -> Copy:
    if index.out and back and not index.lost:
        return after_tail(copy, index.position)  # nothing is restored there: the next session tries again
    if index.out:
        lost = copy.without_marks(_FELL_OUT.format(why=index.out))
        return lost.model_copy(update={"target_digest": ""})
    known = {
        "base": tuple(place.base for place in index.places),
        "marks": index.marks,
        "own": own,
        "sending": "",
    }
    return copy.model_copy(update={**known, "target_digest": digest, "doubt": ""})
