"""An engine's own words after S3 refused it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Operation = Literal["upload", "reread", "seek", "clear", "look", "list", "load", "save", "remove"]
"""The step at which an engine failed on S3.

A verification uploads an object, reads it on every node, lists its leftovers and deletes them; on a readonly
repository it only lists. Every other use lists the repository and loads it; then a snapshot is saved or
removed.
"""

Envelope = tuple[str, str, dict[str, Any] | None]
"""Type and reason of an engine's error (the reason without the name before it), and its cause."""

UNVERIFIED = "repository_verification_exception"


@dataclass(frozen=True)
class Failure:
    """The engine's step, the repository, and S3's answer."""

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
        """The base path as engines print it; empty without one."""
        return f"[{self.base_path}]" if self.base_path else ""

    def key(self, name: str) -> str:
        """The key of an object, or a prefix, under the base path."""
        return f"{self.base_path}/{name}".lstrip("/")

    @property
    def old(self) -> bool:
        """Whether the engine dates from the first S3 client, and says `master`."""
        return self.engine.startswith("elasticsearch-")

    @property
    def cause(self) -> dict[str, Any]:
        """S3's answer in the words of the engine's client."""
        client = old_client if self.old else _client
        return client(self.sentence, self.status, self.code)


def envelope(failure: Failure) -> Envelope:
    """The engine's error reply."""
    return _ENVELOPES[failure.operation](failure)


def _unwritten(failure: Failure) -> Envelope:
    return UNVERIFIED, _inaccessible(failure), _not_uploaded(failure, "tests-lab/master.dat")


def _unread_by_nodes(failure: Failure) -> Envelope:
    exception = "AmazonS3Exception" if failure.old else "S3Exception"
    nested = f"[[{failure.repository}] Failed to verify repository]; nested: {exception}"
    nodes = f"[[lab-1, 'RepositoryVerificationException{nested}[{failure.cause['reason']}];']]"
    return UNVERIFIED, nodes, None


def _unsought(failure: Failure) -> Envelope:
    if failure.old:
        return _uncleared(failure)
    cause = _io("Failed to list objects for deletion", _completion(failure))
    return UNVERIFIED, f"cannot delete test data at {failure.path}", cause


def _uncleared(failure: Failure) -> Envelope:
    why = f"cannot delete test data at {failure.path}"
    if failure.old:
        deleting = f"Exception when deleting blob container [{failure.key('tests-lab/')}]"
        return UNVERIFIED, why, _io(deleting, failure.cause)
    completion = _completion(failure)
    reason = f"java.util.concurrent.CompletionException: {completion['reason']}"
    return UNVERIFIED, why, {"type": "runtime_exception", "reason": reason, "caused_by": completion}


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
    "seek": _unsought,
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


def old_client(sentence: str, status: int, code: str) -> dict[str, Any]:
    """S3's answer in the words of the client's first version."""
    ids = "Request ID: LAB0000000000000; S3 Extended Request ID: lab"
    reason = f"{sentence} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; {ids})"
    return {"type": "amazon_s3_exception", "reason": reason}


def _client(sentence: str, status: int, code: str) -> dict[str, Any]:
    """S3's answer in the words of the client's second version, which omits the error's code."""
    kinds = {
        "NoSuchBucket": "no_such_bucket_exception",
        "InvalidObjectState": "invalid_object_state_exception",
    }
    tried = "(SDK Attempt Count: 1)"
    reason = f"{sentence} (Service: S3, Status Code: {status}, Request ID: LAB0000000000000) {tried}"
    return {"type": kinds.get(code, "s3_exception"), "reason": reason}


def _completion(failure: Failure) -> dict[str, Any]:
    """S3's answer in the words of an asynchronous client."""
    reason = f"software.amazon.awssdk.services.s3.model.S3Exception: {failure.cause['reason']}"
    return {"type": "completion_exception", "reason": reason, "caused_by": failure.cause}


def _io(reason: str, cause: dict[str, Any]) -> dict[str, Any]:
    return {"type": "i_o_exception", "reason": reason, "caused_by": cause}
