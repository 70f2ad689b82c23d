"""Trust policies: which statements let the service in, and whether their conditions fit a domain. Pure."""

from collections.abc import Iterable, Sequence

from domains.replies import Json, child, is_object
from tasks.checks.policies import fits, texts

_SERVICES = {"opensearchservice.amazonaws.com", "es.amazonaws.com"}
_EXACT = {"StringEquals", "StringEqualsIgnoreCase", "ArnEquals", "StringLike", "ArnLike"}


def service_statements(trust: Sequence[Json]) -> tuple[Json, ...]:
    """Statements of a trust policy that allow the service to assume the role."""
    return tuple(statement for statement in trust if _lets_in(statement))


def _lets_in(statement: Json) -> bool:
    principal: object = statement.get("Principal")
    services = set(texts(principal.get("Service"))) if is_object(principal) else set[str]()
    actions = set(texts(statement.get("Action")))
    named = bool(services & _SERVICES) or principal == "*"
    may = bool(actions & {"sts:AssumeRole", "sts:*", "*"})
    return statement.get("Effect") == "Allow" and named and may


def domains_not_let_in(statements: Iterable[Json], arn: str) -> str:
    """Why none of the statements fits this domain; empty when one does, `?` first when it cannot be told."""
    reasons = [_reason(statement, arn) for statement in statements]
    if "" in reasons:
        return ""
    return next((reason for reason in reasons if reason.startswith("?")), reasons[0])


def _reason(statement: Json, arn: str) -> str:
    has = {"aws:sourcearn": arn, "aws:sourceaccount": arn.split(":")[4]}
    conditions = child(statement, "Condition")
    for operator, keys in conditions.items():
        plain = operator.removesuffix("IfExists")
        for key, wanted in keys.items() if is_object(keys) else ():
            value = has.get(str(key).lower())
            if value is None or plain not in _EXACT:
                return f"?its condition {operator} on {key} is not understood"
            patterns = list(texts(wanted))
            if not any(fits(value, pattern) for pattern in patterns):
                return f"{key} is limited to {', '.join(patterns)}"
    return ""
