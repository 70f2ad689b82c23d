"""Evaluate IAM policies as AWS documents it: pure functions of policy documents and one request.

Not supported: policy variables such as `${aws:username}`, permissions boundaries, session policies, and
policies of organizations.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from lab.account import conditions
from lab.account.wildcards import matches

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
ANYBODY = "*"


@dataclass(frozen=True)
class Policy:
    """A parsed policy document: its statements as AWS writes them."""

    statements: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Principal:
    """The caller under all names that a policy can use: `aws` are ARNs (a role session has two, its own and
    its role's), `account` their account, `service` a service's name."""

    aws: tuple[str, ...] = ()
    account: str = ""
    service: str = ""


@dataclass(frozen=True)
class Request:
    """A request to authorize: an action ("es:ESHttpPut") on a resource (an ARN), with the condition keys that
    AWS would know."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@lru_cache(maxsize=512)
def parse(document: str) -> Policy:
    """Parse a JSON document. A document that is not a policy has no statements."""
    try:
        raw: Any = json.loads(document)
    except ValueError:
        return Policy(())
    found = listed(raw.get("Statement")) if isinstance(raw, dict) else []
    return Policy(tuple(each for each in found if isinstance(each, dict)))


def by_identity(policies: Iterable[Policy], request: Request) -> Decision:
    """Decide by all of an identity's own policies."""
    statements = [each for policy in policies for each in policy.statements if not _names_somebody(each)]
    return _decision(each for each in statements if _about(each, request))


def by_resource(
    policies: Iterable[Policy], request: Request, principal: Principal, *, delegating: bool = False
) -> Decision:
    """Decide by a resource's policies (a trust policy is one).

    An Allow for the whole account delegates the decision to the account's own policies: it allows nobody by
    itself, and only counts with `delegating`.
    """
    statements = [each for policy in policies for each in policy.statements]
    mine = [each for each in statements if _is_for(each, principal, delegating)]
    return _decision(each for each in mine if _about(each, request))


def in_one_account(identity: Decision, resource: Decision) -> Decision:
    """Combine both decisions within one account: either may allow, any Deny wins."""
    return _strongest((identity, resource))


def across_accounts(identity: Decision, resource: Decision) -> Decision:
    """Combine both decisions across accounts, or where the resource delegates to the account: both must
    allow."""
    both = identity == resource == "allowed"
    return "allowed" if both else _strongest(each for each in (identity, resource) if each != "allowed")


def missing_keys(policies: Iterable[Policy], request: Request) -> set[str]:
    """List the condition keys that statements about this action and resource need and the request lacks."""
    known = {name.lower() for name in request.context}
    statements = [each for policy in policies for each in policy.statements if _names(each, request)]
    asked = {key for each in statements for key in conditions.asked_keys(each.get("Condition"))}
    return {key for key in asked if key.lower() not in known}


def listed(value: Any) -> list[Any]:
    """Return the value as a list; AWS writes a list of one element as the element."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _strongest(decisions: Iterable[Decision]) -> Decision:
    found = set(decisions)
    if "explicitDeny" in found:
        return "explicitDeny"
    return "allowed" if "allowed" in found else "implicitDeny"


def _decision(statements: Iterable[dict[str, Any]]) -> Decision:
    effects: dict[Any, Decision] = {"Allow": "allowed", "Deny": "explicitDeny"}
    return _strongest(effects.get(each.get("Effect"), "implicitDeny") for each in statements)


def _about(statement: dict[str, Any], request: Request) -> bool:
    return _names(statement, request) and _conditions_hold(statement, request)


def _names(statement: dict[str, Any], request: Request) -> bool:
    """Whether the statement covers action and resource, regardless of its conditions."""
    action = _one_of(statement, "Action", request.action.lower(), lower=True)
    return action and _one_of(statement, "Resource", request.resource)


def _one_of(statement: dict[str, Any], element: str, value: str, *, lower: bool = False) -> bool:
    """Whether the element ("Action") covers the value, or its opposite ("NotAction") does not exclude it.

    Without either, nothing is covered, except in a trust policy, which has no Resource.
    """
    if f"Not{element}" in statement:
        return not _any_matches(statement[f"Not{element}"], value, lower)
    if element in statement:
        return _any_matches(statement[element], value, lower)
    return element == "Resource" and _names_somebody(statement)


def _any_matches(patterns: Any, value: str, lower: bool) -> bool:
    texts = [str(each).lower() if lower else str(each) for each in listed(patterns)]
    return any(matches(value, each) for each in texts)


def _conditions_hold(statement: dict[str, Any], request: Request) -> bool:
    """Whether the conditions hold. One that is not understood counts against the caller: Deny, but no
    Allow."""
    held = conditions.hold(statement.get("Condition") or {}, request.context)
    return statement.get("Effect") == "Deny" if held is None else held


def _names_somebody(statement: dict[str, Any]) -> bool:
    return "Principal" in statement or "NotPrincipal" in statement


def _is_for(statement: dict[str, Any], principal: Principal, delegating: bool) -> bool:
    if "NotPrincipal" in statement:
        return not _is_named(statement["NotPrincipal"], principal, by_account=True)
    by_account = delegating or statement.get("Effect") == "Deny"
    return _is_named(statement.get("Principal"), principal, by_account=by_account)


def _is_named(named: Any, principal: Principal, by_account: bool) -> bool:
    if not isinstance(named, dict):
        return named == ANYBODY
    services, identities = listed(named.get("Service")), listed(named.get("AWS"))
    if ANYBODY in identities:
        return True
    accounts = (principal.account, f"arn:aws:iam::{principal.account}:root") if principal.account else ()
    return (
        (bool(principal.service) and principal.service in services)
        or any(each in identities for each in principal.aws)
        or (by_account and any(each in identities for each in accounts))
    )
