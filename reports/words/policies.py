"""Policies that take snapshots, in sentences: problems, notes, what was done."""

from collections.abc import Callable

from configs.values.listing import counted, listed
from tasks.records.policies import (
    Finding,
    PolicyChange,
    PolicyNote,
    PolicyOutcome,
    PolicyPreview,
    PolicyProblem,
    PolicyState,
    Way,
)

_SHOWN = 8
WAYS = {
    Way.SNAPSHOT_MANAGEMENT: "Snapshot Management",
    Way.INDEX_STATE_MANAGEMENT: "Index State Management",
    Way.CURATOR: "Curator",
    Way.PREFECT: "Prefect",
}
_Words = Callable[[Finding], str]
_PROBLEMS: dict[PolicyProblem, _Words] = {
    PolicyProblem.NO_PLUGIN: lambda found: (
        f"this domain ({_first(found)}) does not offer it: Snapshot Management takes OpenSearch 2.5 on the "
        "service; use --by index-state-management, or --by curator"
    ),
    PolicyProblem.NO_REPOSITORY: lambda found: (
        f"the repository {_first(found)} is not registered there: register it, for example with a first "
        "`snapferry seed PLAN --execute`, or as docs/policies.md says"
    ),
    PolicyProblem.READONLY: lambda found: (
        f"the repository {_first(found)} is registered readonly there, so no snapshot can be written to it: "
        "choose the other side with --side"
    ),
    PolicyProblem.NOT_OURS: lambda found: (
        f"{_first(found)} was not made by snapferry for this plan ({found.detail or 'no description'}): "
        "choose another name with --name, or give the consent --allow-replace or --allow-delete with its name"
    ),
    PolicyProblem.REPOSITORY_TAKEN: lambda found: (
        f"the policy {listed(found.names, _SHOWN)} already writes to the repository {found.detail}, and the "
        "service has one policy for a repository: change that one with --name, or delete it first"
    ),
    PolicyProblem.TOO_MANY_KEPT: lambda found: (
        f"the service's policies keep at most {found.detail} snapshots: give --keep at most {found.detail}"
    ),
    PolicyProblem.TOO_WIDE: lambda found: (
        f"{listed(found.names, _SHOWN)} would also put the indices of plugins and Dashboards under the "
        "policy: name the indices with --indices, such as 'orders-*'"
    ),
    PolicyProblem.PRIORITY_TAKEN: lambda found: (
        f"the policy {_first(found)} has a template of the same priority ({found.detail}) for "
        f"{listed(found.names[1:], _SHOWN)}: choose another with --priority"
    ),
}
_NOTES: dict[PolicyNote, _Words] = {
    PolicyNote.NOTHING_DELETED: lambda _: "No snapshot is ever deleted by this policy.",
    PolicyNote.SERVICE_RULES: lambda found: (
        f"The service allows one policy for a repository and {found.detail} snapshots, and takes none while "
        "the domain is red or short of memory. On a domain upgraded from before 2.5, the caller may have to "
        "be mapped to snapshot_management_full_access."
    ),
    PolicyNote.WARM: lambda _: (
        "A snapshot fails if its patterns cover hot and UltraWarm indices: name hot ones only."
    ),
    PolicyNote.NOT_EXCLUDED: lambda found: (
        f"New indices that match {listed(found.names, _SHOWN)} get the policy as well: templates of policies "
        "cannot leave any out."
    ),
    PolicyNote.OTHERS_INDICES: lambda found: (
        "Under another policy, and left there: "
        f"{counted(len(found.names), 'index', 'indices')} ({listed(found.names, _SHOWN)})."
    ),
    PolicyNote.ONE_EACH: lambda _: (
        "Index State Management takes a snapshot of each index by itself, and only starts it: whether it "
        "succeeded is seen in the repository."
    ),
    PolicyNote.OLD_PREFIX: lambda _: "On Elasticsearch, _opendistro stands in place of _plugins.",
    PolicyNote.CURATOR_VERSIONS: lambda _: (
        "For Curator 5.8 (elasticsearch-curator==5.8.4), which talks to Elasticsearch 7 and to OpenSearch in "
        "compatibility mode only; it uses the AWS credentials of its own environment."
    ),
    PolicyNote.CRONTAB: lambda found: f"The line for the crontab: {found.detail}",
    PolicyNote.PASSWORD_FROM_ENVIRONMENT: lambda found: (
        f"Curator takes the password from the environment variable {found.detail}."
    ),
    PolicyNote.RUNS_WHERE: lambda _: (
        "A worker runs the rounds in its own environment: its AWS credentials, and the variables that the "
        "plan names. deployments/README.md says how to start one."
    ),
    PolicyNote.PAUSED: lambda found: f"The policy {_first(found)} is stopped; applying starts it again.",
}
_CHANGES = {
    PolicyChange.CREATED: "Created",
    PolicyChange.UPDATED: "Changed",
    PolicyChange.UNCHANGED: "Already as wanted",
    PolicyChange.REMOVED: "Removed",
    PolicyChange.ABSENT: "Not there",
}


def problem(found: Finding) -> str:
    """Why a policy is refused, and what to do."""
    assert isinstance(found.kind, PolicyProblem)
    return _PROBLEMS[found.kind](found)


def note(found: Finding) -> str:
    """What is to be known about a policy."""
    assert isinstance(found.kind, PolicyNote)
    return _NOTES[found.kind](found)


def headline(found: PolicyPreview) -> str:
    """A policy in one line: its name, what runs it, and how it stands."""
    where = f" on the {found.side}" if not found.way.is_file else f" for the {found.side}"
    return f"{found.name}, by {WAYS[found.way]}{where}{_STANDING[found.state]}"


_STANDING = {
    PolicyState.UNREAD: "",
    PolicyState.ABSENT: ": not there yet",
    PolicyState.SAME: ": as wanted",
    PolicyState.DIFFERENT: ": not as wanted",
}


def done(outcome: PolicyOutcome) -> str:
    """What became of a policy, in one line."""
    return f"{_CHANGES[outcome.change]}: {outcome.name}, by {WAYS[outcome.way]}, for the {outcome.side}"


def _first(found: Finding) -> str:
    return found.names[0] if found.names else ""
