"""Calls that change an AWS account, as values: a command shows exactly the calls that it sends."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import boto3

from domains.aws.session import SENT_ONCE, call_aws, client_of
from domains.http.json_replies import Json, children, is_object

_DOCUMENTS = ("AssumeRolePolicyDocument", "PolicyDocument", "Policy")
"""Parameters that AWS takes as JSON text; here they are objects, which people can read."""


@dataclass(frozen=True)
class AwsCall:
    """A prepared call of an AWS API that may change an account.

    Args:
        service: as boto3 names it, such as `iam`.
        operation: as the API reference names it, such as `CreateRole`.
        account: the account that it is for; its credentials must sign the call.
        resource: what it changes, for messages: an ARN or a name.
        parameters: as the API takes them, with policy documents as objects.
        region: the Region to send it to; None for the session's.
    """

    service: str
    operation: str
    account: str
    resource: str
    parameters: Json = field(default_factory=dict[str, Any])
    region: str | None = None


def send(session: boto3.Session, call: AwsCall) -> None:
    """Send the call, once.

    Raises:
        AwsError: the caller may not, AWS refused it, or no answer came: then look whether it took effect.
    """
    from botocore import xform_name

    client = call_aws(f"use {call.service}", lambda: client_of(session, call.service, call.region, SENT_ONCE))
    call_aws(
        f"{_words(call.operation)} {call.resource}",
        lambda: getattr(client, xform_name(call.operation))(**_as_sent(call.parameters)),
        f"{call.service}:{call.operation} on {call.resource}",
    )


def _as_sent(parameters: Json) -> Json:
    return {name: json.dumps(value) if name in _DOCUMENTS else value for name, value in parameters.items()}


def _words(operation: str) -> str:
    """`PutRolePolicy` as `put role policy of`."""
    words = "".join(f" {each.lower()}" if each.isupper() else each for each in operation).strip()
    return (
        words if words in {"create role", "create bucket", "delete role", "delete bucket"} else f"{words} of"
    )


def document(statements: tuple[Json, ...]) -> Json:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def merged(before: Json, statements: Iterable[Json], without: Collection[str] = ()) -> Json:
    """A policy document with these statements added, and those with the Sids of `without` left out.

    Everything else of it stays, in its place: its version, its id, and the statements of others.
    """
    alone: object = before.get("Statement")
    there = [alone] if is_object(alone) else children(before, "Statement")
    kept = [each for each in there if each.get("Sid") not in without]
    return {"Version": "2012-10-17", **before, "Statement": [*kept, *statements]}
