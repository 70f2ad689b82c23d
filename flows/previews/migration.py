"""Read-only previews: what a migration would do, without starting a run."""

from collections.abc import Collection
from dataclasses import dataclass

from configs.plan import Plan
from domains.engine import seq_no_figures
from domains.engine.metadata_digests import Digests, digests
from flows.previews.estimates import estimate_of, kept_estimate
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
from tasks.planning.saved_plan import sealed
from tasks.records.estimates import Estimate
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution
from tasks.rehearsal import Rehearsal
from tasks.survey import Survey


@dataclass(frozen=True)
class MigrationPreview:
    """A migration resolved.

    Args:
        fresh: whether it was resolved just now; False for what a run has decided before.
        continues, finished: the run that the next `migrate` would continue, or only show, if any.
    """

    document: PlanDocument
    fresh: bool
    continues: str | None = None
    finished: str | None = None


def migration_preview(plan: Plan, options: RunOptions, saved: PlanDocument | None = None) -> MigrationPreview:
    """What `migrate --execute` would do with these options. Reads only.

    Args:
        saved: the saved plan that would be executed: its run and snapshot are taken over.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    state = State(options.state, plan.name)
    saved_id = saved.run_id if saved else ""
    before = migration_to_resume(state, new_run=options.new_run, saved=saved_id)
    if before is None:
        require_no_copies(state, options.new_run)
    run_id = before.run_id if before else saved.run_id if saved else new_run_id()
    m = read_only_migration(plan, options, run_id)
    look = Survey.of(m)
    if before is None:
        return MigrationPreview(_estimated(m, resolving.resolve(m, look), look, state), fresh=True)
    require_same_plan(before, plan)
    over = is_finished(before.document)
    decided = _decided(before, m) if over else decided_before(before)
    if decided is None:
        resolution = resolving.resolve(m, look)
        return MigrationPreview(_estimated(m, resolution, look, state), fresh=True, continues=before.run_id)
    require_same_clusters(before, (look.identity("source").uuid, look.identity("target").uuid))
    expected = None if over else kept_estimate(before)
    document = _document(m, look, decided, remaining_work(before, finished=over), expected)
    if over:
        return MigrationPreview(document, fresh=False, finished=before.run_id)
    return MigrationPreview(document, fresh=False, continues=before.run_id)


def rehearsal_preview(plan: Plan, wanted: Rehearsal, options: RunOptions) -> PlanDocument:
    """What `rehearse --execute` would do with these options, before it removes it again. Reads only.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    real = read_only_migration(target_of(plan, wanted), options, new_run_id())
    m, look = to_rehearse(real, wanted)
    state = State(options.state, plan.name)
    document = _estimated(m, resolving.resolve(m, look), look, state, gated=False)
    probe = f"{wanted.prefix}{m.journal.run_id}"
    requests = rehearsal_requests(m, look, document.resolution, probe=probe, keep=wanted.keep)
    changes = sum(request.changes for request in requests)
    parts = {"kind": "rehearsal-plan", "requests": requests, "changes": changes}
    return sealed(document.model_copy(update=parts))


def _decided(journal: Journal, m: Migration) -> Resolution:
    return journal.document.recorded(steps.RESOLVE) or resolving.resolve_names(m)


def plan_document_of(m: Migration, resolution: Resolution) -> PlanDocument:
    """The document of a run that has just been resolved, without an estimate. Reads only."""
    return _document(m, Survey.of(m), resolution, RemainingWork(), None)


def _estimated(
    m: Migration, resolution: Resolution, look: Survey, state: State, *, gated: bool = True
) -> PlanDocument:
    """The document of a migration that has just been resolved, with how long it will take."""
    run_id = m.journal.run_id
    expected = estimate_of(look, resolution, state, gated=gated, run_id=run_id)
    return _document(m, look, resolution, RemainingWork(), expected)


def _document(
    m: Migration, look: Survey, resolution: Resolution, ahead: RemainingWork, estimate: Estimate | None
) -> PlanDocument:
    names = {index.name for index in resolution.indices} & look.catalog("source").indices.keys()
    return sealed(
        plan_document(
            m,
            resolution,
            consents=tuple(consents_needed(look)) if not ahead.finished else (),
            digests=digests(m.source, names) if not ahead.finished else Digests(),
            snapshot_uuid=existing_uuid(look) if not ahead.finished else None,
            counts=_counts(look, names) if not ahead.finished else {},
            requests=migration_requests(m, look, resolution, ahead),
            estimate=estimate,
        )
    )


def _counts(look: Survey, names: Collection[str]) -> dict[str, int]:
    """Live documents of the open ones of these indices, without a refresh; none where it cannot be told."""
    held = look.catalog("source").indices
    version = look.identity("source").version
    found = seq_no_figures.counts(look.domain("source"), version, sorted(n for n in names if held[n].open))
    return {name: each.count for name, each in found.items() if not each.problem}
