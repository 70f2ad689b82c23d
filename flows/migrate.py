"""The migration as a Prefect flow: for the command, and for deployments."""

from functools import partial
from pathlib import Path

from prefect import flow

from configs.loading.problems import PlanError
from configs.plan import Plan
from flows.parameters import run_options
from flows.prefect_runtime.artifacts import shown_in_prefect
from flows.prefect_runtime.flow_runs import run_name
from flows.prefect_runtime.gates import pass_gate
from flows.prefect_runtime.steps import perform
from flows.previews import migration as looking
from flows.previews.estimates import record_estimate
from flows.sessions.current_selection import with_current_selection
from flows.sessions.notifications import notify_end_again, require_notified
from flows.sessions.recording import MOVING
from flows.sessions.saved_plans import SAVE_AGAIN, plan_in, read
from flows.sessions.session import session
from flows.sessions.verb_rules import finished_before
from flows.stages import register, require_equal, snapshot_restore_verify
from runs.begun_plan import plan_record
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.state import State
from tasks import steps
from tasks.errors import PreconditionError, VerificationFailed
from tasks.migration import Consents, Migration
from tasks.planning import resolve
from tasks.planning.saved_plan import require_unchanged
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution


@flow(name="migrate", flow_run_name=run_name, persist_result=False)
def migrate(
    plan: Plan,
    execute: bool = False,
    consents: Consents = Consents(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
    saved_plan: str | None = None,
) -> str:
    """Move the plan's indices from source to target and verify them; resume a run that was interrupted.

    Args:
        plan: the plan, as in its YAML file. It names secrets but holds none.
        execute: required; without it the flow refuses to change anything.
        consents: the risks accepted.
        new_run: start another run even if one has finished or is unfinished.
        state: the state folder on the machine that runs the flow; None for the default one.
        saved_plan: a file from `snapferry plan -o` on that machine, made from this plan: it does exactly
            that.

    Returns:
        The run's id. A finished run is not repeated: its id is returned, or its failure raised again.

    Raises:
        SnapferryError: refused, failed, interrupted or different; the journal holds the whole story.
    """
    options = run_options(execute, consents, state, new_run=new_run)
    saved = _read_saved_plan(plan, saved_plan)
    before = finished_before(plan, options, saved)
    if before:
        notify_end_again(plan, State(options.state, plan.name), before)
        return _repeat_outcome(before)
    with shown_in_prefect(plan.name, session(plan, options, saved)) as migration:
        chain(migration, saved)
    return migration.journal.run_id


def _read_saved_plan(plan: Plan, file: str | None) -> PlanDocument | None:
    if file is None:
        return None
    try:
        document = read(Path(file))
        if plan_record(plan_in(document, Path(file))) == plan_record(plan):
            return document
    except PlanError as error:
        raise PreconditionError(str(error), hint=SAVE_AGAIN) from error
    raise PreconditionError(f"{file} was saved from a different plan", hint="save it again from this plan")


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
    resolution = _resolve_once(m, saved)
    record_estimate(m, resolution)
    register(m, resolution)
    if pass_gate(m, "before-snapshot"):
        # after a long wait, decide again what moves and what is in the way
        resolution = _resolve_once(m, saved)
    again = partial(_resolve_once, m, saved)
    require_equal(with_current_selection(resolution, again, partial(snapshot_restore_verify, m)))


def _resolve_once(m: Migration, saved: PlanDocument | None) -> Resolution:
    """Decide once: from the snapshot on, a resumed run keeps to its decision."""

    def check(resolution: Resolution) -> None:
        if saved:
            require_unchanged(saved, looking.plan_document_of(m, resolution))
        resolve.require_moving(resolution)

    return perform(m, steps.RESOLVE, lambda: resolve.resolve(m), check=check, bound_by=MOVING)
