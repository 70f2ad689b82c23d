"""Follow: keep the copies in step by the tail, round by round, while the source takes writes."""

import time
from collections.abc import Callable
from pathlib import Path

from domains.errors import SnapferryError, is_transient
from flows.chains.runtime import runtime
from flows.chains.seed_round import resolve_once
from flows.chains.steps import perform
from flows.chains.tail import find_ways
from flows.sessions.begin_or_resume import Request
from flows.sessions.following import following
from reports.words import tail as words
from runs import interruptions
from runs.progress import Progress, TailFigures, TailReason, report_progress
from runs.state import State
from tasks import steps
from tasks.cutover.open_target import open_copies
from tasks.cutover.window_estimate import expected_window
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.tail import FollowRecord, Way, WaysRecord
from tasks.tail import way_back
from tasks.tail.outlook import Outlook, Restored
from tasks.tail.rounds import Tail
from tasks.tail.session import copies_after, keeping_in_step, left_in_order, put_in_order

_EVERY_S = 2.0
_RECORDED_EVERY_S = 5.0
_SLICE_S = 0.2
_PATIENCE_S = 600.0
"""Seconds without a whole round, after which errors that may pass end the session."""
PAUSE_FILE = "follow.pause"
"""While this file is in the plan's folder of the state folder, no round begins."""


def run(request: Request) -> str:
    """Bring over what changes on the source, round by round, until told or until it may be cut over.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the same call goes on.
    """
    with runtime().showing(following(request.plan, request.options)) as m:
        chain(m, until_ready=request.options.until_ready)
    return m.journal.run_id


def chain(m: Migration, *, until_ready: bool) -> None:
    """Run the steps in order. A resumed run goes through all of them again."""
    if m.journal.document.back:
        _follow_back(m, until_ready=until_ready)
        return
    resolution = resolve_once(m)
    chosen, work = perform_ways(m, resolution)
    names = _followable(m, chosen)
    open_copies(m, [each.target for each in chosen.ways if each.name in names])
    _follow(m, resolution, names, _restored(m, resolution, chosen, work), until_ready=until_ready)


def _follow_back(m: Migration, *, until_ready: bool) -> None:
    """Keep the domain that was left ready to go back to."""
    put_in_order(m)
    resolution = perform(m, steps.RESOLVE, lambda: way_back.resolve(m))
    new = {index.name for index in way_back.new_indices(m, resolution)}
    names = frozenset(index.name for index in resolution.indices) - new
    _follow(m, resolution, names, Restored(), until_ready=until_ready)


def _follow(
    m: Migration, resolution: Resolution, names: frozenset[str], restored: Restored, *, until_ready: bool
) -> None:
    with (
        left_in_order(m),
        keeping_in_step(m, steps.FOLLOW.name, resolution, names) as session,
        interruptions.noted() as told,
    ):
        loop = _Loop(m, session.tail, restored)
        perform(m, steps.FOLLOW, lambda: loop.run(lambda: bool(told), until_ready=until_ready))
        indices = session.tail.indices
    perform(m, steps.COPIES, lambda: copies_after(m, indices))


def perform_ways(m: Migration, resolution: Resolution) -> tuple[WaysRecord, ChangesRecord]:
    """Decide which indices the tail can follow, and what has changed. Reads only."""
    found = find_ways(m, resolution)
    return perform(m, steps.CHOOSE_WAYS, lambda: found.ways), found.work


def _followable(m: Migration, chosen: WaysRecord) -> frozenset[str]:
    """Indices to follow: those that go by the tail, and those that have not changed yet.

    Raises:
        PreconditionError: there are none.
    """
    names = frozenset(each.name for each in chosen.followable)
    if m.plan.cutover.delta == "restore":
        raise PreconditionError(
            "the plan wants restores (cutover.delta: restore), so there is nothing to follow",
            hint="take the key out, or seed again: snapferry seed PLAN --execute",
        )
    if not names:
        first = next((f": {each.name}: {each.why}" for each in chosen.ways if each.why), "")
        raise PreconditionError(
            f"no index of the plan can be followed{first}",
            hint="a seed round makes copies that can: snapferry seed PLAN --execute",
        )
    return names


class _Loop:
    """The rounds of one session."""

    def __init__(self, m: Migration, tail: Tail, restored: Restored) -> None:
        self._m, self._tail, self._restored = m, tail, restored
        self._outlook = Outlook(m.plan.cutover, back=m.journal.document.back)
        self._recorded = 0.0
        self._went_well = time.monotonic()
        self._pause: Path = State.of(m.journal).runs / PAUSE_FILE

    def run(self, told: Callable[[], bool], *, until_ready: bool) -> FollowRecord:
        """Take rounds until told, or until it may be cut over."""
        record = FollowRecord(at=self._m.journal.document.started)
        while not told():
            began = time.monotonic()
            if self._pause.exists():
                record = self._paused(record)
            else:
                record = self._round(began, record)
                if until_ready and record.can_cut_over:
                    break
            self._keep(record)
            while not told() and time.monotonic() - began < _EVERY_S:
                time.sleep(_SLICE_S)
        return record

    def _round(self, began: float, before: FollowRecord) -> FollowRecord:
        try:
            latest = self._tail.round(self._m)
        except SnapferryError as error:
            if not is_transient(error) or time.monotonic() - self._went_well > _PATIENCE_S:
                raise
            return self._failed(before, error)
        self._went_well = time.monotonic()
        lag = self._went_well - began
        record = self._outlook.after(latest, self._tail.state, self._restored, lag)
        _report(record)
        return record

    def _failed(self, before: FollowRecord, error: SnapferryError) -> FollowRecord:
        """How it stands after a round that failed for a reason that may pass: the next one follows."""
        why = f"the latest round failed, and is tried again: {error}"
        return self._not_now(before.model_copy(update={"reason": TailReason.ROUND_FAILED, "why": why}))

    def _paused(self, before: FollowRecord) -> FollowRecord:
        why = f"it is paused: remove {self._pause} to go on"
        update = {"paused": True, "reason": TailReason.PAUSED, "why": why}
        return self._not_now(before.model_copy(update=update))

    def _not_now(self, found: FollowRecord) -> FollowRecord:
        """The same, said aloud: nothing may be cut over now."""
        record = found.model_copy(update={"can_cut_over": False})
        _report(record)
        return record

    def _keep(self, record: FollowRecord) -> None:
        """Record how it stands, for `status`; not after every round, as that would wear the disk."""
        if time.monotonic() - self._recorded >= _RECORDED_EVERY_S:
            self._m.journal.keep(steps.FOLLOW.name, record)
            self._recorded = time.monotonic()


def _report(record: FollowRecord) -> None:
    figures = TailFigures(
        at=record.at,
        lag_s=record.lag_s,
        rate_in=record.rate_in,
        rate_out=record.rate_out,
        operations=record.tail,
        window_s=record.window_s,
        can_cut_over=record.can_cut_over,
        why=record.why,
        reason=record.reason,
    )
    report_progress(Progress(steps.FOLLOW.name, words.live(record), waiting=True, tail=figures))


def _restored(m: Migration, resolution: Resolution, chosen: WaysRecord, work: ChangesRecord) -> Restored:
    """What a cutover would have to restore, and how long that would take."""
    names = tuple(each.name for each in chosen.ways if each.way is Way.RESTORE)
    costs = {each.name: each.restore_s for each in chosen.ways if each.restore_s is not None}
    if not names:
        return Restored(costs=costs)
    only = work.model_copy(update={"changes": tuple(c for c in work.changes if c.name in names)})
    earlier = (j.document for j in State.of(m.journal).journals() if j.run_id != m.journal.run_id)
    return Restored(names, expected_window(resolution, only, tuple(earlier)), costs)
