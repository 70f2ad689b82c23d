"""Authorization by IAM: whether the caller may send requests to the domain, and pass a role to the
service."""

from __future__ import annotations

from typing import Literal

from lab.account.directory import Caller, account_of
from lab.account.policies import Decision, Request, across_accounts, by_identity, by_resource, in_one_account
from lab.door import denials, repositories
from lab.door.answers import Answer, http_action
from lab.door.exchange import Door, Exchange

SERVICES = ("es.amazonaws.com", "opensearchservice.amazonaws.com")
"""The two names of the service; policies may use either."""


async def refusal(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a request that IAM does not allow the caller; else return None. Needs `exchange.caller`."""
    caller, received = exchange.caller, exchange.received
    if caller is None:
        return None
    refused = request_refused(caller, received.method, received.path, door)
    if refused is not None:
        return refused
    asked = repositories.registration(received)
    role_arn = asked.role_arn if asked else None
    return pass_role_refused(caller, role_arn, door) if role_arn else None


def request_refused(caller: Caller, method: str, path: str, door: Door) -> Answer | None:
    """Refuse a request to the domain by the caller's policies and the domain's access policy."""
    request = Request(http_action(method), door.arn + path, _about(caller))
    own = by_identity(door.directory.policies(caller.identity), request)
    access_policy = door.directory.access_policy(door.settings)
    foreign = caller.account != door.account
    domains = by_resource((access_policy,), request, caller.principal, delegating=foreign)
    combine = across_accounts if foreign else in_one_account
    if combine(own, domains) == "allowed":
        return None
    return denials.request_refused(caller.arn, method, _denied_by(own, domains))


def pass_role_refused(caller: Caller, role_arn: str, door: Door) -> Answer | None:
    """Refuse a registration with this role by the caller's policies; a role is passed within its account
    only."""
    if account_of(role_arn) != caller.account:
        return denials.foreign_role()
    policies = door.directory.policies(caller.identity)
    decisions: set[Decision] = set()
    for service in SERVICES:
        about = _about(caller) | {"iam:PassedToService": (service,)}
        decisions.add(by_identity(policies, Request("iam:PassRole", role_arn, about)))
    if "allowed" in decisions:
        return None
    return denials.pass_role(caller.arn, role_arn, "explicitDeny" in decisions)


def _about(caller: Caller) -> dict[str, tuple[str, ...]]:
    """The condition keys that every request has."""
    return {
        "aws:PrincipalArn": (caller.identity,),
        "aws:PrincipalAccount": (caller.account,),
        "aws:SourceIp": ("127.0.0.1",),
    }


def _denied_by(identity: Decision, resource: Decision) -> Literal["identity", "resource"] | None:
    if identity == "explicitDeny":
        return "identity"
    return "resource" if resource == "explicitDeny" else None
