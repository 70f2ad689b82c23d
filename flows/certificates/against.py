"""Compare a certificate with both domains as they are now. Refreshes indices; else reads only."""

from pathlib import Path

from configs.plan import Plan
from domains.domain import Domain
from domains.engine.cluster import identity
from flows.sessions.first_contact import contact
from reports.model.certificate import Certificate
from runs.begun_plan import exchanged
from runs.state import State
from tasks.errors import PreconditionError
from tasks.records.certificates import AgainstRecord
from tasks.records.resolution import ClusterRecord
from tasks.verification.certified import read_again


def against(certificate: Certificate, plan: Plan, state: Path) -> AgainstRecord:
    """Read again what was certified.

    Args:
        plan: says how to reach the two domains.
        state: a state folder; nothing is read of it but which domains are known, and it may be empty.

    Raises:
        PreconditionError: the plan leads to other clusters than those that were certified, or not to both.
        SnapferryError: a domain was not reached, or refused.
    """
    if certificate.source is not None and plan.source_domain is None:
        raise PreconditionError(
            "two domains were certified, but the plan's source is a snapshot: one of them would not be read",
            hint="give the plan of the migration, with both of its domains",
        )
    back = certificate.run.back
    met = contact(exchanged(plan) if back else plan, State(state, plan.name))
    source = met.source if certificate.source else None
    for side, domain, known in (
        ("source", source, certificate.source),
        ("target", met.target, certificate.target),
    ):
        if domain is not None and known is not None:
            _require_same(side, domain, known)
    return read_again(source, met.target, certificate.indices)


def _require_same(side: str, domain: Domain, known: ClusterRecord) -> None:
    uuid = identity(domain).uuid
    if uuid != known.cluster_uuid:
        raise PreconditionError(
            f"the {side} is a different cluster than the one certified: its UUID is {uuid}, it was "
            f"{known.cluster_uuid}",
            hint="give the plan of the migration, with the endpoints that its domains have now",
        )
