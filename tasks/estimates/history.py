"""How long each step took in earlier runs of a plan, read from their journals alone. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from configs.plan import Plan
from runs.errors import StateUnusable
from runs.journal import Document, StepEntry
from runs.step_names import StepName
from tasks import steps
from tasks.estimates.workload import sizes
from tasks.records.estimates import DOCUMENTED_LIMIT, Workload
from tasks.records.resolution import Resolution
from tasks.repository.bodies import PLACE
from tasks.steps import ESTIMATED, StepKey

M = TypeVar("M", bound=BaseModel)
_QUEUED_S = 30.0  # a start that took longer was waiting for somebody else's snapshot
_TOO_FAST = 4  # times the documented limit: an incremental snapshot that was not watched while it ran


@dataclass(frozen=True)
class Measurement:
    """How long one step took in one run, and how much work it did.

    Args:
        run_id, rehearsal: the run, and whether it was a rehearsal.
        shadow: the domain that stood in for the target; empty if it was the target itself.
        work: the step's work; for a snapshot, the bytes that it wrote.
    """

    step: str
    seconds: float
    work: Workload
    run_id: str
    rehearsal: bool
    shadow: str = ""


def measurements(
    documents: Iterable[Document], plan: Plan, resolution: Resolution, now: Workload
) -> list[Measurement]:
    """The measurements from this plan's runs between these domains, newest first.

    A step counts only if it finished in one attempt and did all of its work itself: not if something was
        adopted
    or taken over, or if the snapshot was somebody else's.

    Args:
        documents: journals, newest first.
        resolution: the coming migration, for its clusters.
        now: its workload; supplies the nodes if a journal does not record them.
    """
    return [each for document in documents for each in _of_run(document, plan, resolution, now)]


def _of_run(document: Document, plan: Plan, resolution: Resolution, now: Workload) -> Iterator[Measurement]:
    then = _record(document, steps.RESOLVE)
    shadow = str((document.rehearsal or {}).get("shadow") or "")
    if then is None or then.source_uuid != resolution.source_uuid:
        return
    if not shadow and then.target.cluster_uuid != resolution.target.cluster_uuid:
        return
    work = _work(document, then, now)
    for step in ESTIMATED:
        entry = document.steps.get(step)
        done = _work_done(document, step, work, plan) if entry and _in_one_go(step, entry) else None
        if entry and done:
            rehearsal = document.rehearsal is not None
            yield Measurement(step, entry.seconds, done, document.run_id, rehearsal, shadow)


def _in_one_go(step: str, entry: StepEntry) -> bool:
    finished = entry.attempts == 1 and entry.ended is not None and entry.error is None
    return finished and not (step == StepName.START_SNAPSHOT and entry.seconds > _QUEUED_S)


def _work(document: Document, then: Resolution, now: Workload) -> Workload:
    """The run's work: as its estimate recorded it, else from its resolution and today's nodes."""
    kept = (document.estimate or {}).get("workload")
    try:
        if kept is not None:
            return document.part(Workload, kept, "its workload")
    except StateUnusable:
        pass  # written by another version
    return now.model_copy(update=sizes(then.indices))


def _work_done(document: Document, step: str, work: Workload, plan: Plan) -> Workload | None:
    """The work that a finished step has done; None if its time says nothing about it."""
    if step == StepName.SNAPSHOT:
        return _snapshot(document, work)
    if step == StepName.RESTORE:
        record = _record(document, steps.RESTORE)
        if record is None or any(index.adopted or not index.restored for index in record.indices):
            return None
        return _of_bytes(work, sum(index.bytes for index in record.indices))
    if step == StepName.VERIFY:
        record = _record(document, steps.VERIFY)
        return work if record and record.level == plan.verify.level else None
    return work


def _snapshot(document: Document, work: Workload) -> Workload | None:
    record = _record(document, steps.SNAPSHOT)
    if record is None or record.existing or record.adopted:
        return None
    if record.bytes_written is not None:
        return _of_bytes(work, record.bytes_written)
    fastest = _TOO_FAST * (work.snapshot_limit or DOCUMENTED_LIMIT) * work.source_nodes
    return None if work.bytes > fastest * document.steps[StepName.SNAPSHOT].seconds else work


def _of_bytes(work: Workload, count: int) -> Workload:
    """The same work with this many bytes."""
    share = min(1.0, count / work.bytes) if work.bytes else 0.0
    return work.model_copy(update={"bytes": count, "largest_shard": round(work.largest_shard * share)})


def kept_snapshot(documents: Iterable[Document], plan: Plan) -> str:
    """The newest snapshot that an earlier run left in the plan's repository; empty if there is none.

    The next snapshot shares files with it and writes only what has changed since. A rehearsal's snapshot does
    not count unless it was kept: it is removed.
    """
    location = _location(plan.model_dump(mode="json")["repository"])
    documents = list(documents)
    dropped = {name for each in documents for name in _removed_by_finish(each)}
    for document in documents:
        taken = _record(document, steps.SNAPSHOT)
        removed = document.rehearsal is not None and not document.rehearsal.get("keep")
        clean = document.steps.get(StepName.CLEAN)
        gone = removed or bool(clean and clean.record and clean.record["snapshots"])
        if taken is None or gone or taken.name in dropped:
            continue
        if _location(document.plan["repository"]) == location:
            return taken.name
    return ""


def _removed_by_finish(document: Document) -> tuple[str, ...]:
    """Snapshots that `finish` has removed, those of the run's seed rounds included."""
    done = _record(document, steps.FINISH)
    return done.removed if done else ()


def _location(repository: dict[str, Any]) -> Sequence[Any]:
    return [repository.get(key) for key in ("type", *PLACE)]


def _record(document: Document, step: StepKey[M]) -> M | None:
    try:
        return document.recorded(step)
    except StateUnusable:
        return None  # written by another version: it says nothing here
