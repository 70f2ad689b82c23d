"""The resolved migration as one document: what moves, under which names, and every request that will be sent.

Pure: it assembles what has been read before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from configs.plan import Plan
from domains.engine.comparison.metadata_digests import Digests
from runs.begun_plan import plan_record
from runs.journal import Journal, now
from tasks.migration import Migration
from tasks.records.estimates import Estimate
from tasks.records.plan_document import PlanDocument, PlannedRequest
from tasks.records.resolution import Resolution, Unit
from tasks.repository.bodies import forms
from tasks.restore.requests import batches


@dataclass(frozen=True)
class RemainingWork:
    """What a run still has to do, if it is not a new one.

    Args:
        snapshot: whether it still has to take its snapshot.
        arrived: names on the target that it has restored already.
        finished: whether it is over, with nothing left to do.
    """

    snapshot: bool = True
    arrived: frozenset[str] = frozenset()
    finished: bool = False


def remaining_work(journal: Journal, *, finished: bool) -> RemainingWork:
    """What the run still has to do, according to its journal."""
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
    queries_digest: str = "",
) -> PlanDocument:
    """The document of a resolved migration. Pure.

    Args:
        requests: what the run will send, collected from its steps.
        queries_digest: of the plan's recorded searches; empty without any.
    """
    return PlanDocument(
        name=m.plan.name,
        made=now(),
        run_id=m.journal.run_id,
        changes=sum(request.changes for request in requests),
        resolution=resolution,
        forms={side: tuple(forms(m.plan, resolution.bucket_region)) for side in m.plan.sides},
        batches=tuple(_names(m.plan, resolution.moving)),
        requests=tuple(requests),
        consents=tuple(consents),
        estimate=estimate,
        mappings=digests.mappings,
        settings=digests.settings,
        aliases=digests.aliases,
        snapshot_uuid=snapshot_uuid,
        counts=counts,
        queries_digest=queries_digest,
        plan=plan_record(m.plan),
    )


def _names(plan: Plan, units: Sequence[Unit]) -> Iterator[tuple[str, ...]]:
    for batch in batches(units, plan.restore.batch):
        yield tuple(unit.name for unit in batch)
