"""How long a run is expected to take: read, report and record it. Imports no Prefect.

Nothing depends on an estimate: what cannot be read is assumed, and the estimate says so.
"""

from collections.abc import Sequence
from dataclasses import replace
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

_RUNS = 10  # newest journals to read


def estimate_of(
    survey: Survey, resolution: Resolution, state: State, *, gated: bool = True, run_id: str = ""
) -> Estimate:
    """Estimate how long the resolved migration will take. Reads only.

    Args:
        state: the journals of the plan's earlier runs.
        gated: whether the run waits at the plan's gates.
        run_id: the run to be estimated, whose own journal says nothing yet.
    """
    work = workload(survey, resolution.indices)
    earlier = [document for document in _documents(state) if document.run_id != run_id]
    return _estimate(work, survey.plan, resolution, earlier, gated=gated)


def record_estimate(m: Migration, resolution: Resolution, *, gated: bool = True) -> None:
    """Record in the journal how long this run will take, and report it. A resumed run keeps its estimate."""
    made = recorded_estimate(m.journal)
    if made is None or made.workload.indices != len(resolution.indices):
        state, run_id = State.of(m.journal), m.journal.run_id
        made = estimate_of(Survey.of(m), resolution, state, gated=gated, run_id=run_id)
        m.journal.document.estimate = made.model_dump(mode="json")
        m.journal.save()
    expected = {step.step: (step.low, step.high) for step in made.steps}
    report_progress(Progress("estimate", common.estimated(made), finished=True, expected=expected))


def recorded_estimate(journal: Journal) -> Estimate | None:
    """The estimate in a run's journal; None if there is none."""
    kept = journal.document.estimate
    return journal.document.part(Estimate, kept, "its estimate") if kept else None


def record_projection(m: Migration, resolution: Resolution) -> None:
    """Record in the rehearsal's journal the work of the real run and a first projection of its duration.

    Reads only.

    Args:
        m: the rehearsal, with the real plan.
        resolution: the rehearsal's resolution.
    """
    assumed = Consents.assumed(m.plan)
    survey = Survey.of(replace(m, consents=assumed))
    try:
        work = workload(survey, _indices_of_real_run(survey))
    except SnapferryError as error:
        message = f"no projection of the real run: its indices could not be read: {error.message}"
        report_progress(Progress("estimate", message, finished=True))
    else:
        _keep_projection(m, resolution, work)


def update_projection(m: Migration, resolution: Resolution) -> None:
    """Project the real run's duration again, now with the times that this rehearsal measured."""
    if m.journal.document.projection:
        previous = m.journal.document.part(Estimate, m.journal.document.projection, "its projection")
        _keep_projection(m, resolution, previous.workload)


def _keep_projection(m: Migration, resolution: Resolution, work: Workload) -> None:
    documents = _documents(State.of(m.journal))
    made = _estimate(work, m.plan, resolution, documents, gated=True)
    m.journal.document.projection = made.model_dump(mode="json")
    m.journal.save()


def _indices_of_real_run(survey: Survey) -> list[SelectedIndex]:
    """The indices of the real run, including those that still have something in their way on the target."""
    skipped = {unit.name for unit in survey.decision.units if unit.action == "skip"}
    return [index for unit in survey.selection.units if unit.name not in skipped for index in unit.indices]


def _documents(state: State) -> list[Document]:
    return [journal.document for journal in islice(state.journals(), _RUNS)]


def _estimate(
    work: Workload, plan: Plan, resolution: Resolution, documents: Sequence[Document], *, gated: bool
) -> Estimate:
    circumstances = Circumstances(
        existing=plan.existing_snapshot is not None,
        kept_snapshot=kept_snapshot(documents, plan),
        gates=gated and bool(plan.gates),
    )
    return estimate(work, measurements(documents, plan, resolution, work), circumstances)
