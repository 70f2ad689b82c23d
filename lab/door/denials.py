"""Answers of the service when IAM, a role or S3 denies a request. Grades are those of the underlying
facts."""

from __future__ import annotations

from typing import Literal

from lab.account.directory import account_of
from lab.door.answers import Answer, engine_error, http_action, json_answer
from lab.door.s3_failure import Failure, Operation, envelope, old_client

Kind = Literal["identity", "resource"]

SERVICE_ACCOUNT = "999999999999"
SENTENCES: dict[str, tuple[int, str]] = {
    "AccessDenied": (403, "Access Denied"),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "InvalidObjectState": (403, "The operation is not valid for the object's storage class"),
}


def pass_role(caller: str, role_arn: str, denied: bool = False) -> Answer:
    """The refusal of a registration whose caller may not pass the role (grade A; the reason after it R)."""
    text = f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role_arn}"
    return _message(f"{text} {_because('iam:PassRole', 'identity' if denied else None)}")


def foreign_role() -> Answer:
    """The refusal of a role in another account. The refusal is grade A; the sentence is from other AWS
    services, so a guess here (grade K)."""
    return _message("Cross-account pass role is not allowed.")


def request_refused(caller: str, method: str, denied_by: Kind | None) -> Answer:
    """The refusal of a caller who may not send such requests to the domain (grade A; the reason after it R).

    `denied_by` is the type of policy with an explicit deny; None when no policy allows it.
    """
    action = http_action(method)
    return _message(f"User: {caller} is not authorized to perform: {action} {_because(action, denied_by)}")


def role_not_assumed(role_arn: str, region: str, account: str) -> Answer:
    """The service's failure to assume the repository's role (grade R; the status is uncertain)."""
    service = f"arn:aws:sts::{SERVICE_ACCOUNT}:assumed-role/cp-sts-grant-role/swift-{region}-prod-{account}"
    reason = (
        f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn} (Service: "
        "AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied; Request ID: lab)"
    )
    return engine_error(500, "a_w_s_security_token_service_exception", reason)


def location_refused(repository: str) -> Answer:
    """The answer of older stacks to `region: us-east-1`: S3 does not accept that name (grade R)."""
    cause = old_client("The specified location-constraint is not valid", 400, "InvalidLocationConstraint")
    return engine_error(500, "repository_exception", f"[{repository}] failed to create repository", cause)


def region_refused(
    repository: str, base_path: str, operation: Operation, engine: str, bucket_region: str
) -> Answer:
    """The bucket is in another Region (the sentence is grade A, the words around it as in `s3_failed`)."""
    sentence = f"The bucket is in this region: {bucket_region}. Please use this region to retry the request."
    return _failed(Failure(repository, base_path, operation, engine, "", sentence, 301, "PermanentRedirect"))


def s3_failed(
    repository: str, base_path: str, operation: Operation, code: str, engine: str, snapshot: str = ""
) -> Answer:
    """S3 refused the engine with the error `code` (of `SENTENCES`).

    Elasticsearch's words for an upload, a missing bucket and archived objects are grade R. OpenSearch's words
    are those of 3.6.0 when S3 refused it (grade E). Elasticsearch's other words are modelled on them (K).
    """
    status, sentence = SENTENCES[code]
    return _failed(Failure(repository, base_path, operation, engine, snapshot, sentence, status, code))


def key_refused(
    repository: str, base_path: str, operation: Operation, engine: str, role_arn: str, action: str, key: str
) -> Answer:
    """S3 could not use the bucket's key for the role (grade K: a guess, except the action's name)."""
    who = f"arn:aws:sts::{account_of(role_arn)}:assumed-role/{role_arn.rpartition('/')[2]}/snapshots"
    text = f"User: {who} is not authorized to perform: {action} on resource: {key}"
    sentence = f"{text} {_because(action, None)}"
    return _failed(Failure(repository, base_path, operation, engine, "", sentence, 403, "AccessDenied"))


def _failed(failure: Failure) -> Answer:
    """The engine's own envelope around what S3 said."""
    kind, reason, cause = envelope(failure)
    if failure.code == "NoSuchBucket" and failure.operation == "list":
        reason, cause = "could not read repository data from index blob", failure.cause
    if failure.code == "InvalidObjectState":
        kind, reason = "snapshot_exception", "Snapshot could not be read"
    name = f"{failure.repository}:{failure.snapshot}" if kind == "snapshot_exception" else failure.repository
    return engine_error(500, kind, f"[{name}] {reason}", cause)


def _because(action: str, denied_by: Kind | None) -> str:
    if denied_by is None:
        return f"because no identity-based policy allows the {action} action"
    article = "an" if denied_by == "identity" else "a"
    return f"with an explicit deny in {article} {denied_by}-based policy"


def _message(text: str) -> Answer:
    return json_answer(403, {"Message": text})
