"""Evaluate trust policies: which statements admit the service, and whether they match a domain. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domains.http.json_replies import Json, child, is_object
from tasks.checks.rules.iam_conditions import acts, each_condition, hold, holds, texts

_SERVICES = {"opensearchservice.amazonaws.com", "es.amazonaws.com"}
_ASSUMING = "sts:AssumeRole"


def service_statements(trust: Sequence[Json]) -> tuple[Json, ...]:
    """Return the statements that allow the service to assume the role."""
    return _about_the_service(trust, "Allow")


def denials(trust: Sequence[Json]) -> tuple[Json, ...]:
    """Return the statements that forbid the service to assume the role."""
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
    """Whether one of these denials applies to this domain; None if unknown."""
    has = _known(arn)
    answers = [
        hold(child(statement, "Condition"), lambda key: has.get(key.lower())) for statement in statements
    ]
    return True if True in answers else None if None in answers else False


@dataclass(frozen=True)
class Unfit:
    """Reason why a statement does not match a domain.

    Args:
        certain: False if a condition is not understood, so that the statement may match.
    """

    why: str
    certain: bool


def domains_not_let_in(statements: Iterable[Json], arn: str) -> Unfit | None:
    """Say why none of the statements matches this domain; None if one does, uncertain if one may."""
    reasons = [_unfit(statement, arn) for statement in statements]
    if None in reasons:
        return None
    return next((reason for reason in reasons if reason and not reason.certain), reasons[0])


def _unfit(statement: Json, arn: str) -> Unfit | None:
    has, doubt = _known(arn), None
    for operator, key, wanted in each_condition(child(statement, "Condition")):
        answer = holds(operator, has.get(key.lower()), wanted)
        if answer is False:
            words = "may not be" if "Not" in operator else "is limited to"
            return Unfit(f"{key} {words} {', '.join(wanted)}", certain=True)
        if answer is None:
            doubt = doubt or Unfit(f"its condition {operator} on {key} is not understood", certain=False)
    return doubt


def _known(arn: str) -> dict[str, str]:
    return {"aws:sourcearn": arn, "aws:sourceaccount": arn.split(":")[4]}
