"""What each verb would send: a table of its steps, each with the requests that the step itself sends.

Refreshes and flushes are not among them: they change no document and no index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domains.domain import Side
from domains.engine.catalog import close_requests
from domains.engine.index_opening import open_requests
from domains.http.requests import Request
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.cleanup import removal
from tasks.cutover import data_streams, freeze, open_target
from tasks.migration import Migration
from tasks.planning.plan_document import RemainingWork
from tasks.planning.requests import Offer, on, planned_requests
from tasks.records.plan_document import PlannedRequest
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.repository import register
from tasks.restore import restore
from tasks.seeding import copies
from tasks.seeding.changes import Known
from tasks.seeding.scope import apart, as_copies, only, whole
from tasks.snapshot import requests as snapshot_requests
from tasks.steps import REHEARSE_CUTOVER
from tasks.survey import Survey

Offers = Mapping[StepName, Offer]
Requests = tuple[PlannedRequest, ...]
_STILL = ("unchanged", "aliases")


@dataclass(frozen=True)
class Round:
    """A seed round or a cutover, before it is taken.

    Args:
        work: what has changed since the last round.
        at: both domains at the same look.
        todo: what the run still has to do.
    """

    m: Migration
    look: Survey
    resolution: Resolution
    work: ChangesRecord
    at: Known
    todo: RemainingWork


def migration_requests(m: Migration, look: Survey, resolution: Resolution, todo: RemainingWork) -> Requests:
    """What a migration will send. Reads only."""
    if todo.finished or not resolution.moving:
        return ()
    return tuple(planned_requests(Verb.MIGRATE, migration_offers(m, look, resolution, todo)))


def rehearsal_requests(
    m: Migration, look: Survey, resolution: Resolution, *, probe: str, keep: bool
) -> Requests:
    """What a rehearsal will send, the removal of what it makes included. Reads only.

    Args:
        probe: the name that it tries to delete before it makes anything.
        keep: whether what it makes stays.
    """
    if not resolution.moving:
        return ()
    offers = rehearsal_offers(m, look, resolution, probe=probe, keep=keep)
    return tuple(planned_requests(Verb.REHEARSE, offers))


def round_requests(verb: str, given: Round) -> Requests:
    """What a seed round, a cutover or its rehearsal will send. Reads only."""
    offers = {
        Verb.SEED: seed_offers,
        REHEARSE_CUTOVER: rehearsed_cutover_offers,
        Verb.CUTOVER: cutover_offers,
    }
    return tuple(planned_requests(verb, offers[verb](given)))


def migration_offers(m: Migration, look: Survey, resolution: Resolution, todo: RemainingWork) -> Offers:
    """The steps of a migration that send something."""
    return {
        **_registrations(m, look, resolution),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, resolution, todo),
        StepName.RESTORE: lambda: on("target", restore.requests(m, look, resolution, todo.arrived)),
    }


def rehearsal_offers(m: Migration, look: Survey, resolution: Resolution, *, probe: str, keep: bool) -> Offers:
    """The steps of a rehearsal that send something."""
    return {
        **migration_offers(m, look, resolution, RemainingWork()),
        StepName.PREFLIGHT: lambda: () if keep else on("target", [removal.probe_request(probe)]),
        StepName.CLEAN: lambda: () if keep else removal.requests(m, look, resolution),
    }


def seed_offers(given: Round) -> Offers:
    """The steps of a seed round that send something."""
    m, moved = given.m, _moved(given)
    return {
        **_round_offers(given),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, moved, given.todo),
        StepName.COPIES: lambda: on("target", close_requests(_opened_by_now(given))),
    }


def rehearsed_cutover_offers(given: Round) -> Offers:
    """The steps of a rehearsed cutover that send something: a seed round whose copies are opened between."""
    shut = _shut(given, apart(given.resolution))
    return {
        **seed_offers(given),
        StepName.OPEN_COPIES: lambda: on("target", open_requests(shut)),
        StepName.COPIES: lambda: on("target", close_requests([*_opened_by_now(given), *shut])),
    }


def cutover_offers(given: Round) -> Offers:
    """The steps of a cutover that send something."""
    m, look, resolution = given.m, given.look, given.resolution
    named = whole(resolution, {change.name for change in given.work.restored})
    still = {change.name for change in given.work.changes if change.kind in _STILL}
    ahead = _shut(given, only(resolution, still))
    later = [name for name in _shut(given, apart(resolution)) if name not in ahead]
    released = m.plan.cutover.source_after == "released"
    return {
        **_round_offers(given),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, named, given.todo),
        StepName.OPEN_AHEAD: lambda: on("target", open_requests(ahead)),
        StepName.FREEZE: lambda: on("source", freeze.requests(m, resolution)),
        StepName.OPEN_COPIES: lambda: on("target", open_requests(later)),
        StepName.MAKE_STREAMS: lambda: on("target", data_streams.requests(m, look, resolution)),
        StepName.SET_ALIASES: lambda: on("target", open_target.alias_requests_of(m, resolution)),
        StepName.OPEN: lambda: on("target", open_target.requests(m, resolution)),
        StepName.RELEASE: lambda: on("source", freeze.release_requests(m, resolution) if released else ()),
    }


def _round_offers(given: Round) -> dict[StepName, Offer]:
    """What a seed round and the last round of a cutover have in common."""
    m, moved = given.m, _moved(given)
    doomed = copies.doomed(given.work, given.at)
    based = [i.target for i in moved.indices if i.target in _left_open(given)]
    return {
        **_registrations(m, given.look, given.resolution),
        StepName.DISCARD_COPIES: lambda: on("target", copies.discard_requests(doomed)),
        StepName.CLOSE_COPIES: lambda: on("target", close_requests(based)),
        StepName.RESTORE: lambda: on(
            "target", restore.requests(as_copies(m), given.look, moved, given.todo.arrived)
        ),
    }


def _registrations(m: Migration, look: Survey, resolution: Resolution) -> dict[StepName, Offer]:
    region = resolution.bucket_region
    return {
        StepName.REGISTER_ON_SOURCE: lambda: on("source", register.requests(m, look, "source", region)),
        StepName.REGISTER_ON_TARGET: lambda: on("target", register.requests(m, look, "target", region)),
    }


def _snapshot(m: Migration, contents: Resolution, todo: RemainingWork) -> Iterable[tuple[Side, Request]]:
    taken = not todo.snapshot or not contents.moving
    return on("source", () if taken else snapshot_requests(m, contents))


def _moved(given: Round) -> Resolution:
    return only(given.resolution, {change.name for change in given.work.restored})


def _left_open(given: Round) -> list[str]:
    """Copies that an earlier run has left open."""
    held = given.at.target.indices
    return [name for name in given.at.own if held[name].open]


def _shut(given: Round, of: Resolution) -> list[str]:
    """Copies of these indices that are closed, are open on the source, and are not restored in this round."""
    restored = {index.target for index in _moved(given).indices}
    left_open = _left_open(given)
    return [
        index.target
        for index in of.indices
        if index.open
        and index.target in given.at.own
        and index.target not in restored
        and index.target not in left_open
    ]


def _opened_by_now(given: Round) -> list[str]:
    """Copies that the round, or a run before it, has opened: they are closed again at its end."""
    doomed = {copy.target for copy in copies.doomed(given.work, given.at)}
    restored = [index.target for index in _moved(given).indices if index.open]
    return list(dict.fromkeys([*(n for n in _left_open(given) if n not in doomed), *restored]))
