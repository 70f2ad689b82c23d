"""Roll back a cutover that has not opened the target: the source first."""

from collections.abc import Callable, Collection
from typing import TypeVar

from domains.engine.catalog import catalog
from domains.engine.indices.index_opening import alias_removal_requests, aliases, require_acknowledged
from domains.engine.indices.write_blocks import blocks
from domains.errors import is_transient
from runs.lifecycle import RunStatus
from runs.step_names import StepName
from tasks import steps
from tasks.cleanup.removal import remove_stream
from tasks.cutover import freeze, window
from tasks.in_flight import await_blocks_in_flight
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord
from tasks.seeding.copies import ledger_of, own_uuids

_ATTEMPTS = 5
T = TypeVar("T")


def begin(m: Migration, message: str, hint: str, status: RunStatus, altered: Collection[str] = ()) -> None:
    """Record that the cutover is being rolled back, and why: from now on the run does nothing else.

    Args:
        status: the run's status once that is done.
        altered: copies that somebody has changed since they were compared.
    """
    if not m.journal.document.aborting:
        m.journal.document.aborting = True
        failure: dict[str, object] = {"message": message, "hint": hint, "status": status}
        m.journal.document.failure = failure | ({"altered": sorted(altered)} if altered else {})
        m.journal.save()


def release_source(m: Migration) -> ReleaseRecord:
    """Let the source take writes again, and end the window. Safe to repeat.

    A block whose reply was lost may still take effect: first release what is blocked, then wait for it once.
    """
    released = retry_transient(m, lambda: freeze.release(m))
    if await_blocks_in_flight(m, StepName.RELEASE):
        released = retry_transient(m, lambda: freeze.release(m))
    window.end(m)
    return released


def retry_transient(m: Migration, act: Callable[[], T]) -> T:
    """Return what `act` returns; retry on transient errors, as it reads before it acts."""
    poll = m.poll(None)
    for _ in range(_ATTEMPTS - 1):
        try:
            return act()
        except Exception as error:
            if not is_transient(error):
                raise
            poll.pause()
    return act()


def remove_streams(m: Migration) -> None:
    """Delete owned data streams created for an opening that did not happen: one cannot be closed.

    Their copies go with them, and the next round copies them in full. One that takes writes by now is left
    alone.
    """
    target = catalog(m.target)
    blocked = blocks(m.target) if target.streams else {}
    own = own_uuids(m, ledger_of(m))
    for name, stream in target.streams.items():
        held = {index: target.indices[index].uuid for index in stream.backing if index in target.indices}
        whole = bool(held) and len(held) == len(stream.backing)
        if whole and all(own.get(i) == uuid and i in blocked for i, uuid in held.items()):
            list(remove_stream(m, name, held))


def remove_aliases(m: Migration) -> None:
    """Remove the aliases that owned copies received for an opening that did not happen."""
    if not m.journal.intents("alias"):
        return
    target, current = catalog(m.target).indices, aliases(m.target)
    own = own_uuids(m, ledger_of(m))
    unchanged = [name for name, uuid in own.items() if name in target and target[name].uuid == uuid]
    unwanted = [(name, alias) for name in unchanged for alias in current.get(name, {})]
    if unwanted:
        with m.journal.intend(
            StepName.COPIES, "target", "remove alias", {"names": [alias for _, alias in unwanted]}
        ):
            for request in alias_removal_requests(unwanted):
                require_acknowledged(m.target, "remove aliases", m.target.connection.send(request))


def differing_copies(m: Migration) -> frozenset[str]:
    """Names on the target that differ, could not be compared, or were changed after they were compared."""
    found = m.journal.document.recorded(steps.VERIFY)
    failing = frozenset(verdict.target for verdict in found.failing) if found else frozenset[str]()
    return failing.union((m.journal.document.failure or {}).get("altered", ()))
