"""Taking away what a run has made, and nothing else: by its journal, checked against the domains.

An index is the run's own when the journal intended it and its UUID is the one that was noted when it arrived,
or its shards say that they come from the run's snapshot. A snapshot is, when it carries the run's id. A
registration is, when there was none before, and it leads where the plan says.
"""

from collections.abc import Callable, Iterator

from domains import catalog as names_on
from domains import repositories, snapshots
from domains.domain import Domain, Side
from domains.errors import Missing, Refused
from domains.replies import Json
from runs.journal import DENIED, Intent, now
from runs.progress import Progress, tell
from tasks.arrivals import arrivals
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records import Left, Leftovers, RemovalRecord
from tasks.registration import registration, same_place

STEP = "clean"
_CONCURRENT = "concurrent_snapshot_execution_exception"
_APPEARS_WITHIN_S = 15.0


def leftovers(m: Migration) -> Leftovers:
    """What `remove_made` would take away now. Reads only."""
    own, left = own_names(m)
    taken = bool(m.journal.intents("snapshot")) and repositories.registered(m.source, m.repository)
    found = snapshots.get(m.source, m.repository, m.snapshot) if taken else None
    registered: list[Side] = [each.side for each in (m.source, m.target) if _made_registration(m, each)]
    return Leftovers(
        run_id=m.journal.run_id,
        indices=tuple(sorted(own)),
        snapshot=m.snapshot if found and found.run == m.journal.run_id else None,
        registrations=tuple(registered),
        left=left,
    )


def _made_registration(m: Migration, domain: Domain) -> bool:
    ours = [intent for intent in m.journal.intents("register") if intent.side == domain.side]
    return bool(ours) and repositories.registered(domain, m.repository) != ours[0].detail["before"]


def remove_made(m: Migration) -> RemovalRecord:
    """Deletes on the target what this run restored, the snapshot it took, and the registrations it made.

    May be repeated, and continued after a kill: it looks each time.

    Raises:
        TimedOut: a running snapshot stood in the way for snapshot.wait_for_running; the same command goes on.
        ExecutionError: something of the run's is still there afterwards.
        DomainError: transient, or denied.
    """
    _settled(m)
    left = [*_remove_indices(m), *_remove_snapshot(m)]
    registrations = {domain.side: _give_back(m, domain) for domain in (m.target, m.source)}
    return RemovalRecord(
        indices=_names(m, "remove"),
        snapshots=_names(m, "remove snapshot"),
        registrations=registrations,
        left=tuple(left),
    )


def _names(m: Migration, action: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(intent.detail["name"] for intent in m.journal.intents(action)))


def own_names(m: Migration) -> tuple[frozenset[str], tuple[Left, ...]]:
    """Indices on the target that are this run's own, and those under its names that are not. Reads only."""
    intended = {name for intent in m.journal.intents("restore") for name in intent.detail["targets"]}
    there = names_on.catalog(m.target).indices
    present = sorted(intended & there.keys())
    noted = {name for name in present if m.journal.document.arrived.get(name) == there[name].uuid}
    doubtful = [name for name in present if name not in noted]
    place = f"{m.repository}/{m.snapshot}"
    proven = {name for name, found in arrivals(m, doubtful).items() if found.comes_from(place)}
    why = "it is not the index that this run has restored"
    left = tuple(Left(name=name, why=why) for name in doubtful if name not in proven)
    return frozenset(noted | proven), left


def _remove_indices(m: Migration) -> Iterator[Left]:
    own, left = own_names(m)
    streams = {
        name: set(stream.backing)
        for name, stream in names_on.catalog(m.target).streams.items()
        if own & set(stream.backing)
    }
    for name, backing in streams.items():
        if backing <= own:
            _remove(m, name, stream=True)
        else:
            yield Left(name=name, why=f"it has backing indices of others: {', '.join(sorted(backing - own))}")
    for name in sorted(own - {index for backing in streams.values() for index in backing}):
        _remove(m, name, stream=False)
    yield from left


def _remove(m: Migration, name: str, *, stream: bool) -> None:
    """Deletes one name that was just seen to be this run's; waits while a snapshot of the target holds it."""
    tell(Progress(STEP, f"removing {name}"))

    def act() -> None:
        with m.journal.intend(STEP, "target", "remove", {"name": name, "stream": stream}):
            names_on.delete(m.target, name, stream=stream)

    _patiently(m, f"a snapshot on the target holds {name}", _is_busy, act)


def _patiently(m: Migration, waits: str, busy: Callable[[Refused], bool], act: Callable[[], None]) -> None:
    """Acts, again while the domain is busy with something that passes. What is gone already needs no act."""
    poll = m.poll(m.plan.snapshot.wait_for_running.total_seconds())
    while True:
        try:
            act()
        except Missing:
            return
        except Refused as error:
            if not busy(error):
                raise
            if poll.expired:
                raise TimedOut(waits, "run the same command later: it goes on with what is left") from error
            tell(Progress(STEP, f"waiting: {waits}", waiting=True))
            poll.pause()
        else:
            return


def _is_busy(error: Refused) -> bool:
    return error.transient or error.says("snapshot_in_progress_exception", _CONCURRENT)


def _is_in_use(error: Refused) -> bool:
    return "currently used" in error.reply.text


def _remove_snapshot(m: Migration) -> Iterator[Left]:
    """Deletes the run's own snapshot, running or finished."""
    if not m.journal.intents("snapshot"):
        return
    if repositories.registered(m.source, m.repository) is None:
        if not any(intent.result == "sent" for intent in m.journal.intents("remove snapshot")):
            yield Left(name=m.snapshot, why=f"repository {m.repository} is not registered any more")
        return

    def act() -> None:
        found = snapshots.get(m.source, m.repository, m.snapshot)
        if found is None or found.run != m.journal.run_id:
            return
        tell(Progress(STEP, f"removing snapshot {m.snapshot}"))
        with m.journal.intend(STEP, "source", "remove snapshot", {"name": m.snapshot}):
            snapshots.delete(m.source, m.repository, m.snapshot)

    _patiently(m, "another snapshot runs on the source", _is_busy, act)


def _give_back(m: Migration, domain: Domain) -> str:
    """Puts a side's registration back to what it was before this run; says what that came to."""
    ours = [intent for intent in m.journal.intents("register") if intent.side == domain.side]
    if not ours:
        return "this run registered nothing"
    before: Json | None = ours[0].detail["before"]
    found = repositories.registered(domain, m.repository)
    if found == before:
        return "nothing is registered" if before is None else "the former registration is as it was"
    if found is not None and not same_place(found, registration(m.plan, domain, "plain", None)):
        return "somebody has registered another place since: left as it is"

    def act() -> None:
        action = "unregister" if before is None else "put back"
        with m.journal.intend(STEP, domain.side, action, {"name": m.repository}):
            if before is None:
                repositories.unregister(domain, m.repository)
            else:
                repositories.register(domain, m.repository, before)

    _patiently(m, f"repository {m.repository} is in use on the {domain.side}", _is_in_use, act)
    return "the registration was removed" if before is None else "the former registration was put back"


def _is_doubtful(m: Migration, intent: Intent) -> bool:
    """Whether a request may take effect later: it was killed, or its reply decides nothing.

    A step that has come to its end since has looked.
    """
    if intent.step == STEP or m.journal.record(intent.step):
        return False
    lost = intent.action in {"restore", "snapshot"} and intent.result not in {"sent", DENIED}
    return intent.result is None or lost


def _settled(m: Migration) -> None:
    """Waits until a request that a kill left in doubt must have taken effect, or has not."""
    doubtful = (each.at for each in m.journal.document.intents if _is_doubtful(m, each))
    latest = max(doubtful, default=None)
    poll = m.poll(_APPEARS_WITHIN_S)
    while latest and (now() - latest).total_seconds() < _APPEARS_WITHIN_S and not poll.expired:
        tell(Progress(STEP, "waiting: a request whose reply was lost may still take effect", waiting=True))
        poll.pause()


def require_removed(m: Migration) -> None:
    """Confirms by a look that nothing of the run's is left on the target. Reads only.

    Raises:
        ExecutionError: something is.
    """
    own, _ = own_names(m)
    if own:
        raise ExecutionError(
            f"{len(own)} indices of this run are still on the target: {', '.join(sorted(own)[:5])}",
            "run the same command again: it removes them",
        )
