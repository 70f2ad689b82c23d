"""Clean up after a finished run: its snapshots, its registrations, and the block on the source.

What the run has moved is not touched. Everything is read again right before it is changed.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from domains.domain import Side
from domains.engine import repositories
from domains.errors import SnapferryError
from runs.journal import Journal, now
from runs.step_names import StepName
from tasks import steps
from tasks.cleanup.ownership import own_snapshot
from tasks.cleanup.removal import remove_snapshot, removed_names
from tasks.cutover import freeze
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.records.cleanup import Finish, FinishRecord, Registration, RegistrationOutcome, Skipped
from tasks.records.previews import FinishPreview
from tasks.repository.history import is_own_registration
from tasks.repository.revert import revert


def earlier_finish(m: Migration) -> FinishRecord | None:
    """How an earlier command cleaned up after the run; None if none has."""
    return m.journal.document.recorded(steps.FINISH)


def preview(
    m: Migration, rounds: Sequence[Migration], runs: Sequence[Journal], wanted: Finish
) -> FinishPreview:
    """What `clean_up` would do now. Reads only.

    Args:
        rounds: the run and its seed rounds, oldest first, each with the plan that it began with.
        runs: the runs of the plan that share its registrations, oldest first.

    Raises:
        PreconditionError: something that was asked for is no longer possible.
    """
    refusing, finished = tuple(freeze.still_blocked(m)), is_cleaned_up(m, wanted)
    if not finished:
        _require_possible(m, wanted, refusing)
    registered: list[Side] = [
        domain.side
        for domain in m.domains
        if wanted.registrations == "remove"
        and is_own_registration(m, domain, repositories.registration(domain, m.repository), runs)
    ]
    return FinishPreview(
        run_id=m.journal.run_id,
        verb=m.journal.document.verb,
        wanted=wanted,
        finished=finished,
        snapshots=_own_snapshots(rounds),
        registrations=tuple(registered),
        refusing=refusing,
        ends_way_back=wanted.source == "released" and m.journal.record(StepName.WAY_BACK) is not None,
    )


def is_cleaned_up(m: Migration, wanted: Finish) -> bool:
    """Whether the latest command has finished, and everything that was asked for is done."""
    before, entry = earlier_finish(m), m.journal.document.steps.get(StepName.FINISH)
    ended = entry is not None and entry.ended is not None and entry.error is None
    return before is not None and ended and before.wanted == wanted and not before.left


def clean_up(
    m: Migration, rounds: Sequence[Migration], runs: Sequence[Journal], wanted: Finish
) -> FinishRecord:
    """Release the source, delete the snapshots and remove the registrations, as asked; return what was done.

    Snapshots go before the registrations, without which they cannot be reached. Safe to repeat, and resumable
    after a kill: it reads the domains each time.

    Raises:
        PreconditionError: something that was asked for is no longer possible.
        ExecutionError: something that should be gone is still there.
        DomainError: transient, or denied.
    """
    refusing = freeze.still_blocked(m)
    _require_possible(m, wanted, refusing)
    released = freeze.release(m).released if wanted.source == "released" and refusing else ()
    before = earlier_finish(m)
    left = _drop_snapshots(rounds, runs, before) if wanted.snapshots == "drop" else ()
    there = _own_snapshots(rounds)
    removed = [
        name for each in rounds for name in removed_names(each, "remove snapshot") if name not in there
    ]
    # without a registration no snapshot can be seen: the list of the earlier command still holds
    kept = there or tuple(name for name in (before.kept if before else ()) if name not in removed)
    if wanted.registrations == "remove":
        registrations = {domain.side: revert(m, domain, runs) for domain in reversed(m.domains)}
    else:
        kept_there = Registration(outcome=RegistrationOutcome.KEPT)
        registrations = {domain.side: kept_there for domain in reversed(m.domains)}
    return FinishRecord(
        at=now(),
        wanted=wanted,
        kept=() if wanted.snapshots == "drop" else kept,
        removed=tuple(removed),
        registrations=registrations,
        released=released or (before.released if before else ()),
        refusing=tuple(freeze.still_blocked(m)),
        left=left,
    )


def _require_possible(m: Migration, wanted: Finish, refusing: Sequence[str]) -> None:
    """Refuse what an earlier command made impossible, and to block an index again that takes writes."""
    if wanted.source == "blocked" and set(freeze.blocked_by(m)) - set(refusing):
        raise PreconditionError(
            "the source takes writes, and finish does not block it again: what was written there since the "
            "cutover is not on the target",
            hint="leave out --source, or set index.blocks.write yourself on the indices that must not change",
        )
    if wanted.source == "blocked" and not refusing:
        raise PreconditionError(
            f"run {m.journal.run_id} has blocked nothing on the source, and finish does not block it either",
            hint="leave out --source",
        )
    before = earlier_finish(m)
    if before is None:
        return
    if (before.wanted.snapshots, wanted.snapshots) == ("drop", "keep"):
        raise PreconditionError(
            "an earlier finish deleted the snapshots: there are none left to keep",
            hint="leave out --snapshots",
        )
    if (before.wanted.registrations, wanted.registrations) == ("remove", "keep"):
        raise PreconditionError(
            "an earlier finish removed the registrations: there are none left to keep",
            hint="leave out --registrations",
        )


def _own_snapshots(rounds: Sequence[Migration]) -> tuple[str, ...]:
    return tuple(filter(None, map(own_snapshot, rounds)))


def _drop_snapshots(
    rounds: Sequence[Migration], runs: Sequence[Journal], before: FinishRecord | None
) -> tuple[Skipped, ...]:
    """Delete the snapshots, unless an earlier command did; return those that cannot be reached."""
    if before and before.wanted.snapshots == "drop" and not before.left:
        return ()
    with _temporary_registration(rounds, runs):
        left = [found for each in rounds for found in remove_snapshot(each, runs)]
        still = _own_snapshots(rounds)
        if still:
            raise ExecutionError(
                f"{len(still)} snapshots are still there: {', '.join(still[:5])}",
                "run the same command again: it removes them",
            )
    return tuple(left)


@contextmanager
def _temporary_registration(rounds: Sequence[Migration], runs: Sequence[Journal]) -> Generator[None]:
    """Remove the source's registration again if the block created it and fails."""
    absent = {
        each.repository: each
        for each in rounds
        if each.source_domain and repositories.registration(each.source, each.repository) is None
    }
    try:
        yield
    except SnapferryError:
        for each in absent.values():
            revert(each, each.source, runs)
        raise
