"""Several runs of one plan at once, each with the plan that it began with. Imports no Prefect."""

from collections.abc import Iterable
from dataclasses import replace

from configs.plan import Plan
from runs.begun_plan import as_begun
from runs.journal import Journal
from tasks.migration import Migration


def migrations_of(m: Migration, plan: Plan, journals: Iterable[Journal]) -> tuple[Migration, ...]:
    """The migrations of those of these runs that are between the same domains as `m`.

    Args:
        plan: today's, for logins and ways to the domains.

    Raises:
        PlanChanged: the plan's logins do not fit the domains of one of the runs any more.
    """
    return tuple(
        m if journal is m.journal else replace(m, plan=as_begun(plan, journal), journal=journal)
        for journal in journals
        if clusters(journal) == clusters(m.journal)
    )


def clusters(journal: Journal) -> tuple[str, str] | None:
    """The UUIDs of a run's source and target; None before it has read them."""
    record = journal.record("resolve")
    if not record:
        return None
    return (record["source"] or {"cluster_uuid": ""})["cluster_uuid"], record["target"]["cluster_uuid"]
