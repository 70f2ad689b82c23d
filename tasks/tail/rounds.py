"""Rounds of the tail: read what is new on the source, write it to the copies, delete what is gone.

A round reads everything above the cursor of each shard: the source's global checkpoint from before the
refresh of the round before. The cursor never is the largest number seen: with several writers, a lower one
may still be on its way.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain, islice

from configs.values.listing import counted
from domains.engine.catalog import refresh
from domains.engine.raw_documents import RawDocument
from domains.engine.shard_stats import marks
from domains.errors import DomainError
from domains.shard_mark import Mark
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.tail import TailIndex, TailRound
from tasks.tail import mappings
from tasks.tail.application import BulkSize, Writer
from tasks.tail.comparison import Known, to_write
from tasks.tail.copy_watch import CopyWatch
from tasks.tail.pages import Pace, pages, read_page_sizes, refresh_all, require_speaking
from tasks.tail.places import CannotFollow, FollowedIndex, Lost, Place, in_step
from tasks.tail.touched import Touched
from tasks.tail.write_access import Adjustments, writing_to
from tasks.tail.zones import SurplusFinder, Versions, gone_from_source

_AFTER_SURPLUS = 5
_PIECE = 2_000
Marks = dict[str, tuple[Mark, ...]]
"""The marks of each index on the source."""


class Tail:
    """Indices that are kept in step with the source, for one session.

    Args:
        m: the migration; each round takes one, whose waits may be limited by then.
        indices: that have a copy with a known base, open for reading.
    """

    def __init__(
        self, m: Migration, versions: Versions, indices: Sequence[FollowedIndex], pace: Pace | None = None
    ) -> None:
        self.versions = versions
        self.indices = list(indices)
        self.touched = Touched()
        self.adjustments = Adjustments(m)
        self.pace = pace or Pace()
        self._size = BulkSize()
        self.watch = CopyWatch(m, versions)
        self._number = 0
        self._mapping = threading.Lock()

    def close(self) -> None:
        """Forget what was read; puts no setting back."""
        self.touched.close()
        self.watch.close()

    @property
    def in_step(self) -> list[FollowedIndex]:
        """The indices that have not fallen out."""
        return list(in_step(self.indices))

    @property
    def state(self) -> tuple[TailIndex, ...]:
        """How each index stands."""
        return tuple(
            TailIndex(
                name=each.name,
                target=each.target,
                behind=each.behind,
                since_base=sum(self.touched.count(place.number) for place in each.places),
                written=each.written,
                deleted=each.deleted,
                out=each.out,
            )
            for each in self.indices
        )

    def round(self, m: Migration) -> TailRound:
        """Bring the copies up to the source's operations of now. May be repeated at any time.

        An index that cannot be kept in step any more falls out, with the reason; the others go on.

        Raises:
            TimedOut: the target was busy for too long.
            DomainError: transient, or denied.
        """
        began = time.monotonic()
        self._prepare(m)
        self._number += 1
        current = self._read_marks(m)
        versions = mappings.current_versions(m, [each.name for each in self.in_step])
        busy = [
            each
            for each in self.in_step
            if self._has_news(each, current[each.name]) or versions.get(each.name) != each.mapping_version
        ]
        done = self._brought_over(m, busy, current, versions) if busy else TailRound()
        self.watch.look(m, self.indices)
        for each in self.in_step:
            each.marks = current[each.name]
            if each.listed:
                each.cursors = {mark.shard: mark.global_checkpoint for mark in current[each.name]}
            else:
                each.start_over()
        return done.model_copy(update={"seconds": round(time.monotonic() - began, 3)})

    def admit(self, indices: Iterable[FollowedIndex]) -> None:
        """Keep these indices in step, too, from the next round on."""
        self.indices += indices

    def leave_out_all_but(self, names: Collection[str]) -> None:
        """Go on with these indices of the source alone: the others are restored."""
        self.indices = [each for each in self.indices if each.name in names]

    @property
    def next_place(self) -> int:
        """The first number that no shard of this session has."""
        return 1 + max((place.number for each in self.indices for place in each.places), default=-1)

    def _prepare(self, m: Migration) -> None:
        """Once for each index: read page sizes, and note where its copy stands."""
        new = [each for each in self.in_step if not each.prepared]
        if not new:
            return
        read_page_sizes(m, new)
        self.watch.begin(m, new)
        self.adjustments.turn_pipelines_off([each.target for each in new if not each.out])
        for each in new:
            each.prepared = True

    def _read_marks(self, m: Migration) -> Marks:
        """Marks of the source from before the refresh; indices that broke with their base fall out."""
        found = marks(m.source, [each.name for each in self.in_step])
        silent = [each for each in self.in_step if len(found.get(each.name, ())) != len(each.places)]
        gone = require_speaking(m.source, {each.name: each.copy.uuid for each in silent})
        for each in self.in_step:
            why = "it is gone from the source" if each.name in gone else _broken(each, found[each.name])
            if why:
                each.lose(why)
            else:
                each.behind = sum(each.lacks(mark) for mark in found[each.name])
        return found

    def _has_news(self, index: FollowedIndex, current: tuple[Mark, ...]) -> bool:
        return not index.listed or any(mark.max_seq_no > index.cursors[mark.shard] for mark in current)

    def _brought_over(
        self, m: Migration, busy: Sequence[FollowedIndex], current: Marks, versions: Mapping[str, int]
    ) -> TailRound:
        """One round over these; if it fails half-way, the next one reads anew what the copies have."""
        self.watch.expect_writes(m, busy)
        try:
            return self._bring_over(m, busy, current, versions)
        except BaseException:
            for each in busy:
                each.start_over()
            raise

    def _bring_over(
        self, m: Migration, busy: Sequence[FollowedIndex], current: Marks, versions: Mapping[str, int]
    ) -> TailRound:
        refresh_all(m.source, [each.name for each in busy])
        new = [each for each in busy if not each.listed]
        refresh_all(
            m.target, [each.target for each in new]
        )  # a killed session's last writes may not be visible yet
        operations = sum(each.behind for each in busy)
        with writing_to(m, [each.target for each in busy]) as refused:
            for each in busy:
                if each.target in refused:
                    each.out = f"its copy cannot be written to: {refused[each.target].message}"
            works = [
                _Work(self, m, each, place, mark.max_seq_no)
                for each in busy
                for place, mark in zip(each.places, current[each.name], strict=True)
            ]
            for each in in_step(busy):
                _kept_in_step(each, lambda each=each: self.synchronise(m, each, versions.get(each.name)))
            self._each(works, _Work.bring_over)
            refresh_all(m.target, [each.target for each in busy])
            self._each(works, _Work.remove_gone)
            refresh_all(m.target, [each.target for each in busy])
        self._each(works, _Work.read_back)
        late = {work.index.name for work in works if work.met_late}
        for each in busy:
            each.listed = (
                each.name not in late
            )  # what has arrived late is seen, and judged, by the next round
        return TailRound(
            read=sum(work.read for work in works),
            written=sum(work.written for work in works),
            deleted=sum(work.deleted for work in works),
            operations=operations,
        )

    def synchronise(self, m: Migration, index: FollowedIndex, version: int | None) -> None:
        """Give the copy the source's mapping of this version, one thread at a time.

        Raises:
            CannotFollow: the index is gone, or its copy refuses the mapping.
        """
        if version is None:
            raise CannotFollow("it is gone from the source")
        with self._mapping:
            mappings.synchronise(m, index, version)

    def _each(self, works: Iterable["_Work"], act: "Callable[[_Work], None]") -> None:
        """Do this for every shard whose index is in step, a few at a time."""
        todo = [work for work in works if not work.index.out]
        with ThreadPoolExecutor(min(self.pace.shards_at_once, max(1, len(todo)))) as pool:
            running = [pool.submit(copy_context().run, _one, work, act) for work in todo]
        for each in running:
            each.result()

    def writer(self, m: Migration, index: FollowedIndex, place: Place) -> Writer:
        """What writes to one shard of a copy."""
        return Writer(
            m,
            self.versions.target,
            self.watch.account(place),
            place,
            self._size,
            lambda: self.adjustments.forget_deleted(index.target),
        )

    @property
    def number(self) -> int:
        """The number of this session's latest round."""
        return self._number


class _Work:
    """What one round does in one shard.

    Args:
        top: the source's last operation when the round began: what comes later is for the next round.
    """

    def __init__(self, tail: Tail, m: Migration, index: FollowedIndex, place: Place, top: int) -> None:
        self.tail, self.m, self.index, self.place, self.top = tail, m, index, place, top
        self.read = self.written = self.deleted = 0
        self.met_late = False
        self.cursor = index.cursors[place.shard]

    def bring_over(self) -> None:
        """Write to the copy what the source has above the cursor and the copy has not."""
        tail, place, touched = self.tail, self.place, self.tail.touched
        if not self.index.listed:
            touched.forget(place.number)
            for found in self._target_pages(place.base.global_checkpoint):
                touched.found_on_copy(place.number, found)
        writer = tail.writer(self.m, self.index, place)
        for found in pages(
            self.m.source, tail.versions.source, place.source, place, self.cursor, self.index.page, self.top
        ):
            tail.pace.wait_for(len(found))
            self.read += len(found)
            known = touched.known(place.number, (each.id for each in found))
            lacking = to_write(found, known)
            self._follow_mapping(lacking)
            written = writer.write(lacking)
            self.written += len(written)
            new = {each.id for each in lacking}
            touched.seen(place.number, (each for each in found if each.id not in new), tail.number)
            touched.written(place.number, ((w.document, w.seq_no, w.term) for w in written), tail.number)
            self._say(found)

    def _say(self, found: Sequence[RawDocument]) -> None:
        message = (
            f"{self.place}: {counted(self.read, 'document', 'documents')} read, {self.written:,} written"
        )
        report_progress(Progress(StepName.FOLLOW, message, waiting=True))

    def _follow_mapping(self, lacking: Sequence[RawDocument]) -> None:
        """Take over a mapping change that came with these documents, before they are written."""
        if lacking:
            version = mappings.current_versions(self.m, [self.index.name]).get(self.index.name)
            self.tail.synchronise(self.m, self.index, version)

    def _target_pages(self, above: int) -> Iterator[list[RawDocument]]:
        versions, place = self.tail.versions, self.place
        return pages(self.m.target, versions.target, place.target, place, above, self.index.page)

    def remove_gone(self) -> None:
        """Delete from the copy what the source has no more, as the source itself says."""
        finder = SurplusFinder(self.m, self.tail.versions, self.tail.touched, self.index)
        self._remove(self.tail.touched.unseen(self.place.number, self.cursor, self.tail.number))
        for attempt in range(_AFTER_SURPLUS):
            exact = attempt > 0  # the difference of two sums may have named the wrong document
            first = finder.in_first_zone(self.place, by_sums=not exact)
            second = finder.in_second_zone(self.place, self.cursor, by_sums=not exact)
            named, removed = self._remove(chain(first, second))
            if not removed and (exact or not named):
                return
            if attempt + 1 < _AFTER_SURPLUS:
                refresh(self.m.target, [self.place.target])

    def _remove(self, candidates: Iterator[Known]) -> tuple[int, int]:
        """Delete those of these that the source does not have; return how many there were, and were deleted.

        They are taken piece by piece: a mass delete names millions.
        """
        named = removed = 0
        writer = self.tail.writer(self.m, self.index, self.place)
        while piece := list(islice(candidates, _PIECE)):
            gone = gone_from_source(self.m, self.tail.versions, self.place, piece)
            self.tail.watch.require_ours(self.index, self.place, gone)
            ids = writer.delete(gone)
            self.tail.touched.deleted(self.place.number, ids)
            named, removed = named + len(piece), removed + len(ids)
        self.deleted += removed
        return named, removed

    def read_back(self) -> None:
        """Read from the copy what this round wrote there: every document of it must be as it was sent."""
        shard, touched = self.place.shard, self.tail.touched
        above = max(self.index.last[shard], self.place.base.global_checkpoint)
        for found in self._target_pages(above):
            known = touched.known(self.place.number, (each.id for each in found))
            wrong = to_write(found, known)
            if wrong and not self.tail.watch.are_ours(self.place, wrong):
                raise Lost(
                    f"somebody else has written to its copy: document {wrong[0].id} is not what was written"
                )
            self.met_late = self.met_late or bool(wrong)
            touched.confirmed(self.place.number, found)
        self.index.written += self.written
        self.index.deleted += self.deleted


def _one(work: _Work, act: Callable[[_Work], None]) -> None:
    if not work.index.out:
        _kept_in_step(work.index, lambda: act(work))


def _kept_in_step(index: FollowedIndex, act: Callable[[], None]) -> None:
    """Let the index fall out, with the reason, if it cannot be kept in step."""
    try:
        act()
    except Lost as error:
        index.lose(str(error))
    except CannotFollow as error:
        index.out = str(error)
    except DomainError as error:
        if error.transient:
            raise
        index.out = f"it cannot be read or written: {error.message}"


def _broken(index: FollowedIndex, current: tuple[Mark, ...]) -> str:
    """Why the source's numbers no longer are those of the copy's base; empty if they are."""
    for mark, place in zip(current, index.places, strict=True):
        if mark.history != place.base.history:
            return f"shard {mark.shard} was restored or force-allocated on the source"
        if mark.max_seq_no < place.base.global_checkpoint:
            return f"shard {mark.shard} on the source has lost operations"
    return ""
