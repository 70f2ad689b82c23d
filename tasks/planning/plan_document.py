"""The resolved migration as one document: what moves, under which names, and every request that will be sent.

Pure but for the readers that are passed in: what was looked at before is put together here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from configs.plan import Plan
from domains.domain import Side
from domains.engine.catalog import close_requests, delete_request
from domains.engine.metadata_digests import Digests
from domains.engine.repositories import register_request, verify_request
from domains.http.requests import Request
from runs.begun_plan import plan_record
from runs.journal import Journal, now
from tasks.migration import Migration
from tasks.records.estimates import Estimate
from tasks.records.plan_document import PlanDocument, PlannedRequest
from tasks.records.resolution import Resolution, Unit
from tasks.repository.bodies import forms, registration, same
from tasks.restore.requests import batches, restore_request
from tasks.snapshot import snapshot_request
from tasks.survey import SIDES, Survey


@dataclass(frozen=True)
class RemainingWork:
    """What a run still has to do, where it is not a new one.

    Args:
        snapshot: whether its snapshot is to be taken.
        arrived: names on the target that it has brought there already.
        finished: whether it is over: then nothing is to be done.
    """

    snapshot: bool = True
    arrived: frozenset[str] = frozenset()
    finished: bool = False


def remaining_work(journal: Journal, *, finished: bool) -> RemainingWork:
    """What the run of this journal still has to do, as far as the journal tells."""
    taken = bool(journal.record("snapshot"))
    return RemainingWork(not taken, frozenset(journal.document.arrived), finished)


def plan_document(
    m: Migration,
    look: Survey,
    resolution: Resolution,
    *,
    consents: Sequence[str],
    digests: Digests,
    snapshot_uuid: str | None,
    counts: dict[str, int],
    ahead: RemainingWork | None = None,
    estimate: Estimate | None = None,
) -> PlanDocument:
    """The document of a resolved migration. Reads only."""
    todo = ahead or RemainingWork()
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


def _requests(
    m: Migration, look: Survey, resolution: Resolution, todo: RemainingWork
) -> Iterator[PlannedRequest]:
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
