"""Sentences about metadata: states, obstacles, notices, and what no copy brings."""

from configs.values.listing import counted, listed
from tasks.records.metadata import (
    ChecklistEntry,
    CopiedMetadata,
    CopyResult,
    FieldDifference,
    ItemOutcome,
    MetadataItem,
    Notice,
    NoticeKind,
    Obstacle,
    PolicyHazard,
    Witness,
    WitnessState,
)

KINDS = {
    "cluster-settings": "cluster setting",
    "stored-scripts": "stored script",
    "ingest-pipelines": "ingest pipeline",
    "search-pipelines": "search pipeline",
    "component-templates": "component template",
    "index-templates": "index template",
    "legacy-templates": "legacy template",
    "action-groups": "action group",
    "roles": "role",
    "tenants": "tenant",
    "users": "internal user",
    "role-mappings": "role mapping",
    "aliases": "alias",
    "index-policies": "index policy",
    "managed-indices": "managed index",
    "snapshot-policies": "snapshot policy",
    "notification-channels": "notification channel",
    "monitors": "monitor",
    "dashboards": "saved object",
}
_OBSTACLES = {
    Obstacle.CONFLICT: "the target has another one of this name; choose metadata.conflicts: skip or replace, "
    "or leave it out by metadata.names.exclude",
    Obstacle.NO_REPOSITORY: "it takes snapshots into a repository that the target does not have ({detail}); "
    "register that first, or leave it out by metadata.names.exclude",
    Obstacle.DELETES: "policy {detail} would delete it at once; leave attach_policies: later, or consent "
    "to it: metadata copy --allow-delete {name}",
    Obstacle.NAME_TAKEN: "the target has an index of this name; rename one, or leave it out by "
    "metadata.names.exclude",
    Obstacle.PROTECTED_THERE: "the target's own is {detail}, so it cannot be replaced; leave it out by "
    "metadata.names.exclude",
    Obstacle.NOT_OFFERED: "the target does not offer this API, so it cannot be written there",
    Obstacle.NEEDS: "it needs what the target lacks: {detail}",
    Obstacle.AMBIGUOUS: "several have the name {detail}; copy them by hand, or rename them on the source",
    Obstacle.BY_HAND: "no channel can be made of a destination of type {detail}; make it by hand",
}
_NOTICES = {
    NoticeKind.RENAMED: "The plan renames indices (conflicts.policy: rename), but the index patterns in "
    "templates stay as they are, and so do aliases: {names}",
    NoticeKind.READONLY_REPOSITORY: "This repository is registered readonly on the target, so that these "
    "policies cannot take snapshots there (policy: repository): {names}",
    NoticeKind.PASSWORDS: "Passwords cannot be copied. Each gets a random one that nobody knows; set a "
    "password for {names}",
    NoticeKind.OTHER_ARNS: "These channels name roles and topics by ARN; check that the target's account and "
    "Region have them: {names}",
    NoticeKind.NOT_YET: "The target has none of their indices yet; run it again once they are there: {names}",
    NoticeKind.PACKAGES: "These templates use packages (dictionaries); associate them with the target, and "
    "correct their ids: {names}",
}
_CHECKLIST = {
    ChecklistEntry.PACKAGES: "packages (dictionaries, plugins): associate them with the target",
    ChecklistEntry.ALARMS: "CloudWatch alarms and dashboards, log publishing",
    ChecklistEntry.NETWORK: "VPC, security groups, the domain's access policy, custom endpoint",
    ChecklistEntry.LOGIN: "Cognito, SAML or IAM Identity Center, the master user, passwords",
    ChecklistEntry.DOMAIN: "the domain's own configuration: instances, storage, Auto-Tune, off-peak window",
    ChecklistEntry.REPOSITORIES: "registrations of repositories, other than the plan's",
    ChecklistEntry.DASHBOARDS: "saved objects of Dashboards: metadata.dashboards: true, or --dashboards; "
    "private and custom tenants by export and import",
    ChecklistEntry.PLUGINS: "models, connectors, detectors, rollups, transforms, cross-cluster connections",
}


def kind(name: str) -> str:
    """A kind in the singular."""
    return KINDS.get(name, name)


def item(found: MetadataItem) -> str:
    """One thing with its kind."""
    return f"{kind(found.kind)} {found.name}"


def obstacle(which: Obstacle, name: str, detail: str) -> str:
    """Why something cannot be copied, and what to do."""
    return _OBSTACLES[which].format(name=name, detail=detail)


def notice(found: Notice) -> str:
    """Something to know."""
    return _NOTICES[found.kind].format(names=listed(found.names, 12))


def checklist(entry: ChecklistEntry) -> str:
    """What is left to be done by hand."""
    return _CHECKLIST[entry]


def hazard(found: PolicyHazard) -> str:
    """How a policy deletes an index."""
    way = " → ".join(found.states)
    how = "deletes" if found.certain else "may delete"
    return (
        f"policy {found.policy} {how} {found.index} as soon as it is attached: it was created "
        f"{found.age_days:,.1f} days ago, and age counts from that ({way})"
    )


def difference(found: FieldDifference) -> str:
    """One differing field with both values."""
    return f"{found.path}: source {found.source or '(missing)'}, target {found.target or '(missing)'}"


def outcome(found: ItemOutcome) -> str:
    """Why something is not on the target as it is on the source."""
    name = f"{kind(found.kind)} {found.name}"
    if found.result is CopyResult.IMPOSSIBLE and found.obstacle:
        return f"{name}: {obstacle(found.obstacle, found.name, found.reason)}"
    if found.result is CopyResult.DIFFERS:
        why = f" ({found.reason})" if found.reason else ""
        return f"{name}: written, but the target shows it otherwise{why}"
    return f"{name}: {found.reason or 'it is not there'}"


def witness(found: Witness) -> str:
    """What the service's own comparison says; empty if it was not asked."""
    if found.state is WitnessState.NOT_ASKED:
        return ""
    if found.state is WitnessState.UNKNOWN:
        return f"The service's own comparison (CompareDomainConfiguration) could not tell: {found.problem}"
    untold = f"; it could not tell about {', '.join(found.untold)}" if found.untold else ""
    if not found.disagreements:
        return f"The service's own comparison (CompareDomainConfiguration) agrees{untold}"
    named = (f"{kind(e.kind)} {e.name}: we say {e.ours}, it says {e.theirs}" for e in found.disagreements)
    shown = listed(named, 10, "; ")
    return f"The service's own comparison (CompareDomainConfiguration) disagrees: {shown}{untold}"


def copied(found: CopiedMetadata) -> str:
    """How much metadata a run has copied."""
    done = sum(each.result is CopyResult.DONE for each in found.outcomes)
    by_hand = f", {len(found.failed)} cannot be copied as they are" if found.failed else ""
    return f"{counted(done, 'item', 'items')} of metadata copied{by_hand}"


def count(number: int, what: str) -> str:
    """How many of them."""
    return f"{counted(number, 'item', 'items')} {what}"
