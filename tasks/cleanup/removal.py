"""Taking away what a run has made, and nothing else: each thing is looked at again right before it goes.

What the run owns: `tasks.cleanup.ownership`. A request whose reply was lost is not repeated without a look.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from domains.domain import Side
from domains.engine import catalog as names_on
from domains.engine import repositories, snapshots
from domains.errors import Denied, Missing
from domains.http.requests import Request
from runs.journal import DENIED, REFUSED, Journal
from runs.step_names import StepName
from tasks.cleanup.ownership import own_snapshot, owned
from tasks.errors import ExecutionError, PreconditionError
from tasks.in_flight import await_in_flight
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, RemovalRecord, Skipped, SkippedReason
from tasks.records.resolution import Resolution
from tasks.repository import register
from tasks.repository.history import is_own_registration, sent_registrations
from tasks.repository.revert import revert, revert_request
from tasks.retry_while_busy import is_busy, retry_while_busy
from tasks.survey import SIDES, Survey

_AT_ONCE = 50  # indices that one request deletes


def require_removable(m: Migration, name: str) -> None:
    """Makes sure, before anything is made, that the caller may delete indices on the target.

    Asks the domain to delete one that is not there, which changes nothing.

    Args:
        name: of no index, as the rehearsal could have made one.

    Raises:
        PreconditionError: it may not.
    """
    if names_on.uuids(m.target, [name]):
        return
    try:
        names_on.delete_all(m.target, [name])
    except Missing:
        return
    except Denied as error:
        raise PreconditionError(
            "the caller may not delete indices on the target: the rehearsal could not be taken away again",
            (error.message,),
            f"{error.hint or 'grant it that right'}; or rehearse with --keep",
        ) from error


def requests(m: Migration, look: Survey, resolution: Resolution) -> Iterator[tuple[Side, Request]]:
    """What removing sends once all of this resolution has arrived, by what the survey shows. Reads only."""
    streams = [unit.target for unit in resolution.moving if unit.is_stream]
    indices = sorted(i.target for u in resolution.moving if not u.is_stream for i in u.indices)
    for name in streams:
        yield "target", names_on.delete_request(name, stream=True)
    for start in range(0, len(indices), _AT_ONCE):
        for request in names_on.delete_all_requests(indices[start : start + _AT_ONCE]):
            yield "target", request
    if not m.plan.snapshot.existing:
        yield "source", snapshots.delete_request(m.repository, m.snapshot)
    for side in reversed(SIDES):
        registered = any(
            request.method == "PUT" for request in register.requests(m, look, side, resolution.bucket_region)
        )
        if registered:
            yield side, revert_request(m.repository, look.registration(side))


def probe_request(name: str) -> Request:
    """As `require_removable` sends it."""
    return next(names_on.delete_all_requests([name]))


def leftovers(m: Migration) -> Leftovers:
    """What `remove_made` would take away now. Changes nothing on the domains."""
    found = owned(m)
    registered: list[Side] = [
        domain.side
        for domain in (m.source, m.target)
        if is_own_registration(m, domain, repositories.registration(domain, m.repository))
    ]
    return Leftovers(
        run_id=m.journal.run_id,
        indices=found.names,
        snapshots=tuple(filter(None, [own_snapshot(m)])),
        registrations=tuple(registered),
        left=found.left,
    )


def remove_made(m: Migration) -> RemovalRecord:
    """Deletes on the target what this run restored, the snapshot it took, and the registrations it made.

    May be repeated, and continued after a kill: it looks each time.

    Raises:
        TimedOut: a running snapshot stood in the way for snapshot.wait_for_running; the same command goes on.
        DomainError: transient, or denied.
    """
    await_in_flight(m, StepName.CLEAN)
    left = [*_remove_indices(m), *remove_snapshot(m)]
    registrations = {domain.side: revert(m, domain) for domain in (m.target, m.source)}
    return RemovalRecord(
        indices=removed_names(m, "remove"),
        snapshots=removed_names(m, "remove snapshot"),
        registrations=registrations,
        left=tuple(left),
    )


def removed_names(m: Migration, action: str) -> tuple[str, ...]:
    """What requests of this action were for that may have worked: `remove` or `remove snapshot`."""
    intents = (each for each in m.journal.intents(action) if each.result not in {DENIED, REFUSED})
    return tuple(dict.fromkeys(name for intent in intents for name in intent.detail["names"]))


def _remove_indices(m: Migration) -> Iterator[Skipped]:
    found = owned(m)
    for name, backing in found.streams.items():
        yield from remove_stream(m, name, backing)
    names = list(found.indices)
    for start in range(0, len(names), _AT_ONCE):
        _remove_chunk(m, {name: found.indices[name] for name in names[start : start + _AT_ONCE]})
    yield from found.left


def _remove_chunk(m: Migration, chunk: dict[str, str]) -> None:
    """Deletes those of the indices that still have these UUIDs; waits while a snapshot holds one of them."""

    def look() -> Callable[[], None] | None:
        there = names_on.uuids(m.target, chunk)
        still = [name for name, uuid in chunk.items() if there.get(name) == uuid]
        return partial(names_on.delete_all, m.target, still) if still else None

    retry_while_busy(
        m, m.target, "remove", list(chunk), "a snapshot on the target holds an index", is_busy, look
    )


def remove_stream(m: Migration, name: str, backing: dict[str, str]) -> Iterator[Skipped]:
    """Deletes a data stream if it still has exactly these backing indices."""
    grown: list[str] = []

    def look() -> Callable[[], None] | None:
        held = names_on.backing_indices(m.target, name)
        if held is None:
            return None
        if names_on.uuids(m.target, held) != backing:
            grown.append(name)
            return None
        return partial(names_on.delete, m.target, name, stream=True)

    retry_while_busy(m, m.target, "remove", [name], f"a snapshot on the target holds {name}", is_busy, look)
    if grown:
        yield Skipped(name=name, why=SkippedReason.BACKING_INDICES_CHANGED)


def remove_snapshot(m: Migration, runs: Sequence[Journal] = ()) -> Iterator[Skipped]:
    """Deletes the run's own snapshot, running or finished. May be repeated: the repository is asked.

    Args:
        runs: the runs that share the registration; without them it is this one alone.
    """
    if not m.journal.intents("snapshot"):
        return
    skipped = _out_of_reach(m, runs)
    if skipped:
        yield skipped
        return

    def look() -> Callable[[], None] | None:
        return partial(snapshots.delete, m.source, m.repository, m.snapshot) if own_snapshot(m) else None

    waits = "another snapshot runs on the source"
    retry_while_busy(m, m.source, "remove snapshot", [m.snapshot], waits, is_busy, look)


def _out_of_reach(m: Migration, runs: Sequence[Journal]) -> Skipped | None:
    """The run's snapshot, where it cannot be reached; None where it can.

    Where somebody has removed the runs' own registration, it is made again for that.
    """
    if repositories.registration(m.source, m.repository) is not None:
        return None
    sent = sent_registrations(m, m.source, runs)
    gone = Skipped(name=m.snapshot, why=SkippedReason.SNAPSHOT_OUT_OF_REACH, detail=m.repository)
    if not sent.at_all or sent.before is not None:
        return gone
    resolved = m.journal.record("resolve") or {}
    try:
        register.register_source(m, resolved.get("bucket_region"))
    except ExecutionError as error:
        return gone.model_copy(update={"error": error.message})
    return None


def require_removed(m: Migration) -> None:
    """Confirms by a look that nothing of the run's own is left on the domains.

    Raises:
        ExecutionError: something is.
    """
    names = [*owned(m).names, *filter(None, [own_snapshot(m)])]
    if names:
        raise ExecutionError(
            f"{len(names)} of what this run has made are still there: {', '.join(names[:5])}",
            "run the same command again: it removes them",
        )
