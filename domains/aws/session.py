"""AWS sessions, credentials and secrets, and the one way to call an AWS API. Reads only."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import boto3
import botocore.config
import botocore.exceptions
import botocore.session
from botocore.credentials import Credentials, DeferredRefreshableCredentials

from configs.auth import SigV4Auth
from domains.errors import AwsError, RoleRefused
from domains.http.environment import AWS_BUNDLES, bundle_problem, proxy_problem
from domains.http.exchanges import Exchange, announce
from domains.known_secrets import remember_secret, remember_sent

if TYPE_CHECKING:
    from mypy_boto3_opensearch import OpenSearchServiceClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

DEFAULT_TIMEOUTS = botocore.config.Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 4}
)
SHORT_TIMEOUTS = botocore.config.Config(
    connect_timeout=3, read_timeout=15, retries={"mode": "standard", "max_attempts": 2}
)
"""For optional reads and the first lookup of a domain, which nobody should wait long for."""
SENT_ONCE = botocore.config.Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1})
"""For calls that change an account: after a lost reply somebody looks, and nothing is repeated blindly."""
_CHECK_NAMES = (
    "check the names, ARNs and Regions in the plan, and which AWS account the credentials belong to"
)
_CHECK_NETWORK = "check the AWS credentials and the network to AWS, then run the same command again"
_CHECK_PROFILE = "correct auth.profile in the plan, AWS_PROFILE, or ~/.aws/config"
_CHECK_SETTINGS = "correct the variables that begin with AWS_, or the files in ~/.aws"
_OF_THE_SETTINGS = (
    botocore.exceptions.ConfigParseError,
    botocore.exceptions.InvalidConfigError,
    botocore.exceptions.InvalidIMDSEndpointError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.UnknownCredentialError,
)
_ANY_AWS = "https://sts.amazonaws.com"
_SESSION_NAME = "snapferry"
_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "MethodNotAllowed"}
_BUCKET_REGION = "x-amz-bucket-region"
logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)  # or a traceback joins our message
_MAKING = threading.Lock()
_MADE: WeakKeyDictionary[Any, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
T = TypeVar("T")


def session(auth: SigV4Auth | None, region: str | None) -> boto3.Session:
    """Open a boto3 session: the default chain or a profile, and on top of it an assumed role.

    An assumed role's credentials refresh themselves. Nothing is sent until credentials are needed.

    Raises:
        AwsError: the profile does not exist.
    """
    profile = auth.profile if auth else None
    base = call_aws(
        "read the AWS configuration", lambda: boto3.Session(profile_name=profile, region_name=region)
    )
    if auth is None or auth.role_arn is None:
        return base
    below = botocore.session.Session()
    below._credentials = DeferredRefreshableCredentials(  # pyright: ignore[reportAttributeAccessIssue, reportPrivateUsage]
        refresh_using=lambda: _assume(base, auth), method="sts-assume-role"
    )
    return boto3.Session(botocore_session=below, region_name=region)


def profile_region(profile: str | None) -> str | None:
    """Return the Region that a profile names; None without a profile, or if it names none.

    A session prefers the Region of the environment to that of its profile; two sides may differ in theirs.

    Raises:
        AwsError: the profile does not exist.
    """
    if profile is None:
        return None
    found = call_aws(
        "read the AWS configuration", lambda: botocore.session.Session(profile=profile).get_scoped_config()
    )
    region = found.get("region")
    return str(region) if region else None


def _assume(base: boto3.Session, auth: SigV4Auth) -> dict[str, Any]:
    arguments: dict[str, Any] = {"RoleArn": auth.role_arn, "RoleSessionName": _SESSION_NAME}
    if auth.external_id:
        arguments["ExternalId"] = auth.external_id
    sts: STSClient = call_aws(f"assume {auth.role_arn}", lambda: client_of(base, "sts"))
    try:
        reply = call_aws(f"assume {auth.role_arn}", lambda: sts.assume_role(**arguments))
    except AwsError as error:
        if error.code in _DENIED:
            raise RoleRefused(error.message, error.hint) from None
        raise
    issued = reply["Credentials"]
    for part in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        remember_secret(issued[part])
    return {
        "access_key": issued["AccessKeyId"],
        "secret_key": issued["SecretAccessKey"],
        "token": issued["SessionToken"],
        "expiry_time": issued["Expiration"].isoformat(),
    }


def credentials(session: boto3.Session) -> Credentials:
    """Resolve the session's live credentials.

    Raises:
        AwsError: there are none, or the role cannot be assumed.
    """
    found = call_aws("find AWS credentials", session.get_credentials)
    if found is None:
        raise AwsError(
            "no AWS credentials were found",
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY, or name a profile under auth",
        )
    frozen = call_aws("use the AWS credentials", found.get_frozen_credentials)
    for part in (frozen.access_key, frozen.secret_key, frozen.token):
        remember_secret(part)
    return found


def domain_endpoint(session: boto3.Session, domain: str) -> str:
    """Look up a domain's URL by its name, public or inside a VPC.

    Raises:
        AwsError: not found, not readable, or without an endpoint as yet.
    """
    client: OpenSearchServiceClient = call_aws(
        f"look up domain {domain}", lambda: client_of(session, "opensearch", timeouts=SHORT_TIMEOUTS)
    )
    reply = call_aws(f"look up domain {domain}", lambda: client.describe_domain(DomainName=domain))
    status = reply["DomainStatus"]
    host = status.get("Endpoint") or (status.get("Endpoints") or {}).get("vpc")
    if not host:
        raise AwsError(f"domain {domain} has no endpoint yet", "wait until its creation has finished")
    return f"https://{host}"


def bucket_region(session: boto3.Session, bucket: str) -> str | None:
    """Look up a bucket's Region; None when it stays unknown (no permission, no such bucket, no answer)."""
    try:
        client: S3Client = client_of(session, "s3")
        reply = client.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError as error:
        return region_in_refusal(error)
    except botocore.exceptions.BotoCoreError:
        return None
    return region_in_reply(reply)


def region_in_reply(reply: Mapping[str, Any]) -> str | None:
    """The bucket's Region in the reply to HeadBucket; None when it names none."""
    return reply.get("BucketRegion") or reply["ResponseMetadata"]["HTTPHeaders"].get(_BUCKET_REGION)


def region_in_refusal(error: botocore.exceptions.ClientError) -> str | None:
    """The bucket's Region in a refusal of S3, which names it too."""
    return error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_BUCKET_REGION)


def secret(reference_env: str | None, reference_arn: str | None) -> str:
    """Read a secret from an environment variable or from Secrets Manager.

    Raises:
        AwsError: the variable is not set, or the secret cannot be read. No message contains the value.
    """
    if reference_env is not None:
        value = os.environ.get(reference_env)
        if not value:
            raise AwsError(
                f"environment variable {reference_env} is not set", f"export {reference_env}=… and run again"
            )
        remember_secret(value)
        return value
    arn = reference_arn or ""
    region = arn.split(":")[3] if arn.count(":") >= 6 else None
    client = call_aws(
        f"read secret {arn}", lambda: client_of(boto3.Session(region_name=region), "secretsmanager")
    )
    reply = call_aws(f"read secret {arn}", lambda: client.get_secret_value(SecretId=arn))
    if "SecretString" not in reply:
        raise AwsError(f"secret {arn} holds no text", "store the password as the secret's text")
    value = str(reply["SecretString"])
    remember_secret(value)
    return value


def client_of(
    session: Any, service: str, region: str | None = None, timeouts: botocore.config.Config = DEFAULT_TIMEOUTS
) -> Any:
    """Return the session's client for a service, with our timeouts, created once. Thread-safe, unlike boto3.

    boto3 makes its classes at run time, so callers name the type they expect. Threads may share a client.

    Args:
        region: a Region other than the session's.
        timeouts: `SHORT_TIMEOUTS` for optional reads, `SENT_ONCE` for changes.
    """
    key = (service, region, id(timeouts))
    with _MAKING:
        made = _MADE.setdefault(session, {})
        if key not in made:
            made[key] = _observed(session.client(service, region_name=region, config=timeouts))
        return made[key]


def control_plane_of(
    session: Any, region: str | None = None, timeouts: botocore.config.Config = SHORT_TIMEOUTS
) -> Any:
    """Return the session's client for the service's control plane, as `client_of` does.

    Raises:
        AwsError: the session has no Region, or its configuration is not usable.
    """
    return call_aws("use the control plane", lambda: client_of(session, "opensearch", region, timeouts))


def _observed(client: Any) -> Any:
    """Let those who watch see the client's calls: operation, service, status and time, never a body."""
    client.meta.events.register("before-call", _note_begin)
    client.meta.events.register("before-send", _remember_sent)
    client.meta.events.register("after-call", _note_end)
    client.meta.events.register("after-call-error", _note_end)
    return client


def _remember_sent(request: Any, **_: Any) -> None:
    """Remember the credentials of a request to AWS: whoever answers may quote them."""
    remember_sent(request.headers)


def _note_begin(context: dict[str, Any], **_: Any) -> None:
    context["snapferry_began"] = time.monotonic()


def _note_end(context: dict[str, Any], event_name: str, **outcome: Any) -> None:
    _, service, operation = event_name.split(".")
    reply, error = outcome.get("http_response"), outcome.get("exception")
    seconds = time.monotonic() - context.get("snapferry_began", time.monotonic())
    status, problem = getattr(reply, "status_code", None), type(error).__name__ if error else ""
    announce(Exchange("aws", operation, service, status=status, seconds=seconds, problem=problem))


def call_aws(what: str, call: Callable[[], T], right: str = "") -> T:
    """Call an AWS API and turn its errors into AwsError.

    Args:
        what: the task, as in "could not …".
        right: the IAM action and resource that the call needs, named when the caller lacks it.

    Raises:
        AwsError: the call failed; the message names the task, the hint what to do.
    """
    try:
        return call()
    except botocore.exceptions.ProfileNotFound as error:
        raise AwsError(f"could not {what}: {error}", _CHECK_PROFILE) from None
    except botocore.exceptions.ClientError as error:
        said = error.response.get("Error", {})
        denied = _denied(what, said, right)
        message = f"could not {what}: {said.get('Code')}: {said.get('Message')}"
        failed = denied or AwsError(message, _CHECK_NAMES)
        failed.code = str(said.get("Code"))
        raise failed from None  # it quotes the reply unshortened
    except (botocore.exceptions.BotoCoreError, OSError, ValueError) as error:
        problem = proxy_problem(_ANY_AWS) or bundle_problem(None, AWS_BUNDLES)
        if problem:
            raise AwsError(
                f"could not {what}: {problem}", "correct it, then run the same command again"
            ) from None
        hint = _CHECK_SETTINGS if _is_of_the_settings(error) else _CHECK_NETWORK
        raise AwsError(f"could not {what}: {error}", hint) from None


def _is_of_the_settings(error: Exception) -> bool:
    """Whether a variable or a file says something of which nothing can be made, so that nothing was sent."""
    return isinstance(error, _OF_THE_SETTINGS) or not isinstance(error, botocore.exceptions.BotoCoreError)


_MISSING = {"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "NotFoundException"}


def call_aws_if_exists(
    what: str, call: Callable[[], Any], right: str, absent: Collection[str] = _MISSING
) -> Any:
    """Like `call_aws`, but return None when AWS says that there is no such thing.

    Args:
        absent: the error codes that mean this.
    """

    def tolerant() -> Any:
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in absent:
                return None
            raise

    return call_aws(what, tolerant, right)


_WORDS = re.compile(r"(?P<who>arn:\S+) is not authorized to perform: (?P<what>[\w-]+:\w+)")


def _denied(what: str, said: Any, right: str) -> AwsError | None:
    """Build the error for a caller without permission: who needs what, from the refusal or from `right`."""
    if said.get("Code") not in _DENIED:
        return None
    named = _WORDS.search(str(said.get("Message")))
    who = named["who"] if named else "the caller"
    needed = right or (named["what"] if named else "")
    if not needed:
        return None
    short = f"could not {what}: {who} is not authorized to perform: {needed.split(' ')[0]}"
    return AwsError(short, f"allow {who} {needed} (docs/access.md)")
