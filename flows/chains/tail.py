"""The tail in a cutover: catch up before the freeze, bring over the rest inside the window, prove it."""

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from configs.values.listing import counted
from flows.chains.cutover_window import within_window
from flows.chains.seed_round import CHANGING, compare_once
from flows.chains.steps import perform
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover.final_check import CopyState, States
from tasks.cutover.open_target import open_copies
from tasks.errors import VerificationFailed
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.tail import CatchUpRecord, ProofRecord, TailRound, Way, WaysRecord
from tasks.records.verification import Verdict
from tasks.seeding.changes import find_changes, inspect_both_sides
from tasks.seeding.copies import ledger_of
from tasks.tail import proof
from tasks.tail.rounds import Tail
from tasks.tail.session import Session, keeping_in_step
from tasks.tail.ways import settings_changed, ways

_MOST_ROUNDS = 20
_SHORT_S = 0.7
"""A round that takes no longer is short enough for the window."""
_SHRINKING = 0.8
_BINDING = ("block",)


@dataclass(frozen=True)
class FoundWays:
    """The way of each index, and what has changed, from one reading of both sides."""

    ways: WaysRecord
    work: ChangesRecord


def find_ways(m: Migration, resolution: Resolution) -> FoundWays:
    """Which indices can go by the tail, and which go by a restore. Reads only."""
    sides = inspect_both_sides(m, ledger_of(m))
    work = find_changes(m, resolution, sides)
    return FoundWays(ways(m, resolution, work, sides), work)


def choose_ways(m: Migration, resolution: Resolution) -> WaysRecord:
    """Decide once which indices go by the tail, and which by a restore. Reads only."""
    return perform(m, steps.CHOOSE_WAYS, lambda: find_ways(m, resolution).ways, bound_by=_BINDING)


@contextmanager
def tail_of(m: Migration, resolution: Resolution, chosen: WaysRecord) -> Generator[Session | None]:
    """The session of the tail for the indices that go by it; None where the plan wants restores."""
    if m.plan.cutover.delta == "restore":
        yield None
        return
    if chosen.tail:
        open_copies(m, [each.target for each in chosen.ways if each.name in chosen.tail])
    with keeping_in_step(m, steps.CATCH_UP.name, resolution, chosen.tail) as session:
        yield session


def catch_up(m: Migration, session: Session | None) -> None:
    """Bring the copies close to the source, round by round, while it takes writes."""
    if session is not None and session.tail.in_step:
        perform(m, steps.CATCH_UP, lambda: _caught_up(m, session.tail))


def _caught_up(m: Migration, tail: Tail) -> CatchUpRecord:
    last, rounds, before = tail.round(m), 1, math.inf
    while rounds < _MOST_ROUNDS and _SHORT_S < last.seconds < before * _SHRINKING:
        changes = last.written + last.deleted
        read = counted(last.read, "document", "documents")
        message = f"round {rounds}: {read} read, {counted(changes, 'change', 'changes')} applied"
        report_progress(Progress(steps.CATCH_UP.name, message, waiting=True))
        before, last, rounds = last.seconds, tail.round(m), rounds + 1
    return CatchUpRecord(rounds=tail.number, last=last, indices=tail.state)


def compare_with_tail(m: Migration, resolution: Resolution, session: Session | None) -> ChangesRecord:
    """What has changed on the frozen source: by the tail what it has kept in step, the others by a restore.

    An index that has only just changed goes by the tail, too, if it can: that is quicker than a restore. One
    that has fallen out is no longer part of the session: its restore is compared, not its tail.
    """
    if session is None:
        return compare_once(m, resolution)
    work = perform(m, steps.COMPARE, lambda: _compared(m, resolution, session.tail), bound_by=CHANGING)
    followed = {each.name for each in work.of("followed")}
    session.tail.leave_out_all_but(followed)
    late = followed - {index.name for index in session.tail.indices}
    if late:
        session.admit(m, resolution, late)
    return work


def _compared(m: Migration, resolution: Resolution, tail: Tail) -> ChangesRecord:
    sides = inspect_both_sides(m, ledger_of(m))
    work = find_changes(m, resolution, sides)
    fallen = {index.name for index in tail.indices if index.out}
    opened = {name for name, index in sides.target.indices.items() if index.open}
    found = ways(m, resolution, work, sides)
    late = {each.name for each in found.ways if each.way is Way.TAIL and each.target in opened}
    changed = {index.name for index in tail.in_step if settings_changed(index.copy, work.digests)}
    return work.with_tail(({index.name for index in tail.in_step} | late) - fallen - changed)


def compare_by_tail_alone(m: Migration, resolution: Resolution, session: Session) -> ChangesRecord:
    """What has changed on the frozen domain, all of it to be brought over by the tail.

    Raises:
        VerificationFailed: an index was deleted and made anew, or has other shards, since the session began.
    """
    names = {index.name for index in session.tail.in_step}

    def compared() -> ChangesRecord:
        return find_changes(m, resolution, inspect_both_sides(m, ledger_of(m))).with_tail(names)

    work = perform(m, steps.COMPARE, compared, bound_by=CHANGING)
    others = [change for change in work.changes if change.kind not in {"followed", "dropped"}]
    if others:
        shown = "; ".join(f"{change.name}: {change.why or change.kind}" for change in others[:3])
        raise VerificationFailed(
            f"{len(others)} indices cannot be brought over by the tail: {shown}",
            "see docs/way-back.md for what is left to do",
        )
    return work


def bring_over_last(m: Migration, session: Session | None) -> Mapping[str, Verdict]:
    """Inside the window: the last round of the tail, and its proof; the verdicts on its indices.

    Raises:
        VerificationFailed: an index could not be proved.
    """
    if session is None or not session.tail.in_step:
        return {}
    tail = session.tail
    within_window(m, lambda: perform(m, steps.LAST_TAIL, lambda: _last_round(m, tail)))
    record = within_window(m, lambda: perform(m, steps.PROVE, lambda: proof.prove(m, tail)))
    _require_proved(record, tail)
    return proof.verdicts(record, tail)


def _last_round(m: Migration, tail: Tail) -> TailRound:
    """The last round; then the copies get the settings again that they had before the tail."""
    done = tail.round(m)
    tail.adjustments.put_back()
    return done


def require_as_proved(session: Session | None, copies: States) -> None:
    """Confirm that the states which the final check goes by are those of the copies that were proved.

    Args:
        copies: read after the proof.

    Raises:
        VerificationFailed: somebody has written to a copy between the proof and this reading.
    """
    moving = (index for index in (session.tail.in_step if session else ()) if index.target in copies)
    written = [index for index in moving if _positions(copies[index.target]) != index.last]
    if written:
        raise VerificationFailed(
            f"somebody has written to {len(written)} copies since they were proved: {written[0].target}",
            "find out who writes to the target, and stop them during the next window",
            tuple(index.target for index in written),
        )


def _positions(state: CopyState) -> dict[int, int]:
    return {mark.shard: mark.max_seq_no for mark in state.marks}


def _require_proved(record: ProofRecord, tail: Tail) -> None:
    if record.differences:
        names = {index.name: index.target for index in tail.indices}
        shown = "; ".join(f"{name}: {why}" for name, why in list(record.differences.items())[:3])
        raise VerificationFailed(
            f"{len(record.differences)} indices were not proved equal: {shown}",
            "the next cutover copies them by a restore",
            tuple(names[name] for name in record.differences),
        )
