"""The requests each verb would send: a table of its steps, each with the requests that the step sends.

Refreshes and flushes are left out: they change no document and no index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from domains.domain import Side
from domains.engine.catalog import close_requests
from domains.engine.indices.index_opening import open_requests
from domains.http.requests import Request, path_of
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.cleanup import removal
from tasks.cutover import data_streams, freeze, open_target
from tasks.metadata import step as metadata
from tasks.migration import Migration
from tasks.planning.plan_document import RemainingWork
from tasks.planning.requests import Offer, on, planned_requests
from tasks.records.metadata import MetadataPhase
from tasks.records.plan_document import PlannedRequest
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.tail import IndexWay, Way, WaysRecord
from tasks.reindex import copy
from tasks.renaming import merge, switch_aliases
from tasks.repository import register
from tasks.restore import restore
from tasks.seeding import copies
from tasks.seeding.changes import BothSides
from tasks.seeding.scope import as_copies, select_only, with_streams_split, with_whole_streams
from tasks.snapshot import requests as snapshot_requests
from tasks.steps import REHEARSE_CUTOVER
from tasks.survey import Survey
from tasks.tail import way_back
from tasks.tail.write_access import round_requests as round_requests_of

Offers = Mapping[StepName, Offer]
Requests = tuple[PlannedRequest, ...]
_UNCHANGED = ("unchanged", "aliases")


@dataclass(frozen=True)
class Round:
    """A seed round or a cutover that has not been taken yet.

    Args:
        work: what has changed since the last round.
        sides: both domains, from the same reading.
        todo: what the run still has to do.
        ways: of a cutover and of `follow`: which indices go by the tail.
    """

    m: Migration
    survey: Survey
    resolution: Resolution
    work: ChangesRecord
    sides: BothSides
    todo: RemainingWork
    ways: WaysRecord = field(default_factory=lambda: WaysRecord(ways=()))


def migration_requests(m: Migration, survey: Survey, resolution: Resolution, todo: RemainingWork) -> Requests:
    """The requests that a migration will send. Reads only."""
    if todo.finished or not (resolution.moving or resolution.reindexed):
        return ()
    return tuple(planned_requests(Verb.MIGRATE, migration_offers(m, survey, resolution, todo)))


def rehearsal_requests(
    m: Migration, survey: Survey, resolution: Resolution, *, probe: str, keep: bool
) -> Requests:
    """The requests that a rehearsal will send, including the removal of what it makes. Reads only.

    Args:
        probe: the name that it tries to delete before it makes anything.
        keep: whether it keeps what it makes.
    """
    if not resolution.moving and not resolution.reindexed:
        return ()
    offers = rehearsal_offers(m, survey, resolution, probe=probe, keep=keep)
    return tuple(planned_requests(Verb.REHEARSE, offers))


def round_requests(verb: str, planned: Round) -> Requests:
    """The requests that a seed round, a cutover or its rehearsal will send. Reads only."""
    offers = {
        Verb.SEED: seed_offers,
        REHEARSE_CUTOVER: rehearsed_cutover_offers,
        Verb.FOLLOW: follow_offers,
        Verb.CUTOVER: cutover_offers,
    }
    return tuple(planned_requests(verb, offers[verb](planned)))


def migration_offers(m: Migration, survey: Survey, resolution: Resolution, todo: RemainingWork) -> Offers:
    """The steps of a migration that send something."""
    return {
        **_registrations(m, survey, resolution),
        **_metadata(m),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, resolution, todo),
        StepName.RESTORE: lambda: on("target", restore.requests(m, survey, resolution, todo.arrived)),
        StepName.REINDEX: lambda: on("target", copy.requests(m, survey, resolution)),
        StepName.MERGE: lambda: on("target", merge.requests(resolution)),
        StepName.SWITCH_ALIASES: lambda: on("target", switch_aliases.requests(survey, resolution)),
    }


def rehearsal_offers(
    m: Migration, survey: Survey, resolution: Resolution, *, probe: str, keep: bool
) -> Offers:
    """The steps of a rehearsal that send something."""
    return {
        **migration_offers(m, survey, resolution, RemainingWork()),
        StepName.PREFLIGHT: lambda: () if keep else on("target", [removal.probe_request(probe)]),
        StepName.CLEAN: lambda: () if keep else removal.requests(m, survey, resolution),
    }


def seed_offers(planned: Round) -> Offers:
    """The steps of a seed round that send something."""
    m, contents = planned.m, _restored(planned)
    return {
        **_round_offers(planned),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, contents, planned.todo),
        StepName.COPIES: lambda: on("target", close_requests(_open_copies(planned))),
    }


def rehearsed_cutover_offers(planned: Round) -> Offers:
    """The steps of a rehearsed cutover that send something: a seed round that also opens its copies."""
    split = with_streams_split(planned.resolution)
    closed, copied = _closed_copies(planned, split), [index.target for index in split.indices]
    return {
        **seed_offers(planned),
        StepName.START_GUARD: lambda: on("source", freeze.release_requests(planned.m, planned.resolution)),
        StepName.OPEN_COPIES: lambda: on("target", open_requests(closed)),
        StepName.TRY_OPENING: lambda: on("target", open_target.trying_requests(copied)),
        StepName.COPIES: lambda: on("target", close_requests([*_open_copies(planned), *closed])),
    }


def cutover_offers(planned: Round) -> Offers:
    """The steps of a cutover that send something."""
    m, survey, resolution = planned.m, planned.survey, planned.resolution
    contents = with_whole_streams(resolution, {change.name for change in planned.work.restored})
    unchanged = {change.name for change in planned.work.changes if change.kind in _UNCHANGED}
    opened_ahead = _closed_copies(planned, select_only(resolution, unchanged))
    by_tail = [each for each in planned.ways.ways if each.way is Way.TAIL]
    before = {*opened_ahead, *(each.target for each in by_tail)}
    opened_later = [
        name for name in _closed_copies(planned, with_streams_split(resolution)) if name not in before
    ]
    released = m.plan.cutover.source_after == "released"
    return {
        **_round_offers(planned),
        **_metadata(m),
        StepName.START_SNAPSHOT: lambda: _snapshot(m, contents, planned.todo),
        StepName.CATCH_UP: lambda: on("target", _tail_requests(planned, by_tail)),
        StepName.LAST_TAIL: lambda: on("target", round_requests_of([each.target for each in by_tail])),
        StepName.OPEN_AHEAD: lambda: on("target", open_requests(opened_ahead)),
        StepName.TRY_OPENING: lambda: on("target", open_target.trying_requests(_waiting(planned))),
        StepName.TRY_WAY_BACK: lambda: on("source", _way_back_trial(m)),
        StepName.START_GUARD: lambda: on("source", freeze.release_requests(m, resolution)),
        StepName.FREEZE: lambda: on("source", freeze.requests(m, resolution)),
        StepName.OPEN_COPIES: lambda: on("target", open_requests(opened_later)),
        StepName.MAKE_STREAMS: lambda: on("target", data_streams.requests(m, survey, resolution)),
        StepName.SET_ALIASES: lambda: on("target", open_target.alias_requests_of(m, resolution)),
        StepName.OPEN: lambda: on("target", open_target.requests(m, resolution)),
        StepName.RELEASE: lambda: on("source", freeze.release_requests(m, resolution) if released else ()),
    }


def _way_back_trial(m: Migration) -> Iterable[Request]:
    return way_back.scratch_requests(m) if m.plan.cutover.source_after == "follow" else ()


def follow_offers(planned: Round) -> Offers:
    """The steps of a session of `follow` that send something, without the documents themselves."""
    return {StepName.FOLLOW: lambda: on("target", _tail_requests(planned, planned.ways.followable))}


def _tail_requests(planned: Round, taken: Iterable[IndexWay]) -> Iterable[Request]:
    """The copies that go by the tail, opened; and one round of it, without the documents."""
    names = [each.target for each in taken]
    closed = [name for name in names if not planned.sides.target.indices[name].open]
    yield from open_requests(closed)
    yield from (Request("PUT", path_of(name, "_mapping")) for name in _with_other_mappings(planned, names))
    yield from round_requests_of(names)


def _with_other_mappings(planned: Round, names: Iterable[str]) -> Iterable[str]:
    """Copies whose mapping is not, or was not when they were restored, that of the source now."""
    digests = {change.target: planned.work.digests.get(change.name, "") for change in planned.work.changes}
    trusted = planned.sides.trusted
    return (
        name
        for name in names
        if name in trusted and _mapping_part(trusted[name].digest) != _mapping_part(digests[name])
    )


def _mapping_part(digest: str) -> str:
    return digest.partition(".")[0]


def _round_offers(planned: Round) -> dict[StepName, Offer]:
    """The steps that a seed round and the last round of a cutover have in common."""
    m, contents = planned.m, _restored(planned)
    discarded = copies.copies_to_discard(planned.work, planned.sides)
    based = [i.target for i in contents.indices if i.target in _left_open(planned)]
    return {
        **_registrations(m, planned.survey, planned.resolution),
        StepName.DISCARD_COPIES: lambda: on("target", copies.discard_requests(discarded)),
        StepName.CLOSE_COPIES: lambda: on("target", close_requests(based)),
        StepName.RESTORE: lambda: on(
            "target", restore.requests(as_copies(m), planned.survey, contents, planned.todo.arrived)
        ),
    }


def _registrations(m: Migration, survey: Survey, resolution: Resolution) -> dict[StepName, Offer]:
    region = resolution.bucket_region
    if not resolution.moving:
        return dict.fromkeys((StepName.REGISTER_ON_SOURCE, StepName.REGISTER_ON_TARGET), lambda: ())
    return {
        StepName.REGISTER_ON_SOURCE: lambda: on(
            "source", register.requests(m, survey, "source", region) if m.source_domain else ()
        ),
        StepName.REGISTER_ON_TARGET: lambda: on("target", register.requests(m, survey, "target", region)),
    }


def _metadata(m: Migration) -> dict[StepName, Offer]:
    phases = {
        StepName.METADATA_BEFORE: MetadataPhase.BEFORE_RESTORE,
        StepName.METADATA_AFTER: MetadataPhase.AFTER_OPENING,
    }

    def offer(phase: MetadataPhase) -> Iterable[tuple[Side, Request]]:
        return on("target", metadata.requests(m, phase) if m.plan.metadata.automatic else ())

    return {name: partial(offer, phase) for name, phase in phases.items()}


def _snapshot(m: Migration, contents: Resolution, todo: RemainingWork) -> Iterable[tuple[Side, Request]]:
    taken = not todo.snapshot or not contents.moving
    return on("source", () if taken else snapshot_requests(m, contents))


def _restored(planned: Round) -> Resolution:
    return select_only(planned.resolution, {change.name for change in planned.work.restored})


def _left_open(planned: Round) -> list[str]:
    """Copies that an earlier run left open."""
    present = planned.sides.target.indices
    return [name for name in planned.sides.trusted if present[name].open]


def _closed_copies(planned: Round, of: Resolution) -> list[str]:
    """Closed copies of these indices that are open on the source and not restored in this round."""
    restored = {index.target for index in _restored(planned).indices}
    left_open = _left_open(planned)
    return [
        index.target
        for index in of.indices
        if index.open
        and index.target in planned.sides.trusted
        and index.target not in restored
        and index.target not in left_open
    ]


def _waiting(planned: Round) -> list[str]:
    """Copies of these indices that wait on the target already."""
    trusted = planned.sides.trusted
    return [index.target for index in planned.resolution.indices if index.target in trusted]


def _open_copies(planned: Round) -> list[str]:
    """Copies that this round or an earlier run has opened: they are closed again at its end."""
    discarded = {copy.target for copy in copies.copies_to_discard(planned.work, planned.sides)}
    restored = [index.target for index in _restored(planned).indices if index.open]
    return list(dict.fromkeys([*(n for n in _left_open(planned) if n not in discarded), *restored]))
