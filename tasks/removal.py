"""Taking away what a run has made, and nothing else: each thing is looked at again right before it goes.

What is the run's own is told by `tasks.own`. A request whose reply was lost is not repeated without a look.
"""

from collections.abc import Callable, Iterator, Sequence

from domains import catalog as names_on
from domains import repositories, snapshots
from domains.domain import Domain, Side
from domains.errors import Missing, Refused, is_transient
from domains.replies import Json
from runs.progress import Progress, tell
from tasks import repository
from tasks.doubt import settled
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.own import is_own_registration, later_user, own_snapshot, owned, sent_registrations
from tasks.records import Left, Leftovers, RemovalRecord

STEP = "clean"
_AT_ONCE = 50  # indices that one request deletes
_CONCURRENT = "concurrent_snapshot_execution_exception"


def leftovers(m: Migration) -> Leftovers:
    """What `remove_made` would take away now. Changes nothing on the domains."""
    found = owned(m)
    registered: list[Side] = [
        domain.side
        for domain in (m.source, m.target)
        if is_own_registration(m, domain, repositories.registered(domain, m.repository))
    ]
    return Leftovers(
        run_id=m.journal.run_id,
        indices=found.names,
        snapshot=own_snapshot(m),
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
    settled(m, STEP)
    left = [*_remove_indices(m), *_remove_snapshot(m)]
    registrations = {domain.side: _give_back(m, domain) for domain in (m.target, m.source)}
    return RemovalRecord(
        indices=removed_names(m, "remove"),
        snapshots=removed_names(m, "remove snapshot"),
        registrations=registrations,
        left=tuple(left),
    )


def removed_names(m: Migration, action: str) -> tuple[str, ...]:
    """What requests of this action were for: `remove` or `remove snapshot`."""
    intents = m.journal.intents(action)
    return tuple(dict.fromkeys(name for intent in intents for name in intent.detail["names"]))


def _remove_indices(m: Migration) -> Iterator[Left]:
    found = owned(m)
    for name, backing in found.streams.items():
        yield from _remove_stream(m, name, backing)
    names = list(found.indices)
    for start in range(0, len(names), _AT_ONCE):
        _remove_chunk(m, {name: found.indices[name] for name in names[start : start + _AT_ONCE]})
    yield from found.left


def _remove_chunk(m: Migration, chunk: dict[str, str]) -> None:
    """Deletes those of the indices that still have these UUIDs; waits while a snapshot holds one of them."""

    def act() -> None:
        there = names_on.uuids(m.target, chunk)
        still = [name for name, uuid in chunk.items() if there.get(name) == uuid]
        if still:
            names_on.delete_all(m.target, still)

    _patiently(m, m.target, "remove", list(chunk), "a snapshot on the target holds an index", _is_busy, act)


def _remove_stream(m: Migration, name: str, backing: dict[str, str]) -> Iterator[Left]:
    """Deletes a data stream if it still has exactly these backing indices."""
    grown: list[str] = []

    def act() -> None:
        held = names_on.backing_of(m.target, name)
        if held is None:
            return
        if names_on.uuids(m.target, held) != backing:
            grown.append(name)
            return
        names_on.delete(m.target, name, stream=True)

    _patiently(m, m.target, "remove", [name], f"a snapshot on the target holds {name}", _is_busy, act)
    if grown:
        yield Left(name=name, why="its backing indices are not those that this run has restored any more")


def _patiently(
    m: Migration,
    domain: Domain,
    action: str,
    names: Sequence[str],
    waits: str,
    busy: Callable[[Refused], bool],
    act: Callable[[], None],
) -> None:
    """Looks and acts, and does so again while the domain is busy with something that passes.

    Also where something was gone between the two: the next look tells.
    """
    shown = names[0] if len(names) == 1 else f"{len(names)} indices"
    tell(Progress(STEP, f"{action} {shown}"))
    poll = m.poll(m.plan.snapshot.wait_for_running.total_seconds())
    with m.journal.intend(STEP, domain.side, action, {"names": list(names)}):
        while True:
            try:
                act()
                return
            except Refused as error:
                passes = busy(error) or is_transient(error) or isinstance(error, Missing)
                if not passes:
                    raise
                if poll.expired:
                    hint = "run the same command later: it goes on with what is left"
                    raise TimedOut(waits, hint) from error
                tell(Progress(STEP, f"waiting: {waits}", waiting=True))
            poll.pause()


def _is_busy(error: Refused) -> bool:
    return error.says("snapshot_in_progress_exception", _CONCURRENT)


def _is_in_use(error: Refused) -> bool:
    return "currently used" in error.reply.text


def _remove_snapshot(m: Migration) -> Iterator[Left]:
    """Deletes the run's own snapshot, running or finished."""
    if not m.journal.intents("snapshot") or _is_gone(m):
        return
    why = _unreachable(m)
    if why:
        yield Left(name=m.snapshot, why=why)
        return

    def act() -> None:
        if own_snapshot(m):
            snapshots.delete(m.source, m.repository, m.snapshot)

    if own_snapshot(m):
        waits = "another snapshot runs on the source"
        _patiently(m, m.source, "remove snapshot", [m.snapshot], waits, _is_busy, act)


def _is_gone(m: Migration) -> bool:
    """Whether an earlier session has deleted it: afterwards the registration may have been given back."""
    return any(intent.result == "sent" for intent in m.journal.intents("remove snapshot"))


def _unreachable(m: Migration) -> str:
    """Why the run's snapshot cannot be reached; empty when it can.

    Where somebody has removed the run's own registration, it is made again for that.
    """
    if repositories.registered(m.source, m.repository) is not None:
        return ""
    sent = sent_registrations(m, m.source)
    if not sent or sent[0].detail["before"] is not None:
        return f"repository {m.repository} is not registered on the source any more"
    resolved = m.journal.record("resolve") or {}
    try:
        repository.register_source(m, resolved.get("bucket_region"))
    except ExecutionError as error:
        return f"repository {m.repository} is not registered on the source any more: {error.message}"
    return ""


def _give_back(m: Migration, domain: Domain) -> str:
    """Puts a side's registration back to what it was before this run; says what that came to."""
    sent = sent_registrations(m, domain)
    if not sent:
        return "this run registered nothing"
    before: Json | None = sent[0].detail["before"]

    def act() -> None:
        if not is_own_registration(m, domain, repositories.registered(domain, m.repository)):
            return
        if before is None:
            repositories.unregister(domain, m.repository)
        else:
            repositories.register(domain, m.repository, before)

    found = repositories.registered(domain, m.repository)
    if found is None or found == before or not is_own_registration(m, domain, found):
        return _not_given_back(m, domain, found, before)
    action = "unregister" if before is None else "put back"
    waits = f"repository {m.repository} is in use on the {domain.side}"
    _patiently(m, domain, action, [m.repository], waits, _is_in_use, act)
    return "the registration was removed" if before is None else "the former registration was put back"


def _not_given_back(m: Migration, domain: Domain, found: Json | None, before: Json | None) -> str:
    if found is None:
        gone = "nothing is registered"
        return gone if before is None else f"{gone} any more: somebody has removed it since"
    if found == before:
        return "the former registration is as it was"
    user = later_user(m, domain)
    if user:
        return f"run {user} of this plan works with it: left as it is"
    return "somebody has changed it since: left as it is"


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
