"""Answers of the service itself, in its own envelopes. Grades are those of the underlying facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A reply that does not come from an engine."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, body: Any) -> Answer:
    """A reply with a JSON body."""
    return Answer(status, json.dumps(body).encode())


def anonymous(method: str, role_arn: str | None) -> Answer:
    """The refusal of an unsigned request; for a registration, because of the role that it would pass (grade
    A; the reason after the action R)."""
    if role_arn:
        return _message(
            403, f"User: anonymous is not authorized to perform: iam:PassRole on resource: {role_arn}"
        )
    action = http_action(method)
    why = f"because no resource-based policy allows the {action} action"
    return _message(403, f"User: anonymous is not authorized to perform: {action} {why}")


def http_action(method: str) -> str:
    """The IAM action of a request to a domain."""
    return f"es:ESHttp{method.capitalize()}"


def signature_refused(message: str) -> Answer:
    """The refusal of a signature; the gateway spells `message` in lower case (grade K)."""
    return json_answer(403, {"message": message})


def reserved_name(name: str) -> Answer:
    """The refusal of a repository name that the service reserves. The rule is grade A, this body a guess."""
    return _message(403, f"Your request: '/_snapshot/{name}' is not allowed.")


def role_missing(name: str) -> Answer:
    """The refusal of an S3 registration without a role. The requirement is grade A, this body a guess."""
    why = "role_arn is a required setting for repository type s3"
    cause = {"type": "illegal_argument_exception", "reason": why}
    return engine_error(400, "repository_exception", f"[{name}] failed to create repository", cause)


def not_read() -> Answer:
    """The refusal of a body that only an engine could read: the service passes such bodies on, but the lab
    must read them. An engine refuses broken ones like this (grade E); refusing others is a guess."""
    reason = "the lab reads this body as plain JSON only, plain or packed with gzip or deflate"
    return engine_error(400, "json_parse_exception", reason)


def engine_error(status: int, kind: str, reason: str, cause: dict[str, Any] | None = None) -> Answer:
    """A reply in the engine's own error envelope."""
    head = {"type": kind, "reason": reason}
    error = {"root_cause": [head], **head} | ({"caused_by": cause} if cause else {})
    return json_answer(status, {"error": error, "status": status})


def malformed() -> Answer:
    """The refusal of a path or query that cannot be passed on (a guess)."""
    return _message(400, "Bad Request")


def bad_gateway(why: str) -> Answer:
    """The reply when the engine cannot be reached (grade K)."""
    text = f"<html><body><h1>502 Bad Gateway</h1><!-- {why} --></body></html>\r\n"
    return Answer(502, text.encode(), "text/html")


def _message(status: int, text: str) -> Answer:
    return json_answer(status, {"Message": text})
