"""The resolved migration as one document: what moves, under which names, and every request that will be sent.

Pure but for the readers that are passed in: what was looked at before is put together here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from configs.plan import Plan
from domains.catalog import close_requests, delete_request
from domains.connection import Request
from domains.digests import Digests
from domains.domain import Side
from domains.repositories import register_request, verify_request
from runs.journal import Journal, now
from runs.state import plan_record
from tasks.batches import batches, restore_request
from tasks.estimate import Estimate
from tasks.migration import Migration
from tasks.records import Record, Resolution, Unit
from tasks.registration import forms, registration, same
from tasks.snapshot import snapshot_request
from tasks.survey import SIDES, Survey


class PlannedRequest(Record):
    """One request that is not a mere read.

    Args:
        step: the step that sends it.
        changes: whether it changes the domain for longer than itself: a verification's test files do not.
    """

    step: str
    side: Side
    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None
    changes: bool = True


class PlanDocument(Record):
    """A migration, resolved: what `plan` shows and saves, and what `migrate` does with a saved one.

    Args:
        kind: only a saved plan can be executed; what a rehearsal would do is shown and no more.
        changes: how many of the requests change a domain; 0 when there is nothing to do.
        run_id: the run that will do it: part of the snapshot's name.
        forms: for each side the forms of registration that may be tried, in this order.
        batches: names on the source that each restore request holds.
        consents: options that the run needs beside --execute.
        estimate: how long it will take; None when that could not be told.
        mappings, settings, aliases: digests of each index's mapping, settings and aliases.
        snapshot_uuid: of the plan's existing snapshot; None without one, or while no domain can read it.
        counts: live documents of each index as searches saw them; not of closed ones, nor where it could not
            be told.
        plan: the plan itself. It holds no secret.
        hash: digest of everything that decides what is done; growth of the indices does not change it.
    """

    kind: Literal["saved-plan", "rehearsal-plan"] = "saved-plan"
    format: Literal[1] = 1
    name: str
    made: datetime
    run_id: str
    changes: int
    resolution: Resolution
    forms: dict[Side, tuple[str, ...]]
    batches: tuple[tuple[str, ...], ...]
    requests: tuple[PlannedRequest, ...]
    consents: tuple[str, ...]
    estimate: Estimate | None = None
    mappings: dict[str, str]
    settings: dict[str, str] = Field(default_factory=dict[str, str])
    aliases: dict[str, str] = Field(default_factory=dict[str, str])
    snapshot_uuid: str | None = None
    counts: dict[str, int] = Field(default_factory=dict[str, int])
    plan: dict[str, Any]
    hash: str = ""


@dataclass(frozen=True)
class Ahead:
    """What a run still has to do, where it is not a new one.

    Args:
        snapshot: whether its snapshot is to be taken.
        arrived: names on the target that it has brought there already.
        finished: whether it is over: then nothing is to be done.
    """

    snapshot: bool = True
    arrived: frozenset[str] = frozenset()
    finished: bool = False


def still_ahead(journal: Journal, *, finished: bool) -> Ahead:
    """What the run of this journal still has to do, as far as the journal tells."""
    taken = bool(journal.record("snapshot"))
    return Ahead(not taken, frozenset(journal.document.arrived), finished)


def plan_document(
    m: Migration,
    look: Survey,
    resolution: Resolution,
    *,
    consents: Sequence[str],
    digests: Digests,
    snapshot_uuid: str | None,
    counts: dict[str, int],
    ahead: Ahead | None = None,
    estimate: Estimate | None = None,
) -> PlanDocument:
    """The document of a resolved migration. Reads only."""
    todo = ahead or Ahead()
    idle = todo.finished or not resolution.moving
    requests = () if idle else tuple(_requests(m, look, resolution, todo))
    return PlanDocument(
        name=m.plan.name,
        made=now(),
        run_id=m.journal.run_id,
        changes=sum(request.changes for request in requests),
        resolution=resolution,
        forms={side: tuple(forms(m.plan, resolution.bucket_region)) for side in SIDES},
        batches=tuple(_names(m.plan, resolution.moving)),
        requests=requests,
        consents=tuple(consents),
        estimate=estimate,
        mappings=digests.mappings,
        settings=digests.settings,
        aliases=digests.aliases,
        snapshot_uuid=snapshot_uuid,
        counts=counts,
        plan=plan_record(m.plan),
    )


def _names(plan: Plan, units: Sequence[Unit]) -> Iterator[tuple[str, ...]]:
    for batch in batches(units, plan.restore.batch):
        yield tuple(unit.name for unit in batch)


def _requests(m: Migration, look: Survey, resolution: Resolution, todo: Ahead) -> Iterator[PlannedRequest]:
    for side in SIDES:
        yield from _registrations(m, look, side, resolution.bucket_region)
    if todo.snapshot and not m.plan.snapshot.existing:
        yield _planned("start snapshot", "source", snapshot_request(m, resolution))
    units = [unit for unit in resolution.moving if not todo.arrived.issuperset(_targets(unit))]
    for batch in batches(units, m.plan.restore.batch):
        yield from _batch(m, look, resolution.snapshot, batch)
    closed = [index.target for index in resolution.indices if not index.open]
    yield from (_planned("restore", "target", request) for request in close_requests(closed))


def _registrations(m: Migration, look: Survey, side: Side, region: str | None) -> Iterator[PlannedRequest]:
    name, found = m.repository, look.registration(side)
    wanted = [registration(m.plan, look.domain(side), form, region) for form in forms(m.plan, region)]
    step = f"register on {side}"
    if not (found and any(same(found, body) for body in wanted)):
        yield _planned(step, side, register_request(name, wanted[0]))
    yield _planned(step, side, verify_request(name), changes=False)


def _batch(m: Migration, look: Survey, snapshot: str, batch: Sequence[Unit]) -> Iterator[PlannedRequest]:
    target = look.catalog("target")
    for name in (name for unit in batch for name in unit.takes):
        if name in target.indices or name in target.streams:
            request = delete_request(name, stream=name in target.streams)
            yield _planned("restore", "target", request)
    partial = m.plan.snapshot.allow_partial and m.consents.partial
    yield _planned("restore", "target", restore_request(m.plan, snapshot, batch, partial=partial))


def _planned(step: str, side: Side, request: Request, *, changes: bool = True) -> PlannedRequest:
    return PlannedRequest(
        step=step,
        side=side,
        method=request.method,
        path=request.path,
        query=dict(request.query),
        body=request.body,
        changes=changes,
    )


def _targets(unit: Unit) -> list[str]:
    return [index.target for index in unit.indices]
