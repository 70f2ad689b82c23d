"""Policies of the service's plugins as definitions by name, each with the guard of its update."""

from collections.abc import Iterable

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.policies.index_state_management import state_policies
from domains.engine.policies.snapshot_management import snapshot_policies
from domains.engine.policies.stored import StoredPolicy
from domains.versions import Version


def index_definitions(domain: Domain, version: Version) -> Definitions | None:
    """Read every policy of Index State Management; None where the domain has no such API. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
    """
    return _definitions(state_policies(domain, version))


def snapshot_definitions(domain: Domain) -> Definitions | None:
    """Read every policy of Snapshot Management; None where the domain has no such API. Reads only.

    Raises:
        UnexpectedReply: the reply lists fewer than it counts.
    """
    return _definitions(snapshot_policies(domain))


def _definitions(policies: Iterable[StoredPolicy] | None) -> Definitions | None:
    if policies is None:
        return None
    return {policy.name: Definition(policy.body, guard=policy.guard) for policy in policies}
