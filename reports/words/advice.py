"""Words of advice: titles of the ways, one line about each domain, what a question does."""

from collections.abc import Iterator

from configs.values.listing import counted
from reports.words import common
from tasks.records.advice import (
    Advice,
    DomainFacts,
    FoundVersion,
    Question,
    ServiceAnswer,
    ServiceFacts,
    Way,
    WorkloadFacts,
)

TITLES = {
    Way.IN_PLACE: "In-place upgrade, by the service",
    Way.CLONE: "Clone-based upgrade, by the service",
    Way.PEER: "Replication peer in another Region, by the service",
    Way.MIGRATE: "Snapshot migration (snapferry migrate)",
    Way.SEED: "Seed and cutover (snapferry seed, snapferry cutover)",
    Way.REINDEX: "Reindex from remote",
    Way.CROSS_CLUSTER: "Cross-cluster replication",
    Way.ASSISTANT: "opensearch-migrations (Migration Assistant)",
}
_EFFECTS = {
    "upgrade check": "the service checks whether the domain is eligible, and records the check in its "
    "upgrade history; it upgrades nothing",
    "replication dry run": "the service says whether it could replicate; it changes neither domain",
}
_OUTCOMES = {"passed": "passed", "failed": "failed", "unknown": "no answer yet"}


def version(found: FoundVersion | None) -> str:
    """An engine version."""
    if found is None:
        return "version not known"
    return f"{'OpenSearch' if found.engine == 'opensearch' else 'Elasticsearch'} {found.number}"


def domain(facts: DomainFacts) -> str:
    """One domain: its name, its version, where it is."""
    account = f"account {facts.account}" if facts.account else "account not known"
    where = facts.region or "Region not known"
    kind = "" if facts.managed is not False else ", not of the service"
    place = f"{where}, {account}" if facts.managed is not False else (facts.region or "outside AWS")
    return f"{facts.named} ({version(facts.version)}, {place}{kind})"


def goal(advice: Advice) -> str:
    """What is wanted where no target is named."""
    wish = advice.wish
    parts = [
        version(wish.version) if wish.version else "",
        f"in {wish.region}" if wish.region else "",
        f"in account {wish.account}" if wish.account else "",
    ]
    return " ".join(part for part in parts if part) or "a newer version, in place"


def workload(work: WorkloadFacts) -> str:
    """The indices of a domain in one line."""
    streams = counted(work.data_streams, "data stream", "data streams")
    parts = [
        counted(work.indices, "index", "indices"),
        f"{common.size(work.bytes)} in {counted(work.shards, 'shard', 'shards')}",
        streams if work.data_streams else "",
        f"{len(work.closed):,} closed" if work.closed else "",
        f"{len(work.red):,} red" if work.red else "",
        f"{len(work.warm):,} in UltraWarm" if work.warm else "",
        _written(work),
    ]
    return ", ".join(part for part in parts if part)


def _written(work: WorkloadFacts) -> str:
    if work.operations is None:
        return ""
    if not work.operations:
        return f"nothing written in {work.observed_s:g} s" if work.observed_s else ""
    operations = counted(work.operations, "operation", "operations")
    return f"written to: {operations} in {work.observed_s:g} s"


def service(facts: ServiceFacts) -> str:
    """What the control plane says of a domain that is not usual; empty if nothing."""
    replication = facts.replication
    parts = [
        facts.busy,
        f"clone upgrade under way ({facts.clone_upgrade})" if facts.clone_upgrade else "",
        f"{replication.role} of a replication" if replication and replication.role else "",
        f"engine mode {facts.engine_mode}" if facts.engine_mode not in {"", "GENERAL"} else "",
        f"use case {facts.use_case}" if facts.use_case else "",
        f"encryption mode {facts.encryption_mode}" if facts.encryption_mode not in {"", "DISK"} else "",
        f"deployments {facts.deployment_strategy}"
        if facts.deployment_strategy not in {"", "Default"}
        else "",
        "Multi-AZ with Standby" if facts.standby else "",
        "UltraWarm" if facts.warm else "",
        "cold storage" if facts.cold else "",
    ]
    return ", ".join(part for part in parts if part)


def question(asked: Question) -> str:
    """A question that was not asked: the request, and what it does."""
    parameters = ", ".join(f"{name}={value}" for name, value in asked.parameters.items())
    return f"{asked.operation} {parameters}: {_EFFECTS[asked.kind]} (needs {asked.right})"


def answer(found: ServiceAnswer) -> str:
    """What the service has answered."""
    issues = f": {'; '.join(found.issues)}" if found.issues else ""
    return f"{found.question.operation} ({found.question.kind}): {_OUTCOMES[found.outcome]}{issues}"


def unread(advice: Advice) -> Iterator[str]:
    """One line for each thing that could not be read."""
    for each in (advice.source, advice.target):
        for missing in each.unread if each else ():
            hint = f"; {missing.hint}" if missing.hint else ""
            yield f"not known of the {each.side if each else ''}, {missing.what}: {missing.why}{hint}"
