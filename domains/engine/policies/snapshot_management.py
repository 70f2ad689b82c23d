"""Snapshot Management: policies that take snapshots on a schedule."""

from collections.abc import Mapping

from domains.domain import Domain
from domains.engine.policies.stored import StoredPolicy, stored_policies
from domains.http.documented import documented
from domains.http.json_replies import Json
from domains.http.requests import Request, path_of

_PATH = ("_plugins", "_sm", "policies")


@documented
def snapshot_policies(domain: Domain) -> tuple[StoredPolicy, ...] | None:
    """Read every policy; None where the domain has no such plugin. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
        DomainError: typed; a caller without the right is Denied.
    """
    return stored_policies(domain, path_of(*_PATH), "sm_policy", "name")


def put_snapshot_policy(name: str, body: Json, guard: Mapping[str, str]) -> Request:
    """The request that creates a policy, or with the guard of the one that was read changes that."""
    return Request("PUT" if guard else "POST", path_of(*_PATH, name), body, guard)


def delete_snapshot_policy(name: str) -> Request:
    """The request that deletes a policy; its snapshots stay."""
    return Request("DELETE", path_of(*_PATH, name))
