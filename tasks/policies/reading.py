"""Read what a domain has of a policy, and what applying or removing it would change."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from domains.domain import Domain
from domains.engine import repositories
from domains.engine.policies import index_state_management, snapshot_management
from domains.engine.policies.stored import StoredPolicy
from domains.http.json_replies import Json, child
from domains.http.requests import Request
from domains.versions import Version
from tasks.policies import comparison, documents
from tasks.policies.findings import notes_of, problems_of
from tasks.records.policies import (
    Finding,
    PolicyDifference,
    PolicyNote,
    PolicyPreview,
    PolicyProblem,
    PolicyRequest,
    PolicyState,
    WantedPolicy,
    Way,
)
from tasks.repository.bodies import is_readonly
from tasks.selection.select import matches
from tasks.selection.system_indices import system_indices_of

_LONGEST = 200


@dataclass(frozen=True)
class Place:
    """A domain and its version, with the consents for one policy.

    Args:
        consented: names of policies that may be replaced or deleted although somebody else made them.
    """

    domain: Domain
    version: Version
    consented: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What is on the domain.

    Args:
        policies: every policy of the plugin; None without the plugin.
        stored: the policy of the wanted name.
        registration: of the repository.
        attach, update: indices to put under the policy, and those that have an earlier version of it.
        of_others: indices that another policy manages.
    """

    policies: tuple[StoredPolicy, ...] | None
    stored: StoredPolicy | None
    registration: Json | None
    attach: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    of_others: tuple[str, ...] = ()


def preview(place: Place, wanted: WantedPolicy) -> PolicyPreview:
    """What `apply` would do. Reads only.

    Raises:
        SnapferryError: the domain could not be read.
    """
    found = find(place, wanted)
    return preview_of(place, wanted, found)


def removal(place: Place, wanted: WantedPolicy) -> PolicyPreview:
    """What `remove` would do. Reads only.

    Raises:
        SnapferryError: the domain could not be read.
    """
    stored = stored_as(listed(place, wanted), wanted.name)
    state = PolicyState.DIFFERENT if stored else PolicyState.ABSENT
    under = under_policy(place, wanted) if wanted.way is Way.INDEX_STATE_MANAGEMENT else ()
    requests = (*_removals(place, wanted, stored, under),)
    return PolicyPreview(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        endpoint=place.domain.endpoint,
        requests=tuple(map(_shown, requests)),
        state=state,
        update=under,
        problems=tuple(not_ours(place, wanted, stored)),
    )


def find(place: Place, wanted: WantedPolicy) -> Found:
    """Read what the domain has: policies, registration and, for state management, the indices.

    Raises:
        SnapferryError: the domain could not be read.
    """
    policies = listed(place, wanted)
    registration = repositories.registration(place.domain, wanted.repository)
    stored = stored_as(policies, wanted.name)
    found = Found(policies, stored, registration)
    if policies is None or wanted.way is not Way.INDEX_STATE_MANAGEMENT:
        return found
    state, _ = state_of(wanted, stored)
    managed = _managed(place, wanted)
    return replace(
        found,
        attach=tuple(name for name, policy in managed.items() if policy is None),
        update=tuple(
            name
            for name, policy in managed.items()
            if policy == wanted.name and state is PolicyState.DIFFERENT
        ),
        of_others=tuple(name for name, policy in managed.items() if policy not in {None, wanted.name}),
    )


def listed(place: Place, wanted: WantedPolicy) -> tuple[StoredPolicy, ...] | None:
    """Every policy of the plugin; None without the plugin."""
    if wanted.way is Way.SNAPSHOT_MANAGEMENT:
        if place.version.engine != "opensearch":
            return None
        return snapshot_management.snapshot_policies(place.domain)
    return index_state_management.state_policies(place.domain, place.version)


def _managed(place: Place, wanted: WantedPolicy) -> dict[str, str | None]:
    """The users' indices that the policy is for, each with its policy."""
    found = index_state_management.policies_of_indices(place.domain, place.version, wanted.indices)
    return {
        name: policy
        for name, policy in sorted(found.items())
        if system_indices_of(name) is None and not matches(name, wanted.exclude)
    }


def under_policy(place: Place, wanted: WantedPolicy) -> tuple[str, ...]:
    """Every index that the policy of this name manages."""
    found = index_state_management.policies_of_indices(place.domain, place.version, ("*",))
    return tuple(sorted(name for name, policy in found.items() if policy == wanted.name))


def preview_of(place: Place, wanted: WantedPolicy, found: Found) -> PolicyPreview:
    """What applying the policy would do to a domain that was read."""
    state, differences = state_of(wanted, found.stored)
    requests = [] if state is PolicyState.SAME else [put_request(place, wanted, found.stored)]
    requests += index_requests(place, wanted, found)
    return PolicyPreview(
        way=wanted.way,
        name=wanted.name,
        side=wanted.side,
        endpoint=place.domain.endpoint,
        document=body_of(wanted),
        requests=tuple(map(_shown, requests)),
        state=state,
        differences=differences,
        attach=found.attach,
        update=found.update,
        problems=tuple(_problems(place, wanted, found)),
        notes=(*notes_of(wanted, place.domain.signed, place.version), *_notes(found)),
    )


def _notes(found: Found) -> Iterator[Finding]:
    if found.of_others:
        yield Finding(kind=PolicyNote.OTHERS_INDICES, names=found.of_others)
    if found.stored and found.stored.body.get("enabled") is False:
        yield Finding(kind=PolicyNote.PAUSED, names=(found.stored.name,))


def _problems(place: Place, wanted: WantedPolicy, found: Found) -> Iterator[Finding]:
    if found.policies is None:
        yield Finding(kind=PolicyProblem.NO_PLUGIN, names=(str(place.version),))
        return
    if found.registration is None:
        yield Finding(kind=PolicyProblem.NO_REPOSITORY, names=(wanted.repository,))
    elif is_readonly(found.registration):
        yield Finding(kind=PolicyProblem.READONLY, names=(wanted.repository,))
    yield from not_ours(place, wanted, found.stored)
    others = _same_repository(wanted, found.policies)
    if others and place.domain.signed:
        yield Finding(kind=PolicyProblem.REPOSITORY_TAKEN, names=others, detail=wanted.repository)
    yield from _same_priority(wanted, found.policies)
    yield from problems_of(wanted)


def not_ours(place: Place, wanted: WantedPolicy, stored: StoredPolicy | None) -> Iterator[Finding]:
    """A problem if somebody else made the policy of this name, unless that was consented to."""
    if stored is None or wanted.name in place.consented:
        return
    description = stored.body.get("description")
    if description != documents.description_of(wanted.plan):
        yield Finding(
            kind=PolicyProblem.NOT_OURS, names=(stored.name,), detail=str(description or "")[:_LONGEST]
        )


def _same_repository(wanted: WantedPolicy, policies: Iterable[StoredPolicy]) -> tuple[str, ...]:
    if wanted.way is not Way.SNAPSHOT_MANAGEMENT:
        return ()
    return tuple(
        each.name
        for each in policies
        if each.name != wanted.name
        and child(each.body, "snapshot_config").get("repository") == wanted.repository
    )


def _same_priority(wanted: WantedPolicy, policies: Iterable[StoredPolicy]) -> Iterator[Finding]:
    """Policies whose template has the same priority and one of the same patterns; the engine refuses more."""
    if wanted.way is not Way.INDEX_STATE_MANAGEMENT:
        return
    for policy in policies:
        for template in comparison.templates_of(policy.body):
            shared = _shared(template, wanted)
            if policy.name != wanted.name and shared and template.get("priority") == wanted.priority:
                detail = str(wanted.priority)
                yield Finding(kind=PolicyProblem.PRIORITY_TAKEN, names=(policy.name, *shared), detail=detail)


def _shared(template: Json, wanted: WantedPolicy) -> tuple[str, ...]:
    patterns: object = template.get("index_patterns")
    there = cast(list[object], patterns) if isinstance(patterns, list) else []
    return tuple(each for each in wanted.indices if each in there)


def state_of(
    wanted: WantedPolicy, stored: StoredPolicy | None
) -> tuple[PolicyState, tuple[PolicyDifference, ...]]:
    """How the stored policy compares with the wanted one."""
    if stored is None:
        return PolicyState.ABSENT, ()
    if wanted.way is Way.SNAPSHOT_MANAGEMENT:
        differences = comparison.of_snapshot_policy(stored.body, body_of(wanted))
    else:
        differences = comparison.of_state_policy(stored.body, body_of(wanted)["policy"])
    return (PolicyState.DIFFERENT if differences else PolicyState.SAME), differences


def stored_as(policies: tuple[StoredPolicy, ...] | None, name: str) -> StoredPolicy | None:
    """The policy of this name."""
    return next((each for each in policies or () if each.name == name), None)


def body_of(wanted: WantedPolicy) -> Json:
    """The document that the plugin gets."""
    is_managed = wanted.way is Way.SNAPSHOT_MANAGEMENT
    return documents.snapshot_policy(wanted) if is_managed else documents.state_policy(wanted)


def put_request(place: Place, wanted: WantedPolicy, before: StoredPolicy | None) -> Request:
    """The request that creates the policy, or changes the one that was read."""
    guard = before.guard if before else {}
    if wanted.way is Way.SNAPSHOT_MANAGEMENT:
        return snapshot_management.put_snapshot_policy(wanted.name, body_of(wanted), guard)
    return index_state_management.put_state_policy(
        place.version, wanted.name, body_of(wanted)["policy"], guard
    )


def delete_request(place: Place, wanted: WantedPolicy) -> Request:
    """The request that deletes the policy."""
    if wanted.way is Way.SNAPSHOT_MANAGEMENT:
        return snapshot_management.delete_snapshot_policy(wanted.name)
    return index_state_management.delete_state_policy(place.version, wanted.name)


def _removals(
    place: Place, wanted: WantedPolicy, stored: StoredPolicy | None, under: tuple[str, ...]
) -> Iterator[Request]:
    yield from index_state_management.detach_requests(place.version, under)
    if stored is not None:
        yield delete_request(place, wanted)


def index_requests(place: Place, wanted: WantedPolicy, found: Found) -> list[Request]:
    """The requests that put indices under the policy, and give its latest version to those that have it."""
    return [
        *index_state_management.attach_requests(place.version, found.attach, wanted.name),
        *index_state_management.change_requests(place.version, found.update, wanted.name),
    ]


def _shown(request: Request) -> PolicyRequest:
    query = dict(request.query)
    return PolicyRequest(method=request.method, path=request.path, query=query, body=request.body)
