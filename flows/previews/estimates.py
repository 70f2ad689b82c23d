"""How long a run is expected to take: looked at, told and kept. Imports no Prefect.

Nothing depends on an estimate: what cannot be looked at is taken for granted, and said so.
"""

from collections.abc import Sequence
from itertools import islice

from configs.plan import Plan
from domains.errors import SnapferryError
from reports.words import common
from runs.journal import Document, Journal
from runs.progress import Progress, report_progress
from runs.state import State
from tasks.estimates.estimate import estimate
from tasks.estimates.explanation import Circumstances
from tasks.estimates.history import kept_snapshot, measurements
from tasks.estimates.sizing import workload
from tasks.migration import Consents, Migration
from tasks.records.estimates import Estimate, Workload
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.survey import Survey

_RUNS = 10  # newest journals that are read


def estimate_of(
    look: Survey, resolution: Resolution, state: State, *, gated: bool = True, run_id: str = ""
) -> Estimate:
    """How long the migration that was resolved will take. Reads only.

    Args:
        state: where the journals of the plan's earlier runs are.
        gated: whether the run waits at the plan's gates.
        run_id: the run that it is made for: its own journal tells nothing yet.
    """
    work = workload(look, resolution.indices)
    earlier = [document for document in _documents(state) if document.run_id != run_id]
    return _estimate(work, look.plan, resolution, earlier, gated=gated)


def record_estimate(m: Migration, resolution: Resolution, *, gated: bool = True) -> None:
    """Keeps in the journal how long this run will take, and tells it. A continued run keeps what it has."""
    kept = kept_estimate(m.journal)
    if kept is None or kept.workload.indices != len(resolution.indices):
        state, run_id = State.of(m.journal), m.journal.run_id
        kept = estimate_of(Survey.of(m), resolution, state, gated=gated, run_id=run_id)
        m.journal.document.estimate = kept.model_dump(mode="json")
        m.journal.save()
    expected = {step.step: (step.low, step.high) for step in kept.steps}
    report_progress(Progress("estimate", common.estimated(kept), finished=True, expected=expected))


def kept_estimate(journal: Journal) -> Estimate | None:
    """The estimate that a run has made; None without one."""
    kept = journal.document.estimate
    return Estimate.model_validate(kept) if kept else None


def record_projection(m: Migration, resolution: Resolution) -> None:
    """Keeps in the rehearsal's journal what the real run has to do, and a first projection of its duration.

    Reads only.

    Args:
        m: the rehearsal, with the real plan.
        resolution: of the rehearsal.
    """
    assumed = Consents.assumed(m.plan)
    look = Survey(m.plan, {"source": lambda: m.source, "target": lambda: m.target}, assumed)
    try:
        work = workload(look, _really_moving(look))
    except SnapferryError as error:
        said = f"no projection of the real run: its indices could not be looked at: {error.message}"
        report_progress(Progress("estimate", said, finished=True))
    else:
        _keep_projection(m, resolution, work)


def update_projection(m: Migration, resolution: Resolution) -> None:
    """Projects the real run's duration anew: with what this rehearsal has measured."""
    if m.journal.document.projection:
        known = Estimate.model_validate(m.journal.document.projection)
        _keep_projection(m, resolution, known.workload)


def _keep_projection(m: Migration, resolution: Resolution, work: Workload) -> None:
    documents = _documents(State.of(m.journal))
    made = _estimate(work, m.plan, resolution, documents, gated=True)
    m.journal.document.projection = made.model_dump(mode="json")
    m.journal.save()


def _really_moving(look: Survey) -> list[SelectedIndex]:
    """The indices of the real run: also those that something on the target is still in the way of."""
    skipped = {unit.name for unit in look.decision.units if unit.action == "skip"}
    return [index for unit in look.selection.units if unit.name not in skipped for index in unit.indices]


def _documents(state: State) -> list[Document]:
    return [journal.document for journal in islice(state.journals(), _RUNS)]


def _estimate(
    work: Workload, plan: Plan, resolution: Resolution, documents: Sequence[Document], *, gated: bool
) -> Estimate:
    given = Circumstances(
        existing=plan.snapshot.existing is not None,
        kept_snapshot=kept_snapshot(documents, plan),
        gates=gated and bool(plan.gates),
    )
    return estimate(work, measurements(documents, plan, resolution, work), given)
