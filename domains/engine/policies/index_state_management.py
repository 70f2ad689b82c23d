"""Index State Management: policies, and which index is managed by which."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.engine.offered import if_offered, plugin_path, read_page
from domains.engine.policies.stored import AT_MOST, StoredPolicy, is_without_policies, stored_policies
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import (
    Json,
    child,
    children,
    is_object,
    required_object,
    text,
    text_or_none,
    whole,
)
from domains.http.requests import Request, path_of
from domains.versions import Version

_TOTAL = "total_managed_indices"
_SETTINGS = (
    "index.plugins.index_state_management.policy_id",
    "index.opendistro.index_state_management.policy_id",
)


@dataclass(frozen=True)
class ManagedIndex:
    """An index under a policy.

    Args:
        state: the state that it is in; empty while the policy has not begun.
    """

    policy: str
    state: str = ""


@dataclass(frozen=True)
class Attached:
    """What came of attaching or detaching indices.

    Args:
        failed: the others, each with the domain's reason.
    """

    updated: int
    failed: tuple[tuple[str, str], ...]


@documented
def state_policies(domain: Domain, version: Version) -> tuple[StoredPolicy, ...] | None:
    """Read every policy; None where the domain has no such plugin. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
        DomainError: typed; a caller without the right is Denied.
    """
    return stored_policies(domain, _path(version, "policies"), "policy", "policy_id")


@documented
def policies_of_indices(domain: Domain, version: Version, patterns: Iterable[str]) -> dict[str, str | None]:
    """Read which policy each open index has, for indices by name or pattern; None is none. Reads only.

    Raises:
        DomainError: typed; a caller without the right is Denied.
    """
    found: dict[str, str | None] = {}
    for piece in path_pieces(patterns):
        path = _path(version, "explain", ",".join(piece))
        found |= {
            name: policy
            for name, policy in domain.connection.read_entries(path, _policy_or_none).items()
            if name != _TOTAL
        }
    return found


@documented
def managed_indices(domain: Domain, version: Version) -> dict[str, ManagedIndex] | None:
    """Read the indices that policies manage; None where the domain has no such API. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
        DomainError: typed; a caller without `cluster:admin/opendistro/ism/managedindex/explain` is Denied.
    """
    return if_offered(lambda: _managed(domain, version))


def _managed(domain: Domain, version: Version) -> dict[str, ManagedIndex]:
    try:
        reply = read_page(domain, _path(version, "explain"), size=str(AT_MOST))
    except Refused as error:
        if is_without_policies(error):
            return {}
        raise
    found = {name: child(reply, name) for name in reply}
    policies = {name: _policy_of(entry) for name, entry in found.items()}
    managed = {
        name: ManagedIndex(policy, text_or_none(child(found[name], "state").get("name")) or "")
        for name, policy in policies.items()
        if policy
    }
    there = reply.get(_TOTAL)
    if there is not None and whole(there) > len(managed):
        raise ValueError(f"{_TOTAL} is {there}, and it lists {len(managed)}")
    return managed


def put_state_policy(version: Version, name: str, body: Json, guard: Mapping[str, str]) -> Request:
    """The request that creates a policy, or with the guard of the one that was read changes that."""
    return Request("PUT", _path(version, "policies", name), {"policy": body}, guard)


def delete_state_policy(version: Version, name: str) -> Request:
    """The request that deletes a policy. Indices keep their copy of it."""
    return Request("DELETE", _path(version, "policies", name))


def attach_requests(version: Version, names: Iterable[str], policy: str) -> Iterator[Request]:
    """The requests that put unmanaged indices under the policy, in its first state."""
    return _for_indices(version, "add", names, {"policy_id": policy})


def change_requests(
    version: Version, names: Iterable[str], policy: str, state: str = ""
) -> Iterator[Request]:
    """The requests that give managed indices the latest version of the policy.

    Args:
        state: the state to begin in; empty for the policy's first.
    """
    begins = {"state": state} if state else {}
    return _for_indices(version, "change_policy", names, {"policy_id": policy, **begins})


def detach_requests(version: Version, names: Iterable[str]) -> Iterator[Request]:
    """The requests that take indices from their policy."""
    return _for_indices(version, "remove", names, None)


@documented
def send_for_indices(domain: Domain, request: Request) -> Attached:
    """Send such a request, once.

    Raises:
        DomainError: typed; after a transient error the outcome is unknown.
    """
    reply = required_object(domain.connection.send(request))
    failed = children(reply, "failed_indices")
    rows = tuple((text(row["index_name"]), quoted(text(row["reason"]))) for row in failed)
    return Attached(whole(reply["updated_indices"]), rows)


def _for_indices(version: Version, what: str, names: Iterable[str], body: Json | None) -> Iterator[Request]:
    for piece in path_pieces(names):
        yield Request("POST", _path(version, what, ",".join(piece)), body)


def _path(version: Version, *parts: str) -> str:
    return path_of(*plugin_path(version, "_ism", *parts))


def _policy_or_none(_: str, entry: Any) -> str | None:
    return text_or_none(entry.get("policy_id")) if is_object(entry) else None


def _policy_of(entry: Json) -> str:
    """The policy of an explained index; until it has begun, only the index's setting names it."""
    named = (entry.get(key) for key in ("policy_id", *_SETTINGS))
    return next((text(name) for name in named if name), "")
