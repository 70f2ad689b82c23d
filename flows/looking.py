"""What verbs without a flow do: look at both domains, without a run of their own. Imports no Prefect."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from configs.plan import Plan
from domains.cluster import identity
from domains.domain import Domain, Side
from flows.session import decided_before, open_domains, open_side, require_same_clusters
from runs.journal import Document, Journal, now
from runs.state import State, is_finished, new_run_id, plan_record, require_same_plan
from tasks import resolve as resolving
from tasks import verify as verifying
from tasks.checks.catalogue import FIRST, THEN
from tasks.checks.records import CheckRecord
from tasks.checks.run import run_checks
from tasks.migration import Consents, Migration
from tasks.records import Resolution, VerificationRecord
from tasks.survey import SIDES, Survey


def resolved(plan: Plan, state: Path, consents: Consents) -> tuple[Resolution, str | None]:
    """What `migrate --execute` would do, and the unfinished run that it would continue, if any. Reads only.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    migration = _onlooker(plan, state, consents)
    current = State(state, plan.name).current("migrate")
    decided = decided_before(current) if current and not is_finished(current) else None
    if current and decided:
        require_same_plan(current, plan)
        require_same_clusters(current, _uuids(migration))
        return decided, current.run_id
    return resolving.resolve(migration), None


def checked(plan: Plan, consents: Consents) -> tuple[CheckRecord, ...]:
    """The result of every preflight check. Reads only; a side that cannot be opened is a result, too.

    Args:
        consents: what the user has consented to so far.
    """
    openers: dict[Side, Callable[[], Domain]] = {side: partial(open_side, plan, side) for side in SIDES}
    assumed = Consents(frozenset(plan.conflicts.delete), partial=True)
    return run_checks(Survey(plan, openers, assumed, given=consents), FIRST, THEN)


def verified(plan: Plan, state: Path) -> VerificationRecord:
    """Compares what the plan's latest run moved; without a run, the plan's indices under their own names.

    Reads, and refreshes both sides.

    Raises:
        PlanChanged: the plan, or a cluster, is another than the run's.
        SnapferryError: a domain could not be looked at.
    """
    migration = _onlooker(plan, state, Consents())
    latest = State(state, plan.name).current("migrate")
    record = latest.record("resolve") if latest else None
    if latest is None or record is None:
        return verifying.verify(migration, resolving.resolve_names(migration))
    require_same_plan(latest, plan, but=("verify.level",))
    require_same_clusters(latest, _uuids(migration))
    return verifying.verify(migration, Resolution.model_validate(record))


def _uuids(m: Migration) -> tuple[str, str]:
    return identity(m.source).uuid, identity(m.target).uuid


def _onlooker(plan: Plan, state: Path, consents: Consents) -> Migration:
    """A migration whose journal is never written."""
    source, target = open_domains(plan)
    document = Document(plan=plan_record(plan), run_id=new_run_id(), verb="look", started=now())
    return Migration(plan, source, target, Journal(state / "unwritten.json", document), consents)
