"""Remove what a plan's seed rounds have made and nothing else: copies, snapshots, registrations.

A copy is identified by the UUID recorded when it was restored, and is removed only while it still refuses
writes. Everything is read again right before it is removed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from domains.domain import Domain, Side
from domains.engine import catalog as names_on
from domains.engine import repositories
from domains.engine.catalog import Catalog, catalog
from domains.engine.indices.write_blocks import blocks
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


def leftovers_of_rounds(m: Migration, rounds: Sequence[Migration]) -> Leftovers:
    """What `remove_rounds` would remove now. Changes nothing on the domains.

    Args:
        m: the latest round, whose journal records the removal.
        rounds: all rounds, oldest first, each with the plan that it began with.
    """
    found = _note_copies(m, rounds)
    runs = _runs(rounds)
    registered: list[Side] = [
        domain.side
        for domain in m.domains
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
    """Delete the copies on the target, the snapshots of all rounds, and their registrations.

    Safe to repeat, and resumable after a kill: it reads the domains each time.

    Raises:
        TimedOut: a running snapshot was in the way for snapshot.wait_for_running; the same command resumes.
        DomainError: transient, or denied.
    """
    for each in rounds:
        await_in_flight(each, StepName.CLEAN)
    found, runs = _note_copies(m, rounds), _runs(rounds)
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
    """Confirm that nothing the rounds own is left on the domains.

    Raises:
        ExecutionError: something is left.
    """
    names = [*_removable(m, _note_copies(m, rounds)), *filter(None, map(own_snapshot, rounds))]
    if names:
        raise ExecutionError(
            f"{len(names)} things that the rounds have made are still there: {', '.join(names[:5])}",
            "run the same command again: it removes them",
        )


def _runs(rounds: Sequence[Migration]) -> tuple[Journal, ...]:
    return sharing_registration([each.journal for each in rounds])


def _by_repository(rounds: Iterable[Migration]) -> tuple[Migration, ...]:
    """One round for each repository in use: rounds share its registrations."""
    return tuple({each.repository: each for each in rounds}.values())


def _note_copies(m: Migration, rounds: Iterable[Migration]) -> Ledger:
    """Record what unfinished rounds have restored by now, and return all copies."""
    there = catalog(m.target).indices
    for each in rounds:
        if each.journal.record(StepName.COPIES) is None:
            held = {name: there[name].uuid for name in intended(each) & there.keys()}
            proven(each, held, f"{each.repository}/{each.snapshot}")
    return ledger(State.of(m.journal))


def _removable(m: Migration, found: Ledger) -> dict[str, Copy]:
    return trusted(catalog(m.target), blocks(m.target), found) if found.copies else {}


def _remove_chunk(m: Migration, found: Ledger, names: Sequence[str]) -> None:
    """Delete the copies that are still unchanged; wait while a snapshot is using one of them."""

    def look() -> Callable[[], None] | None:
        own = _removable(m, found)
        still = [name for name in names if name in own]
        return partial(names_on.delete_all, m.target, still) if still else None

    retry_while_busy(m, m.target, "remove", names, "a snapshot on the target is using a copy", is_busy, look)


def _left(m: Migration, found: Ledger) -> Iterator[Skipped]:
    """Indices that have a copy's name and are not removed."""
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
    """What happened to the registrations; those only earlier rounds used carry the repository's name."""
    runs, found = _runs(rounds), dict[str, Registration]()
    for each in _by_repository(rounds):
        place = "" if each.repository == m.repository else f", {each.repository}"
        for domain in reversed(m.domains):
            found[f"{domain.side}{place}"] = revert(each, domain, runs)
    return found
