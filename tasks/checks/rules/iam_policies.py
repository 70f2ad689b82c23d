"""What a resource's own policy (of a bucket, a key, a domain) says to somebody. Pure.

Conditions that need to be known of a request and are not make an answer `maybe`: nothing is guessed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from domains.aws.iam import Decision
from domains.errors import AwsError
from domains.http.documented import STUMBLING, undocumented
from domains.http.json_replies import Json, child, children, is_object
from tasks.checks.rules.iam_conditions import acts, among, hold, texts

Sure = Literal["no", "maybe", "yes"]

_SEE_POLICY = "read the policy in IAM: it should be one JSON object"


@dataclass(frozen=True)
class Said:
    """What a policy says to a request.

    Args:
        allow: whether it lets the principal by itself.
        delegated: whether it leaves that to the policies of the principal's account.
        deny: whether it forbids it, whatever else is said.
    """

    allow: Sure = "no"
    delegated: Sure = "no"
    deny: Sure = "no"


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        principal: ARN of the user or role that asks.
        action, resource: for example `s3:GetObject`, and an ARN.
        context: condition keys, each with its value.
        session: ARN of the session that asks in the role's name, which a policy may name as well.
    """

    principal: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    session: str = ""

    @property
    def account(self) -> str:
        """The principal's account."""
        return self.principal.split(":")[4]

    @property
    def names(self) -> set[str]:
        """What a policy may call the principal."""
        return {self.principal, self.session or self.principal}

    def known(self, key: str) -> str | None:
        """The value of a condition key; None when it is not known."""
        own = {"aws:principalarn": self.principal, "aws:principalaccount": self.account}
        told = {name.lower(): value for name, value in self.context}
        return (own | {"aws:securetransport": "true"} | told).get(key.lower())


def statements_of(document: str) -> tuple[Json, ...]:
    """The statements of a policy document; none where there is no document.

    Raises:
        AwsError: it is no policy document.
    """
    if not document:
        return ()
    try:
        loaded: object = json.loads(document)
    except STUMBLING as error:
        raise AwsError(f"a policy document: {undocumented(error)}", _SEE_POLICY) from error
    if not is_object(loaded):
        raise AwsError("a policy document: it is no JSON object", _SEE_POLICY)
    alone: object = loaded.get("Statement")
    return (alone,) if is_object(alone) else tuple(children(loaded, "Statement"))


def said(statements: Iterable[Json], request: Request) -> Said:
    """What the policy says to the request."""
    allow: Sure = "no"
    delegated: Sure = "no"
    deny: Sure = "no"
    for statement in statements:
        sure = _applies(statement, request)
        who = _names(statement, request) if sure != "no" else ""
        if who and statement.get("Effect") == "Deny":
            deny = _surer(deny, sure)
        elif who == "named":
            allow = _surer(allow, sure)
        elif who == "account":
            delegated = _surer(delegated, sure)
    return Said(allow, delegated, deny)


_SURER: tuple[Sure, ...] = ("no", "maybe", "yes")


def _surer(one: Sure, other: Sure) -> Sure:
    return _SURER[max(_SURER.index(one), _SURER.index(other))]


def together(own: Decision, resource: Said, *, same_account: bool) -> Decision:
    """What identity and resource say together.

    Args:
        own: what the principal's own policies say; an unsure one may deny.
        resource: what the resource's policy says.
        same_account: whether both are of one account, where either is enough.
    """
    if not same_account:
        return _both(own, resource)
    certain = own == "allowed" or resource.allow == "yes"
    possible = own == "unsure" or resource.allow == "maybe"
    return _unless_denied(own, resource, certain=certain, possible=possible)


def by_key(own: Decision, key: Said, *, same_account: bool = True) -> Decision:
    """The same for a KMS key: own policies count only where the key's policy leaves it to the account."""
    if not same_account:
        return _both(own, key)
    certain = key.allow == "yes" or (own == "allowed" and key.delegated == "yes")
    possible = key.allow == "maybe" or (own != "implicitDeny" and key.delegated != "no")
    return _unless_denied(own, key, certain=certain, possible=possible)


def _both(own: Decision, resource: Said) -> Decision:
    let = _surer(resource.allow, resource.delegated)
    possible = own != "implicitDeny" and let != "no"
    certain = own == "allowed" and let == "yes"
    return _unless_denied(own, resource, certain=certain, possible=possible)


def _unless_denied(own: Decision, resource: Said, *, certain: bool, possible: bool) -> Decision:
    """What is allowed for certain, or possibly, unless a Deny says otherwise."""
    if own == "explicitDeny" or resource.deny == "yes":
        return "explicitDeny"
    if not (certain or possible):
        return "implicitDeny"
    return "allowed" if certain and own != "unsure" and resource.deny == "no" else "unsure"


def _applies(statement: Json, request: Request) -> Sure:
    """Whether a statement is about the request, and its conditions hold."""
    if not acts(statement, request.action):
        return "no"
    answers = (_about(statement, request.resource), hold(child(statement, "Condition"), request.known))
    return "no" if False in answers else "maybe" if None in answers else "yes"


def _about(statement: Json, resource: str) -> bool | None:
    if "Resource" in statement:
        return among(resource, list(texts(statement["Resource"])))
    if "NotResource" in statement:
        found = among(resource, list(texts(statement["NotResource"])))
        return None if found is None else not found
    return False


def _names(statement: Json, request: Request) -> str:
    """`named` when the principal is, `account` when its account is, empty when neither."""
    if "NotPrincipal" in statement:
        return "" if _named(statement["NotPrincipal"], request) else "named"
    return _named(statement.get("Principal"), request)


def _named(principal: object, request: Request) -> str:
    if principal == "*":
        return "named"
    named = set(texts(principal.get("AWS"))) if is_object(principal) else set[str]()
    if named & {"*", *request.names}:
        return "named"
    root = f"arn:{request.principal.split(':')[1]}:iam::{request.account}:root"
    return "account" if named & {request.account, root} else ""
