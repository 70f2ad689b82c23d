"""Remove what a run has made and nothing else: everything is read again right before it is removed.

What the run owns: `tasks.cleanup.ownership`. A request whose reply was lost is not repeated without checking.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from domains.domain import Side
from domains.engine import catalog as names_on
from domains.engine import repositories, snapshots
from domains.errors import Denied, Missing
from domains.http.requests import Request
from runs.journal import Journal
from runs.step_names import StepName
from tasks.cleanup.ownership import Owned, own_snapshot, owned
from tasks.errors import ExecutionError, PreconditionError
from tasks.in_flight import await_in_flight
from tasks.migration import Migration
from tasks.records.cleanup import Leftovers, RemovalRecord, Skipped, SkippedReason
from tasks.records.resolution import Resolution
from tasks.repository import register
from tasks.repository.history import is_own_registration, sent_registrations
from tasks.repository.revert import revert, revert_request
from tasks.retry_while_busy import is_busy, retry_while_busy
from tasks.survey import Survey

_AT_ONCE = 50  # indices deleted by one request


def require_removable(m: Migration, name: str) -> None:
    """Confirm, before anything is created, that the caller may delete indices on the target.

    Asks the domain to delete an index that does not exist, which changes nothing.

    Args:
        name: a name that no index has, of the kind that the rehearsal creates.

    Raises:
        PreconditionError: the caller may not delete indices.
    """
    if names_on.uuids(m.target, [name]):
        return
    try:
        m.target.connection.send(probe_request(name))
    except Missing:
        return
    except Denied as error:
        raise PreconditionError(
            "the caller may not delete indices on the target, so the rehearsal could not be removed again",
            (error.message,),
            f"{error.hint or 'grant that permission'}; or rehearse with --keep",
        ) from error


def requests(m: Migration, survey: Survey, resolution: Resolution) -> Iterator[tuple[Side, Request]]:
    """The requests that remove everything in this resolution once it is restored. Reads only."""
    streams = [unit.target for unit in resolution.moving if unit.is_stream]
    made = (*resolution.moving, *resolution.reindexed)
    indices = sorted(i.target for u in made if not u.is_stream for i in u.indices)
    for name in streams:
        yield "target", names_on.delete_request(name, stream=True)
    for start in range(0, len(indices), _AT_ONCE):
        for request in names_on.delete_all_requests(indices[start : start + _AT_ONCE]):
            yield "target", request
    if not resolution.moving:
        return
    if not m.plan.existing_snapshot:
        yield "source", snapshots.delete_request(m.repository, m.snapshot)
    for side in reversed(survey.sides):
        registered = any(
            request.method == "PUT"
            for request in register.requests(m, survey, side, resolution.bucket_region)
        )
        if registered:
            yield side, revert_request(m.repository, survey.registration(side))


def probe_request(name: str) -> Request:
    """The request that `require_removable` sends."""
    return next(names_on.delete_all_requests([name]))


def leftovers(m: Migration) -> Leftovers:
    """What `remove_made` would remove now. Changes nothing on the domains."""
    found = owned(m)
    registered: list[Side] = [
        domain.side
        for domain in m.domains
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
    """Delete the indices this run restored on the target, its snapshot, and its registrations.

    Safe to repeat, and resumable after a kill: it reads the domains each time.

    Raises:
        TimedOut: a running snapshot was in the way for snapshot.wait_for_running; the same command resumes.
        DomainError: transient, or denied.
    """
    await_in_flight(m, StepName.CLEAN)
    left = [*remove_indices(m, owned(m)), *remove_snapshot(m)]
    registrations = {domain.side: revert(m, domain) for domain in reversed(m.domains)}
    return RemovalRecord(
        indices=removed_names(m, "remove"),
        snapshots=removed_names(m, "remove snapshot"),
        registrations=registrations,
        left=tuple(left),
    )


def removed_names(m: Migration, action: str) -> tuple[str, ...]:
    """The names in requests of this action that may have worked: `remove` or `remove snapshot`."""
    intents = (each for each in m.journal.intents(action) if each.may_have_changed)
    return tuple(dict.fromkeys(name for intent in intents for name in intent.detail["names"]))


def remove_indices(m: Migration, found: Owned) -> Iterator[Skipped]:
    """Delete what the run owns, if it still has the same UUIDs. Safe to repeat.

    Args:
        found: what it owns, or the part of it that is to go.

    Yields:
        What was left alone.
    """
    for name, backing in found.streams.items():
        yield from remove_stream(m, name, backing)
    names = list(found.indices)
    for start in range(0, len(names), _AT_ONCE):
        _remove_chunk(m, {name: found.indices[name] for name in names[start : start + _AT_ONCE]})
    yield from found.left


def _remove_chunk(m: Migration, chunk: dict[str, str]) -> None:
    """Delete the indices that still have these UUIDs; wait while a snapshot is using one of them."""

    def look() -> Callable[[], None] | None:
        there = names_on.uuids(m.target, chunk)
        still = [name for name, uuid in chunk.items() if there.get(name) == uuid]
        return partial(names_on.delete_all, m.target, still) if still else None

    retry_while_busy(
        m, m.target, "remove", list(chunk), "a snapshot on the target is using an index", is_busy, look
    )


def remove_stream(m: Migration, name: str, backing: dict[str, str]) -> Iterator[Skipped]:
    """Delete a data stream if it still has exactly these backing indices."""
    grown: list[str] = []

    def look() -> Callable[[], None] | None:
        held = names_on.backing_indices(m.target, name)
        if held is None:
            return None
        if names_on.uuids(m.target, held) != backing:
            grown.append(name)
            return None
        return partial(names_on.delete, m.target, name, stream=True)

    retry_while_busy(
        m, m.target, "remove", [name], f"a snapshot on the target is using {name}", is_busy, look
    )
    if grown:
        yield Skipped(name=name, why=SkippedReason.BACKING_INDICES_CHANGED)


def remove_snapshot(m: Migration, runs: Sequence[Journal] = ()) -> Iterator[Skipped]:
    """Delete the run's own snapshot, running or finished. Safe to repeat: the repository is read each time.

    Args:
        runs: the runs that share the registration; by default this run alone.
    """
    if not m.journal.intents("snapshot"):
        return
    skipped = _out_of_reach(m, runs)
    if skipped:
        yield skipped
        return

    def look() -> Callable[[], None] | None:
        return partial(snapshots.delete, m.source, m.repository, m.snapshot) if own_snapshot(m) else None

    waits = "another snapshot is running on the source"
    retry_while_busy(m, m.source, "remove snapshot", [m.snapshot], waits, is_busy, look)


def end_snapshot(m: Migration) -> None:
    """Stop the run's own snapshot if it is still running: nobody waits for it. A complete one is kept."""
    if not m.journal.intents("snapshot"):
        return

    def look() -> Callable[[], None] | None:
        found = snapshots.get(m.source, m.repository, m.snapshot)
        if found is None or not found.running or own_snapshot(m) is None:
            return None
        return partial(snapshots.delete, m.source, m.repository, m.snapshot)

    waits = "another snapshot is running on the source"
    retry_while_busy(m, m.source, "remove snapshot", [m.snapshot], waits, is_busy, look)


def _out_of_reach(m: Migration, runs: Sequence[Journal]) -> Skipped | None:
    """The run's snapshot, where it cannot be reached; None where it can.

    If somebody has removed the runs' own registration, it is made again for this.
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
    """Confirm that nothing the run owns is left on the domains.

    Raises:
        ExecutionError: something is left.
    """
    require_gone([*owned(m).names, *filter(None, [own_snapshot(m)])])


def require_gone(names: Sequence[str]) -> None:
    """Raise ExecutionError if anything is still there."""
    if names:
        raise ExecutionError(
            f"{len(names)} things that this run has made are still there: {', '.join(names[:5])}",
            "run the same command again: it removes them",
        )
