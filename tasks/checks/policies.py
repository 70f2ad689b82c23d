"""What a resource's own policy (of a bucket, a key, a domain) says to somebody. Pure.

Conditions that need to be known of a request and are not make the answer `unsure`: nothing is guessed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from domains.account import Decision
from domains.replies import Json, child, children, is_object

Said = Literal["allowed", "delegated", "denied", "unsure", "nothing"]
_EQUAL = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"}
_UNEQUAL = {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike"}


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        principal: ARN of the user or role that asks.
        action, resource: for example `s3:GetObject`, and an ARN.
        context: condition keys, each with its value.
    """

    principal: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    @property
    def account(self) -> str:
        """The principal's account."""
        return self.principal.split(":")[4]

    def known(self, key: str) -> str | None:
        """The value of a condition key; None when it is not known."""
        own = {"aws:principalarn": self.principal, "aws:principalaccount": self.account}
        told = {name.lower(): value for name, value in self.context}
        return (own | {"aws:securetransport": "true"} | told).get(key.lower())


def statements_of(document: str) -> tuple[Json, ...]:
    """The statements of a policy document; none where there is no document."""
    if not document:
        return ()
    loaded: object = json.loads(document)
    if not is_object(loaded):
        return ()
    alone: object = loaded.get("Statement")
    return (alone,) if is_object(alone) else tuple(children(loaded, "Statement"))


def said(statements: Iterable[Json], request: Request) -> Said:
    """What the policy says to the request: a Deny before all, what is not understood before an Allow.

    `delegated`: it is left to the policies of the principal's account.
    """
    found = {_said(statement, request) for statement in statements}
    for each, means in _ORDER:
        if each in found:
            return means
    return "nothing"


def together(own: Decision, resource: Said, *, same_account: bool) -> Decision:
    """What identity and resource say together.

    Args:
        own: what the principal's own policies say.
        resource: what the resource's policy says.
        same_account: whether both are of one account, where either is enough.
    """
    if "explicitDeny" in (own, _DECISION[resource]):
        return "explicitDeny"
    if resource == "unsure" and own != "implicitDeny":
        return "unsure"
    if same_account:
        found = (own, _DECISION[resource])
        return "allowed" if "allowed" in found else "unsure" if "unsure" in found else "implicitDeny"
    return _both(own, resource)


def by_key(own: Decision, key: Said, *, same_account: bool = True) -> Decision:
    """The same for a KMS key: own policies count only where the key's policy leaves it to the account."""
    if not same_account:
        return _both(own, key)
    if key in ("allowed", "unsure") and own == "implicitDeny":
        return _DECISION[key]  # the key's policy may name the principal itself
    if key == "allowed" and own != "explicitDeny":
        return "allowed"
    return _both(own, key)


def _both(own: Decision, resource: Said) -> Decision:
    if "explicitDeny" in (own, _DECISION[resource]):
        return "explicitDeny"
    if resource == "nothing" or own == "implicitDeny":
        return "implicitDeny"
    return "unsure" if "unsure" in (own, resource) else "allowed"


_DECISION: Mapping[Said, Decision] = {
    "allowed": "allowed",
    "denied": "explicitDeny",
    "unsure": "unsure",
    "delegated": "implicitDeny",
    "nothing": "implicitDeny",
}


_ORDER: tuple[tuple[str, Said], ...] = (
    ("denied", "denied"), ("unsure deny", "unsure"), ("allowed", "allowed"), ("unsure allow", "unsure"),
    ("delegated", "delegated"),
)  # fmt: skip


def _said(statement: Json, request: Request) -> str:
    denies = statement.get("Effect") == "Deny"
    who = _names(statement, request, denies=denies)
    if not who or not _about(statement, request):
        return "nothing"
    held = _hold(child(statement, "Condition"), request)
    if held is None:
        return "unsure deny" if denies else "unsure allow"
    if not held:
        return "nothing"
    return "denied" if denies else who


def _names(statement: Json, request: Request, *, denies: bool) -> str:
    """`allowed` when the principal is named, `delegated` when its account is, empty when neither."""
    if "NotPrincipal" in statement:
        return "" if _named(statement["NotPrincipal"], request) else "allowed"
    found = _named(statement.get("Principal"), request)
    return "allowed" if found == "delegated" and denies else found


def _named(principal: object, request: Request) -> str:
    if principal == "*":
        return "allowed"
    named = set(texts(principal.get("AWS"))) if is_object(principal) else set[str]()
    if named & {"*", request.principal}:
        return "allowed"
    root = f"arn:{request.principal.split(':')[1]}:iam::{request.account}:root"
    return "delegated" if named & {request.account, root} else ""


def _about(statement: Json, request: Request) -> bool:
    return _one_of(statement, "Action", request.action.lower()) and _one_of(
        statement, "Resource", request.resource
    )


def _one_of(statement: Json, element: str, value: str) -> bool:
    lower = element == "Action"
    for key, wanted in ((element, True), (f"Not{element}", False)):
        if key in statement:
            patterns = [each.lower() if lower else each for each in texts(statement[key])]
            return any(fits(value, pattern) for pattern in patterns) is wanted
    return False


def _hold(conditions: Json, request: Request) -> bool | None:
    """Whether all conditions hold; None when one is not understood or its key not known, and none fails."""
    answers = [
        _holds(operator, request.known(str(key)), list(texts(wanted)))
        for operator, keys in conditions.items()
        for key, wanted in (keys.items() if is_object(keys) else ())
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _holds(operator: str, value: str | None, patterns: Sequence[str]) -> bool | None:
    plain = operator.removesuffix("IfExists")
    if value is None or plain not in _EQUAL | _UNEQUAL:
        return None
    folded = "IgnoreCase" in plain or plain == "Bool"
    have = value.lower() if folded else value
    found = any(fits(have, pattern.lower() if folded else pattern) for pattern in patterns)
    return found is (plain in _EQUAL)


def fits(value: str, pattern: str) -> bool:
    """Whether the value fits a pattern with `*` and `?`."""
    return (
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL)
        is not None
    )


def texts(value: object) -> Iterator[str]:
    """One text, or each of a list: policies write a list of one as the one."""
    if isinstance(value, str | bool | int):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif isinstance(value, list):
        yield from (str(each) for each in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
