"""Read-only previews: what a migration would do, without starting a run."""

from collections.abc import Collection
from dataclasses import dataclass

from configs.plan import Plan
from domains.engine.comparison import seq_no_figures
from domains.engine.comparison.metadata_digests import Digests, digests
from flows.previews.estimates import estimate_of, recorded_estimate
from flows.previews.requests import migration_requests, rehearsal_requests
from flows.sessions.exclusion import require_no_copies
from flows.sessions.options import RunOptions
from flows.sessions.rehearsal import target_of, to_rehearse
from flows.sessions.session import decided_before, read_only_migration
from flows.sessions.which_run import migration_to_resume
from runs.begun_plan import require_same_clusters, require_same_plan
from runs.journal import Journal
from runs.lifecycle import is_finished
from runs.state import State, new_run_id
from tasks import steps
from tasks.checks.safety import consents_needed, existing_uuid
from tasks.migration import Migration
from tasks.planning import resolve as resolving
from tasks.planning.plan_document import RemainingWork, plan_document, remaining_work
from tasks.planning.saved_plan import seal
from tasks.queries.in_verification import digest_for
from tasks.records.estimates import Estimate
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution
from tasks.rehearsal import Rehearsal, left_out_of_plan
from tasks.survey import Survey


@dataclass(frozen=True)
class MigrationPreview:
    """A resolved migration.

    Args:
        fresh: whether it was resolved just now; False if a run decided it before.
        continues, finished: the run that the next `migrate` would resume, or only show, if any.
    """

    document: PlanDocument
    fresh: bool
    continues: str | None = None
    finished: str | None = None


def migration_preview(plan: Plan, options: RunOptions, saved: PlanDocument | None = None) -> MigrationPreview:
    """Preview what `migrate --execute` would do with these options. Reads only.

    Args:
        saved: the saved plan to execute, which supplies the run's id and snapshot.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    state = State(options.state, plan.name)
    saved_id = saved.run_id if saved else ""
    before = migration_to_resume(state, new_run=options.new_run, saved=saved_id)
    if before is None:
        require_no_copies(state, options.new_run)
    run_id = before.run_id if before else saved.run_id if saved else new_run_id()
    m = read_only_migration(plan, options, run_id)
    survey = Survey.of(m)
    if before is None:
        return MigrationPreview(
            _estimated_document(m, resolving.resolve(m, survey), survey, state), fresh=True
        )
    require_same_plan(before, plan)
    finished = is_finished(before.document)
    decided = _moved_by(before, m) if finished else decided_before(before)
    if decided is None:
        resolution = resolving.resolve(m, survey)
        return MigrationPreview(
            _estimated_document(m, resolution, survey, state), fresh=True, continues=before.run_id
        )
    source_uuid = survey.identity("source").uuid if m.source_domain else ""
    require_same_clusters(before, (source_uuid, survey.identity("target").uuid))
    expected = None if finished else recorded_estimate(before)
    document = _document(m, survey, decided, remaining_work(before, finished=finished), expected)
    if finished:
        return MigrationPreview(document, fresh=False, finished=before.run_id)
    return MigrationPreview(document, fresh=False, continues=before.run_id)


def rehearsal_preview(plan: Plan, wanted: Rehearsal, options: RunOptions) -> PlanDocument:
    """Preview what `rehearse --execute` would do with these options, until it removes everything. Reads only.

    Raises:
        SnapferryError: refused, or a domain could not be read.
    """
    real = read_only_migration(target_of(plan, wanted), options, new_run_id())
    m, survey, selection = to_rehearse(real, wanted)
    state = State(options.state, plan.name)
    resolution = left_out_of_plan(resolving.resolve(m, survey), selection)
    document = _estimated_document(m, resolution, survey, state, gated=False)
    probe = f"{wanted.prefix}{m.journal.run_id}"
    requests = rehearsal_requests(m, survey, document.resolution, probe=probe, keep=wanted.keep)
    changes = sum(request.changes for request in requests)
    parts = {"kind": "rehearsal-plan", "requests": requests, "changes": changes}
    return seal(document.model_copy(update=parts))


def _moved_by(journal: Journal, m: Migration) -> Resolution:
    return journal.document.recorded(steps.RESOLVE) or resolving.resolve_names(m)


def plan_document_of(m: Migration, resolution: Resolution) -> PlanDocument:
    """The document of a run that has just been resolved, without an estimate. Reads only."""
    return _document(m, Survey.of(m), resolution, RemainingWork(), None)


def _estimated_document(
    m: Migration, resolution: Resolution, survey: Survey, state: State, *, gated: bool = True
) -> PlanDocument:
    """The document of a migration that has just been resolved, with its estimate."""
    run_id = m.journal.run_id
    expected = estimate_of(survey, resolution, state, gated=gated, run_id=run_id)
    return _document(m, survey, resolution, RemainingWork(), expected)


def _document(
    m: Migration, survey: Survey, resolution: Resolution, remaining: RemainingWork, estimate: Estimate | None
) -> PlanDocument:
    names = set[str]()
    if m.source_domain and not remaining.finished:
        names = {index.name for index in resolution.indices} & survey.catalog("source").indices.keys()
    return seal(
        plan_document(
            m,
            resolution,
            consents=tuple(consents_needed(survey)) if not remaining.finished else (),
            digests=digests(m.source, names) if names else Digests(),
            snapshot_uuid=existing_uuid(survey) if not remaining.finished else None,
            counts=_counts(survey, names) if names else {},
            requests=migration_requests(m, survey, resolution, remaining),
            estimate=estimate,
            queries_digest=digest_for(m) if not remaining.finished else "",
        )
    )


def _counts(survey: Survey, names: Collection[str]) -> dict[str, int]:
    """Live documents of the open ones of these indices, without a refresh, where they can be counted."""
    indices = survey.catalog("source").indices
    version = survey.identity("source").version
    found = seq_no_figures.counts(
        survey.domain("source"), version, sorted(n for n in names if indices[n].open)
    )
    return {name: each.count for name, each in found.items() if not each.problem}
