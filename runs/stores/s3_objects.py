"""Objects in S3, written on the condition that nobody else has written them since.

botocore repeats none of these calls: its second try of a write that had worked would be told that the
condition does not hold. After every answer that leaves it open, the object is read, and its bytes tell.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import botocore.config
import botocore.exceptions

from configs.state import StateSettings
from domains.aws.session import call_aws, client_of, session
from domains.errors import AwsError, SnapferryError
from runs.errors import StateUnreachable, StateUnusable
from runs.progress import Progress, report_progress
from runs.stores.conditional import Found

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES = 256 * 1024 * 1024
"""The most that an object of the state may hold."""
PATIENCE_S = 120.0
"""Seconds for which an answer is waited for, unless somebody has less time."""
_LONGEST_S = 10.0  # for one answer
_SAY_AFTER_S = 3.0
_LONGEST_PAUSE_S = 5.0
_CHANGED = {"PreconditionFailed", "412"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_AT_ONCE = {"ConditionalRequestConflict", "409", "OperationAborted"}
_PASSING = {
    *("InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "ThrottlingException"),
    *("Throttling", "RequestTimeTooSkewed", "500", "502", "503", "504", "429"),
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
T = TypeVar("T")


@dataclass
class _Unclear(Exception):
    """No answer, or one that does not say whether the request has worked."""

    why: str


Outcome = Literal["changed", "missing"]


class S3Objects:
    """The objects below one prefix of a bucket. Thread-safe.

    Args:
        settings: bucket, prefix, and whose credentials to use.
        patience_s: how long an answer is waited for.

    Raises:
        AwsError: there are no usable credentials.
    """

    def __init__(self, settings: StateSettings, patience_s: float = PATIENCE_S) -> None:
        self._bucket, self._prefix = settings.bucket, settings.prefix
        self._address = settings.address
        self._session = session(settings.auth, settings.region)
        self._use(patience_s)

    def with_patience(self, patience_s: float) -> "S3Objects":
        """The same objects, with another patience."""
        other = copy.copy(self)
        other._use(patience_s)
        return other

    def _use(self, patience_s: float) -> None:
        self._patience_s, self._is_silent = patience_s, False
        timeouts = _timeouts(min(_LONGEST_S, patience_s / 2))
        self._client: S3Client = call_aws(
            "use S3", lambda: client_of(self._session, "s3", None, timeouts=timeouts)
        )

    def read(self, key: str) -> Found | None:
        """As `ConditionalObjects.read`."""
        return self._patiently(lambda: self._get(key))

    def create(self, key: str, body: bytes) -> str | None:
        """As `ConditionalObjects.create`."""
        return self._write(key, body, None)

    def replace(self, key: str, body: bytes, version: str) -> str | None:
        """As `ConditionalObjects.replace`."""
        return self._write(key, body, version)

    def remove(self, key: str) -> None:
        """As `ConditionalObjects.remove`."""
        self._patiently(lambda: self._asked(lambda: self._client.delete_object(**self._of(key))))

    def names(self, folder: str) -> list[str]:
        """As `ConditionalObjects.names`."""
        return self._patiently(lambda: list(self._listed(self._key(folder) + "/")))

    # single requests

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}"

    def _of(self, key: str) -> Any:
        return {"Bucket": self._bucket, "Key": self._key(key)}

    def _get(self, key: str) -> Found | None:
        reply = self._asked(lambda: self._client.get_object(**self._of(key)))
        if isinstance(reply, str):
            return None
        if int(reply["ContentLength"]) > MAX_BYTES:
            raise StateUnusable(
                f"{self._address}/{key} is larger than {MAX_BYTES // 1024**2} MiB",
                "it is nothing that Snapferry has written: move it away",
            )
        try:
            body: bytes = reply["Body"].read()
        except (botocore.exceptions.BotoCoreError, OSError) as error:
            raise _Unclear(str(error)) from None
        return Found(body, str(reply["ETag"]), _age_s(reply))

    def _listed(self, prefix: str) -> Iterator[str]:
        more: Any = {}
        while True:
            reply = self._asked(
                lambda more=more: self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, Delimiter="/", **more
                )
            )
            if isinstance(reply, str):
                return
            for each in reply.get("CommonPrefixes", ()):
                yield str(each["Prefix"]).removeprefix(prefix)
            for each in reply.get("Contents", ()):
                yield str(each["Key"]).removeprefix(prefix)
            if not reply.get("IsTruncated"):
                return
            more = {"ContinuationToken": reply["NextContinuationToken"]}

    def _write(self, key: str, body: bytes, version: str | None) -> str | None:
        condition: Any = {"IfMatch": version} if version else {"IfNoneMatch": "*"}

        def attempt() -> str | None:
            try:
                reply = self._asked(
                    lambda: self._client.put_object(
                        **self._of(key), Body=body, ContentType="application/json", **condition
                    )
                )
            except _Unclear as unclear:
                found = self._get(key)
                if found and found.body == body:
                    return found.version
                if version != (found.version if found else None):
                    return None
                raise unclear from None
            if not isinstance(reply, str):
                return str(reply["ETag"])
            found = self._get(key)  # an earlier try may have worked without our knowing
            return found.version if found and found.body == body else None

        return self._patiently(attempt)

    # what came back

    def _asked(self, call: Callable[[], Any]) -> Mapping[str, Any] | Outcome:
        """Send one request; the reply, or which condition does not hold."""
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            return self._judged(error)
        except (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError) as error:
            raise self._refused(str(error), "set AWS_PROFILE, or name a profile under state.auth") from None
        except (botocore.exceptions.BotoCoreError, OSError) as error:
            raise _Unclear(str(error)) from None

    def _judged(self, error: botocore.exceptions.ClientError) -> Outcome:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code")), f"{said.get('Code')}: {said.get('Message')}"
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _CHANGED or status == 412:
            return "changed"
        if code in _MISSING:
            return "missing"
        if code in _AT_ONCE | _PASSING | _EXPIRED or status >= 500 or status in {409, 429}:
            raise _Unclear(message)
        if code in {"AccessDenied", "403", "Forbidden"}:
            rights = "s3:GetObject, s3:PutObject and s3:DeleteObject on its objects, and s3:ListBucket"
            raise self._refused(message, f"allow the caller {rights} (docs/shared-state.md)")
        raise self._refused(message, "check the address of the state, and the Region of its bucket")

    def _refused(self, why: str, hint: str) -> StateUnusable:
        return StateUnusable(f"cannot use the state in {self._address}: {why}", hint)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until there is a clear answer, or the patience is at its end."""
        began, pause_s = time.monotonic(), 0.1
        patience_s = 0.0 if self._is_silent else self._patience_s  # it was waited for long enough
        while True:
            try:
                found = attempt()
            except AwsError as error:  # a role that cannot be assumed, for instance
                raise StateUnusable(error.message, error.hint) from None
            except _Unclear as unclear:
                waited_s = time.monotonic() - began
                if waited_s + pause_s > patience_s:
                    self._is_silent = True
                    raise self._unreachable(unclear.why) from None
                if waited_s > _SAY_AFTER_S:
                    why = f"waiting: the state in {self._address} does not answer: {unclear.why}"
                    report_progress(Progress("state", why, waiting=True))
            else:
                self._is_silent = False
                return found
            time.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    def _unreachable(self, why: str) -> SnapferryError:
        return StateUnreachable(
            f"the state in {self._address} has not answered for {self._patience_s:g} s: {why}",
            "when S3 can be reached again, run the same command again: it continues the run",
        )


@cache
def _timeouts(answer_s: float) -> botocore.config.Config:
    """Each call is sent once, and has its answer within so many seconds."""
    return botocore.config.Config(
        connect_timeout=min(3.0, answer_s),
        read_timeout=answer_s,
        retries={"total_max_attempts": 1},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _age_s(reply: Any) -> float:
    """How old an object is, by S3's own clock."""
    try:
        date = parsedate_to_datetime(reply["ResponseMetadata"]["HTTPHeaders"]["date"])
        return max(0.0, (date - reply["LastModified"]).total_seconds())
    except (KeyError, TypeError, ValueError):
        return 0.0
