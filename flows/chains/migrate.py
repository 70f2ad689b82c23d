"""The migration: register, snapshot, restore, verify."""

from functools import partial

from flows.chains.gates import pass_gate
from flows.chains.runtime import runtime
from flows.chains.stages import (
    copy_metadata,
    make_readable,
    register,
    require_equal,
    snapshot_restore_verify,
)
from flows.chains.steps import perform
from flows.previews import migration as looking
from flows.previews.estimates import record_estimate
from flows.sessions.begin_or_resume import Request
from flows.sessions.current_selection import with_current_selection
from flows.sessions.notifications import notify_end_again, require_notified
from flows.sessions.recording import MOVING
from flows.sessions.session import session
from flows.sessions.verb_rules import finished_before
from runs.journal import Journal
from runs.lifecycle import RunStatus
from tasks import steps
from tasks.errors import VerificationFailed
from tasks.metadata.step import require_copyable
from tasks.migration import Migration
from tasks.planning import resolve
from tasks.planning.saved_plan import require_unchanged
from tasks.records.metadata import MetadataPhase
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution
from tasks.renaming import merge, switch_aliases


def run(request: Request) -> str:
    """Move the plan's indices from source to target and verify them; resume a run that was interrupted.

    Returns:
        The run's id. A finished run is not repeated: its id is returned, or its failure raised again.

    Raises:
        SnapferryError: refused, failed, interrupted or different; the journal holds the whole story.
    """
    before = finished_before(request.plan, request.options, request.saved)
    if before:
        notify_end_again(request.plan, request.state, before)
        return _repeat_outcome(before)
    working = session(request.plan, request.options, request.saved)
    with runtime().showing(working) as m:
        chain(m, request.saved)
    return m.journal.run_id


def _repeat_outcome(journal: Journal) -> str:
    if journal.document.status is RunStatus.DIFFERENT:
        raise VerificationFailed(journal.document.message, journal.document.hint)
    require_notified(journal)
    return journal.run_id


def chain(m: Migration, saved: PlanDocument | None = None) -> None:
    """Run the steps in order. Each reads before it acts: a resumed run goes through all of them again.

    Args:
        saved: the saved plan to execute; refused if the domains have changed since.
    """
    make_readable(m)
    resolution = _resolve_once(m, saved)
    record_estimate(m, resolution)
    register(m, resolution)
    if pass_gate(m, "before-snapshot"):
        # after a long wait, decide again what moves and what is in the way
        resolution = _resolve_once(m, saved)
    again = partial(_resolve_once, m, saved)
    copy_metadata(m, steps.METADATA_BEFORE, MetadataPhase.BEFORE_RESTORE)
    require_equal(with_current_selection(resolution, again, partial(snapshot_restore_verify, m)))
    _settle_names(m)
    copy_metadata(m, steps.METADATA_AFTER, MetadataPhase.AFTER_OPENING)


def _settle_names(m: Migration) -> None:
    """Do with the renamed indices, which are verified, what the plan says."""
    resolution = m.journal.document.recorded(steps.RESOLVE)
    if resolution and resolution.merges:
        perform(m, steps.MERGE, lambda: merge.merge(m, resolution))
    if resolution and resolution.switches:
        perform(m, steps.SWITCH_ALIASES, lambda: switch_aliases.switch_aliases(m, resolution))


def _resolve_once(m: Migration, saved: PlanDocument | None) -> Resolution:
    """Decide once: from the snapshot on, a resumed run keeps to its decision."""

    def check(resolution: Resolution) -> None:
        if saved:
            require_unchanged(saved, looking.plan_document_of(m, resolution))
        resolve.require_moving(resolution)
        if m.plan.metadata.automatic:
            require_copyable(m)

    return perform(m, steps.RESOLVE, lambda: resolve.resolve(m), check=check, bound_by=MOVING)
