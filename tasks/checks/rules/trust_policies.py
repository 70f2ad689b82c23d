"""Trust policies: which statements let the service in, and whether their conditions fit a domain. Pure."""

from collections.abc import Iterable, Sequence

from domains.http.json_replies import Json, child, is_object
from tasks.checks.rules.iam_conditions import acts, each_condition, hold, holds, texts

_SERVICES = {"opensearchservice.amazonaws.com", "es.amazonaws.com"}
_ASSUMING = "sts:AssumeRole"


def service_statements(trust: Sequence[Json]) -> tuple[Json, ...]:
    """Statements of a trust policy that allow the service to assume the role."""
    return _about_the_service(trust, "Allow")


def denials(trust: Sequence[Json]) -> tuple[Json, ...]:
    """Statements of a trust policy that forbid the service to assume the role."""
    return _about_the_service(trust, "Deny")


def _about_the_service(trust: Sequence[Json], effect: str) -> tuple[Json, ...]:
    return tuple(
        statement
        for statement in trust
        if statement.get("Effect") == effect and _names_it(statement) and acts(statement, _ASSUMING)
    )


def _names_it(statement: Json) -> bool:
    principal: object = statement.get("Principal")
    services = set(texts(principal.get("Service"))) if is_object(principal) else set[str]()
    return bool(services & (_SERVICES | {"*"})) or principal == "*"


def is_denied(statements: Iterable[Json], arn: str) -> bool | None:
    """Whether one of these denials applies to this domain; None where that cannot be told."""
    has = _known(arn)
    answers = [
        hold(child(statement, "Condition"), lambda key: has.get(key.lower())) for statement in statements
    ]
    return True if True in answers else None if None in answers else False


def domains_not_let_in(statements: Iterable[Json], arn: str) -> str:
    """Why none of the statements fits this domain; empty when one does, `?` first when it cannot be told."""
    reasons = [_reason(statement, arn) for statement in statements]
    if "" in reasons:
        return ""
    return next((reason for reason in reasons if reason.startswith("?")), reasons[0])


def _reason(statement: Json, arn: str) -> str:
    has, doubt = _known(arn), ""
    for operator, key, wanted in each_condition(child(statement, "Condition")):
        answer = holds(operator, has.get(key.lower()), wanted)
        if answer is False:
            words = "may not be" if "Not" in operator else "is limited to"
            return f"{key} {words} {', '.join(wanted)}"
        if answer is None:
            doubt = doubt or f"?its condition {operator} on {key} is not understood"
    return doubt


def _known(arn: str) -> dict[str, str]:
    return {"aws:sourcearn": arn, "aws:sourceaccount": arn.split(":")[4]}
