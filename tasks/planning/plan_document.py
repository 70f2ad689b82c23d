"""The resolved migration as one document: what moves, under which names, and every request that will be sent.

Pure but for the readers that are passed in: what was looked at before is put together here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from configs.plan import Plan
from domains.engine.metadata_digests import Digests
from runs.begun_plan import plan_record
from runs.journal import Journal, now
from tasks.migration import Migration
from tasks.records.estimates import Estimate
from tasks.records.plan_document import PlanDocument, PlannedRequest
from tasks.records.resolution import Resolution, Unit
from tasks.repository.bodies import forms
from tasks.restore.requests import batches
from tasks.survey import SIDES


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
    resolution: Resolution,
    *,
    consents: Sequence[str],
    digests: Digests,
    snapshot_uuid: str | None,
    counts: dict[str, int],
    requests: Sequence[PlannedRequest],
    estimate: Estimate | None = None,
) -> PlanDocument:
    """The document of a resolved migration. Pure.

    Args:
        requests: what the run will send, as its steps offer it.
    """
    return PlanDocument(
        name=m.plan.name,
        made=now(),
        run_id=m.journal.run_id,
        changes=sum(request.changes for request in requests),
        resolution=resolution,
        forms={side: tuple(forms(m.plan, resolution.bucket_region)) for side in SIDES},
        batches=tuple(_names(m.plan, resolution.moving)),
        requests=tuple(requests),
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
