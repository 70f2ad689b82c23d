"""What the service answers when IAM, a role or S3 stands in the way. Grades are those of the facts that each
body comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lab.account.directory import account_of
from lab.door.answers import Answer, engine_error, json_answer

Operation = Literal["upload", "reread", "clear", "look", "list", "load", "save", "remove"]
"""What an engine was doing on S3 when it failed.

A verification uploads an object, has it read again, and clears it away; one that may only read has a look at
what is there. Every other use lists what is there and loads it; then a snapshot is saved or removed.
"""

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
    """The refusal of a role of another account. That it is refused is grade A; the sentence is the one of
    other services of AWS, so here a guess (grade K)."""
    return _message("Cross-account pass role is not allowed.")


def request_refused(caller: str, method: str, denied_by: Kind | None) -> Answer:
    """The refusal of a caller who may not send such requests to the domain (grade A; the reason after it R).

    `denied_by` is the kind of policy that denies explicitly; None when none allows.
    """
    action = http_action(method)
    return _message(f"User: {caller} is not authorized to perform: {action} {_because(action, denied_by)}")


def http_action(method: str) -> str:
    """The action of IAM that a request to a domain is."""
    return f"es:ESHttp{method.capitalize()}"


def role_not_assumed(role_arn: str, region: str, account: str) -> Answer:
    """The failure of the service to assume the repository's role (grade R; the status is uncertain)."""
    service = f"arn:aws:sts::{SERVICE_ACCOUNT}:assumed-role/cp-sts-grant-role/swift-{region}-prod-{account}"
    reason = (
        f"User: {service} is not authorized to perform: sts:AssumeRole on resource: {role_arn} (Service: "
        "AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied; Request ID: lab)"
    )
    return engine_error(500, "a_w_s_security_token_service_exception", reason)


def location_refused(repository: str) -> Answer:
    """What older stacks said to `region: us-east-1`: S3 does not take that name (grade R)."""
    cause = _old_client("The specified location-constraint is not valid", 400, "InvalidLocationConstraint")
    return engine_error(500, "repository_exception", f"[{repository}] failed to create repository", cause)


def region_refused(
    repository: str, base_path: str, operation: Operation, engine: str, bucket_region: str
) -> Answer:
    """The bucket is in another Region (the sentence is grade A, the words around it those of `s3_failed`)."""
    sentence = f"The bucket is in this region: {bucket_region}. Please use this region to retry the request."
    return _failed(Failure(repository, base_path, operation, engine, "", sentence, 301, "PermanentRedirect"))


def s3_failed(
    repository: str, base_path: str, operation: Operation, code: str, engine: str, snapshot: str = ""
) -> Answer:
    """S3 refused the engine with the error `code` (of `SENTENCES`).

    Elasticsearch's words of an upload, of a missing bucket and of archived objects are grade R. OpenSearch's
    are those of 3.6.0 whose S3 refused it (grade E). Elasticsearch's other words are composed after them (K).
    """
    status, sentence = SENTENCES[code]
    return _failed(Failure(repository, base_path, operation, engine, snapshot, sentence, status, code))


def key_refused(
    repository: str, base_path: str, operation: Operation, engine: str, role_arn: str, action: str, key: str
) -> Answer:
    """S3 could not use the bucket's key for the role (grade K: a guess, but for the action's name)."""
    who = f"arn:aws:sts::{account_of(role_arn)}:assumed-role/{role_arn.rpartition('/')[2]}/snapshots"
    text = f"User: {who} is not authorized to perform: {action} on resource: {key}"
    sentence = f"{text} {_because(action, None)}"
    return _failed(Failure(repository, base_path, operation, engine, "", sentence, 403, "AccessDenied"))


@dataclass(frozen=True)
class Failure:
    """What the engine was doing for which repository, and what S3 said to it."""

    repository: str
    base_path: str
    operation: Operation
    engine: str
    snapshot: str
    sentence: str
    status: int
    code: str

    @property
    def path(self) -> str:
        """The base path as engines print it; nothing where there is none."""
        return f"[{self.base_path}]" if self.base_path else ""

    def key(self, name: str) -> str:
        """The key of an object, or a prefix, under the base path."""
        return f"{self.base_path}/{name}".lstrip("/")

    @property
    def old(self) -> bool:
        """Whether the engine is of the time of the first S3 client, and of the word `master`."""
        return self.engine.startswith("elasticsearch-")

    @property
    def cause(self) -> dict[str, Any]:
        """What S3 said, as the engine's client puts it."""
        client = _old_client if self.old else _client
        return client(self.sentence, self.status, self.code)


def _failed(failure: Failure) -> Answer:
    """The engine's own envelope around what S3 said."""
    kind, reason, cause = _ENVELOPES[failure.operation](failure)
    if failure.code == "NoSuchBucket" and failure.operation == "list":
        reason, cause = "could not read repository data from index blob", failure.cause
    if failure.code == "InvalidObjectState":
        kind, reason = "snapshot_exception", "Snapshot could not be read"
    name = f"{failure.repository}:{failure.snapshot}" if kind == "snapshot_exception" else failure.repository
    return engine_error(500, kind, f"[{name}] {reason}", cause)


Envelope = tuple[str, str, dict[str, Any] | None]
"""Type and reason of an engine's error (the reason without the name before it), and its cause."""

UNVERIFIED = "repository_verification_exception"


def _unwritten(failure: Failure) -> Envelope:
    return UNVERIFIED, _inaccessible(failure), _not_uploaded(failure, "tests-lab/master.dat")


def _unread_by_nodes(failure: Failure) -> Envelope:
    exception = "AmazonS3Exception" if failure.old else "S3Exception"
    nested = f"[[{failure.repository}] Failed to verify repository]; nested: {exception}"
    nodes = f"[[lab-1, 'RepositoryVerificationException{nested}[{failure.cause['reason']}];']]"
    return UNVERIFIED, nodes, None


def _uncleared(failure: Failure) -> Envelope:
    return UNVERIFIED, f"cannot delete test data at {failure.path}", failure.cause


def _unseen(failure: Failure) -> Envelope:
    return UNVERIFIED, _inaccessible(failure), _not_listed(failure)


def _unlisted(failure: Failure) -> Envelope:
    why = "Could not determine repository generation from root blobs"
    return "repository_exception", why, _not_listed(failure)


def _unloaded(failure: Failure) -> Envelope:
    return "repository_exception", "Unexpected exception when loading repository data", failure.cause


def _unsaved(failure: Failure) -> Envelope:
    why = "failed to update snapshot in repository"
    return "snapshot_exception", why, _not_uploaded(failure, "meta-lab.dat")


def _unremoved(failure: Failure) -> Envelope:
    why = f"failed to delete snapshots [{failure.snapshot}]"
    return "repository_exception", why, _not_uploaded(failure, "index-lab")


_ENVELOPES: dict[Operation, Callable[[Failure], Envelope]] = {
    "upload": _unwritten,
    "reread": _unread_by_nodes,
    "clear": _uncleared,
    "look": _unseen,
    "list": _unlisted,
    "load": _unloaded,
    "save": _unsaved,
    "remove": _unremoved,
}


def _inaccessible(failure: Failure) -> str:
    node = "master" if failure.old else "cluster-manager"
    return f"path {failure.path} is not accessible on {node} node"


def _not_uploaded(failure: Failure, name: str) -> dict[str, Any]:
    return _io(f"Unable to upload object [{failure.key(name)}] using a single upload", failure.cause)


def _not_listed(failure: Failure) -> dict[str, Any]:
    return _io(f"Exception when listing blobs by prefix [{failure.key('index-')}]", failure.cause)


def _old_client(sentence: str, status: int, code: str) -> dict[str, Any]:
    """S3's words through the first version of the client."""
    ids = "Request ID: LAB0000000000000; S3 Extended Request ID: lab"
    reason = f"{sentence} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; {ids})"
    return {"type": "amazon_s3_exception", "reason": reason}


def _client(sentence: str, status: int, code: str) -> dict[str, Any]:
    """S3's words through the second version of the client, which leaves the error's code out."""
    kinds = {
        "NoSuchBucket": "no_such_bucket_exception",
        "InvalidObjectState": "invalid_object_state_exception",
    }
    tried = "(SDK Attempt Count: 1)"
    reason = f"{sentence} (Service: S3, Status Code: {status}, Request ID: LAB0000000000000) {tried}"
    return {"type": kinds.get(code, "s3_exception"), "reason": reason}


def _io(reason: str, cause: dict[str, Any]) -> dict[str, Any]:
    return {"type": "i_o_exception", "reason": reason, "caused_by": cause}


def _because(action: str, denied_by: Kind | None) -> str:
    if denied_by is None:
        return f"because no identity-based policy allows the {action} action"
    article = "an" if denied_by == "identity" else "a"
    return f"with an explicit deny in {article} {denied_by}-based policy"


def _message(text: str) -> Answer:
    return json_answer(403, {"Message": text})
