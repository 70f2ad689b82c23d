"""`iam:SimulatePrincipalPolicy`, which moto lacks: the decisions of a user's or role's own policies.

As on AWS today: one result for each action, with the strictest decision of its resources, and each resource's
own decision inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from lab.account.directory import Directory, account_of
from lab.account.policies import (
    Decision,
    Policy,
    Principal,
    Request,
    by_identity,
    by_resource,
    in_one_account,
    missing_keys,
    parse,
)

ACTION = "SimulatePrincipalPolicy"
ENTITY = re.compile(r"^arn:aws[\w-]*:iam::\d{12}:(user|role)/.+$")
STRICTEST_FIRST: tuple[Decision, ...] = ("explicitDeny", "implicitDeny", "allowed")

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer: status and XML."""

    status: int
    xml: str


def is_asked(body: bytes) -> bool:
    """Whether a form sent to IAM asks for a simulation."""
    return b"Action=SimulatePrincipalPolicy" in body


def simulate(body: bytes, directory: Directory) -> Reply:
    """Answer the simulation in this form."""
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    source = fields.get("PolicySourceArn", "")
    found = ENTITY.match(source)
    if found is None:
        why = f"Invalid Entity Arn: {source} does not clearly define entity type and name."
        return _error(400, "InvalidInput", why)
    if not directory.exists(source):
        kind, name = found.group(1), source.rpartition("/")[2]
        return _error(404, "NoSuchEntity", f"The {kind} with name {name} cannot be found.")
    policies = (*directory.policies(source), *(parse(each) for each in _list(fields, "PolicyInputList")))
    actions, resources = _list(fields, "ActionNames"), _list(fields, "ResourceArns")
    simulation = _Simulation(policies, _resource_policy(fields), _principal(fields), _context(fields))
    results = "".join(_result(simulation, action, resources) for action in actions)
    return _wrapped(f"<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>")


@dataclass(frozen=True)
class _Simulation:
    policies: tuple[Policy, ...]
    resource: tuple[Policy, ...]
    principal: Principal
    context: Mapping[str, tuple[str, ...]]

    def decision(self, action: str, resource: str) -> Decision:
        """The decision on the action and resource."""
        request = Request(action, resource, self.context)
        return in_one_account(
            by_identity(self.policies, request), by_resource(self.resource, request, self.principal)
        )

    def missing(self, action: str, resource: str) -> list[str]:
        """Condition keys that the policies need and the form lacks."""
        return sorted(missing_keys((*self.policies, *self.resource), Request(action, resource, self.context)))


def _result(simulation: _Simulation, action: str, resources: list[str]) -> str:
    asked = resources or ["*"]
    decisions: dict[str, Decision] = {each: simulation.decision(action, each) for each in asked}
    whole = min(decisions.values(), key=STRICTEST_FIRST.index)
    inside = "".join(
        _resource_result(each, decisions[each], simulation.missing(action, each)) for each in resources
    )
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(asked[0])}</EvalResourceName><EvalDecision>{whole}</EvalDecision>"
        f"{_missing(simulation.missing(action, '*') if not resources else [])}<MatchedStatements/>"
        f"<ResourceSpecificResults>{inside}</ResourceSpecificResults></member>"
    )


def _resource_result(resource: str, decision: Decision, missing: list[str]) -> str:
    return (
        f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision><MatchedStatements/>"
        f"{_missing(missing)}</member>"
    )


def _missing(keys: list[str]) -> str:
    members = "".join(f"<member>{escape(key)}</member>" for key in keys)
    return f"<MissingContextValues>{members}</MissingContextValues>"


def _context(fields: Fields) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    number = 1
    while name := fields.get(f"ContextEntries.member.{number}.ContextKeyName"):
        found[name] = tuple(_list(fields, f"ContextEntries.member.{number}.ContextKeyValues"))
        number += 1
    return found


def _principal(fields: Fields) -> Principal:
    arn = fields.get("CallerArn") or fields["PolicySourceArn"]
    return Principal((arn,), account_of(arn))


def _resource_policy(fields: Fields) -> tuple[Policy, ...]:
    text = fields.get("ResourcePolicy")
    return (parse(text),) if text else ()


def _list(fields: Fields, name: str) -> list[str]:
    """The members of a list, in order; a list of one may come without a number."""
    found = []
    while (value := fields.get(f"{name}.member.{len(found) + 1}")) is not None:
        found.append(value)
    return found


def _wrapped(result: str) -> Reply:
    return Reply(
        200,
        f'<{ACTION}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><{ACTION}Result>{result}'
        f"</{ACTION}Result><ResponseMetadata><RequestId>lab</RequestId></ResponseMetadata></{ACTION}Response>",
    )


def _error(status: int, code: str, message: str) -> Reply:
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return Reply(
        status,
        f'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>{error}</Error>'
        "<RequestId>lab</RequestId></ErrorResponse>",
    )
