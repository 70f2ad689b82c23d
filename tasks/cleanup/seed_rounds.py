"""Taking away what a plan's seed rounds have made: copies, snapshots, registrations. Nothing else.

A copy is known by the UUID that was noted when it arrived, and goes only while it still refuses writes. Each
thing is looked at again right before it goes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from domains.domain import Domain, Side
from domains.engine import catalog as names_on
from domains.engine import repositories
from domains.engine.catalog import Catalog, catalog
from domains.engine.write_blocks import blocks
from runs.journal import Journal
from runs.seed_cycles import sharing_registration
from runs.state import State
from runs.step_names import StepName
from tasks.cleanup.ownership import own_snapshot
from tasks.cleanup.removal import remove_snapshot, removed_names
from tasks.errors import ExecutionError
from tasks.in_flight import await_in_flight
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, Registration, RemovalRecord, Skipped, SkippedReason
from tasks.records.seeding import Copy, Ledger
from tasks.repository.history import is_own_registration
from tasks.repository.revert import revert
from tasks.restore.owned_indices import intended, proven
from tasks.retry_while_busy import is_busy, retry_while_busy
from tasks.seeding.ledger import ledger
from tasks.seeding.trusted_copies import trusted

_AT_ONCE = 50


def rounds_left(m: Migration, rounds: Sequence[Migration]) -> Leftovers:
    """What `remove_rounds` would take away now. Changes nothing on the domains.

    Args:
        m: the latest round, whose journal says what is done.
        rounds: all of them, the oldest first, each with the plan that it began with.
    """
    found = _noted(m, rounds)
    runs = _runs(rounds)
    registered: list[Side] = [
        domain.side
        for domain in (m.source, m.target)
        if any(_is_reverted(each, domain, runs) for each in _by_repository(rounds))
    ]
    return Leftovers(
        run_id=m.journal.run_id,
        concerns="seed rounds",
        indices=tuple(sorted(_removable(m, found))),
        snapshots=tuple(filter(None, map(own_snapshot, rounds))),
        registrations=tuple(registered),
        left=tuple(_left(m, found)),
    )


def _is_reverted(m: Migration, domain: Domain, runs: Sequence[Journal]) -> bool:
    return is_own_registration(m, domain, repositories.registration(domain, m.repository), runs)


def remove_rounds(m: Migration, rounds: Sequence[Migration]) -> RemovalRecord:
    """Deletes the copies on the target, the snapshots of all rounds, and the registrations they made.

    May be repeated, and continued after a kill: it looks each time.

    Raises:
        TimedOut: a running snapshot stood in the way for snapshot.wait_for_running; the same command goes on.
        DomainError: transient, or denied.
    """
    for each in rounds:
        await_in_flight(each, StepName.CLEAN)
    found, runs = _noted(m, rounds), _runs(rounds)
    left = list(_left(m, found))
    names = sorted(_removable(m, found))
    for start in range(0, len(names), _AT_ONCE):
        _remove_chunk(m, found, names[start : start + _AT_ONCE])
    for each in rounds:
        left += remove_snapshot(each, runs)
    return RemovalRecord(
        indices=tuple(name for name in removed_names(m, "remove") if name in found.copies),
        snapshots=tuple(name for each in rounds for name in removed_names(each, "remove snapshot")),
        registrations=_reverted(m, rounds),
        left=tuple(left),
    )


def require_rounds_removed(m: Migration, rounds: Sequence[Migration]) -> None:
    """Confirms by a look that nothing of the rounds' own is left on the domains.

    Raises:
        ExecutionError: something is.
    """
    names = [*_removable(m, _noted(m, rounds)), *filter(None, map(own_snapshot, rounds))]
    if names:
        raise ExecutionError(
            f"{len(names)} of what the rounds have made are still there: {', '.join(names[:5])}",
            "run the same command again: it removes them",
        )


def _runs(rounds: Sequence[Migration]) -> tuple[Journal, ...]:
    return sharing_registration([each.journal for each in rounds])


def _by_repository(rounds: Iterable[Migration]) -> tuple[Migration, ...]:
    """One round for each repository that they have used: rounds share its registrations."""
    return tuple({each.repository: each for each in rounds}.values())


def _noted(m: Migration, rounds: Iterable[Migration]) -> Ledger:
    """The copies, those of unfinished rounds included: what the domain says of them now is noted first."""
    there = catalog(m.target).indices
    for each in rounds:
        if each.journal.record(StepName.COPIES) is None:
            held = {name: there[name].uuid for name in intended(each) & there.keys()}
            proven(each, held, f"{each.repository}/{each.snapshot}")
    return ledger(State.of(m.journal))


def _removable(m: Migration, found: Ledger) -> dict[str, Copy]:
    return trusted(catalog(m.target), blocks(m.target), found) if found.copies else {}


def _remove_chunk(m: Migration, found: Ledger, names: Sequence[str]) -> None:
    """Deletes those of the copies that still are what they were; waits while a snapshot holds one of them."""

    def look() -> Callable[[], None] | None:
        own = _removable(m, found)
        still = [name for name in names if name in own]
        return partial(names_on.delete_all, m.target, still) if still else None

    retry_while_busy(m, m.target, "remove", names, "a snapshot on the target holds a copy", is_busy, look)


def _left(m: Migration, found: Ledger) -> Iterator[Skipped]:
    """What is under the name of a copy and does not go."""
    target = catalog(m.target)
    own = _removable(m, found)
    for name, copy in found.copies.items():
        if name in target.indices and name not in own:
            yield _skipped(target, copy)


def _skipped(target: Catalog, copy: Copy) -> Skipped:
    index = target.indices[copy.target]
    if index.uuid != copy.target_uuid:
        return Skipped(name=copy.target, why=SkippedReason.NOT_MADE_BY_A_ROUND)
    if index.stream:
        return Skipped(name=copy.target, why=SkippedReason.IN_A_DATA_STREAM, detail=index.stream)
    return Skipped(name=copy.target, why=SkippedReason.TAKES_WRITES)


def _reverted(m: Migration, rounds: Sequence[Migration]) -> dict[str, Registration]:
    """What became of the registrations; of a repository that only earlier rounds have used, with its name."""
    runs, found = _runs(rounds), dict[str, Registration]()
    for each in _by_repository(rounds):
        place = "" if each.repository == m.repository else f", {each.repository}"
        for domain in (m.target, m.source):
            found[f"{domain.side}{place}"] = revert(each, domain, runs)
    return found
