"""What verbs without a flow do: look at both domains, without a run of their own. Imports no Prefect."""

from pathlib import Path

from configs.plan import Plan
from flows.session import open_domains
from runs.journal import Document, Journal, now
from runs.state import State, new_run_id, plan_record
from tasks import resolve as resolving
from tasks import verify as verifying
from tasks.migration import Consents, Migration
from tasks.records import Resolution, VerificationRecord


def resolved(plan: Plan, state: Path, consents: Consents) -> Resolution:
    """What a new run of this plan would do. Reads only; writes no journal.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    return resolving.resolve(_onlooker(plan, state, consents))


def verified(plan: Plan, state: Path) -> VerificationRecord:
    """Compares what the plan's latest run moved; without a run, the plan's indices under their own names.

    Reads, and refreshes both sides.

    Raises:
        SnapferryError: a domain could not be looked at.
    """
    migration = _onlooker(plan, state, Consents())
    latest = State(state, plan.name).latest()
    record = latest.record("resolve") if latest else None
    resolution = Resolution.model_validate(record) if record else resolving.resolve_names(migration)
    return verifying.verify(migration, resolution)


def _onlooker(plan: Plan, state: Path, consents: Consents) -> Migration:
    """A migration whose journal is never written."""
    source, target = open_domains(plan)
    document = Document(plan=plan_record(plan), run_id=new_run_id(), verb="look", started=now())
    return Migration(plan, source, target, Journal(state / "unwritten.json", document), consents)
