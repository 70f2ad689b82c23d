"""The AWS account around a domain: credentials, the control plane, the bucket, secrets. Reads only."""

import logging
import os
import re
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import boto3
import botocore.config
import botocore.exceptions
import botocore.session
from botocore.credentials import Credentials, DeferredRefreshableCredentials

from configs.auth import SigV4Auth
from domains.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_opensearch import OpenSearchServiceClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

DEFAULT_TIMEOUTS = botocore.config.Config(
    connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 4}
)
SHORT_TIMEOUTS = botocore.config.Config(
    connect_timeout=5, read_timeout=15, retries={"mode": "standard", "max_attempts": 2}
)
"""For what helps to judge, and need not be known: nobody waits long for it."""
_SESSION_NAME = "snapferry"
_BUCKET_REGION = "x-amz-bucket-region"
logging.getLogger("botocore.credentials").setLevel(logging.CRITICAL)  # a traceback beside our sentence
_MAKING = threading.Lock()
_MADE: WeakKeyDictionary[Any, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
T = TypeVar("T")


def session(auth: SigV4Auth | None, region: str | None) -> boto3.Session:
    """A boto3 session for these settings: the chain or a profile, and on top of it an assumed role.

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


def _assume(base: boto3.Session, auth: SigV4Auth) -> dict[str, Any]:
    arguments: dict[str, Any] = {"RoleArn": auth.role_arn, "RoleSessionName": _SESSION_NAME}
    if auth.external_id:
        arguments["ExternalId"] = auth.external_id
    sts: STSClient = call_aws(f"assume {auth.role_arn}", lambda: client_of(base, "sts"))
    reply = call_aws(f"assume {auth.role_arn}", lambda: sts.assume_role(**arguments))
    issued = reply["Credentials"]
    return {
        "access_key": issued["AccessKeyId"],
        "secret_key": issued["SecretAccessKey"],
        "token": issued["SessionToken"],
        "expiry_time": issued["Expiration"].isoformat(),
    }


def credentials(session: boto3.Session) -> Credentials:
    """The session's live credentials.

    Raises:
        AwsError: none were found, or the role could not be assumed.
    """
    found = call_aws("find AWS credentials", session.get_credentials)
    if found is None:
        raise AwsError(
            "no AWS credentials were found",
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY, or name a profile under auth",
        )
    call_aws("use the AWS credentials", found.get_frozen_credentials)
    return found


def domain_endpoint(session: boto3.Session, domain: str) -> str:
    """The URL of a domain by its name, public or inside a VPC.

    Raises:
        AwsError: not found, not readable, or it has no endpoint yet.
    """
    client: OpenSearchServiceClient = call_aws(
        f"look up domain {domain}", lambda: client_of(session, "opensearch")
    )
    reply = call_aws(f"look up domain {domain}", lambda: client.describe_domain(DomainName=domain))
    status = reply["DomainStatus"]
    host = status.get("Endpoint") or (status.get("Endpoints") or {}).get("vpc")
    if not host:
        raise AwsError(f"domain {domain} has no endpoint yet", "wait until its creation has finished")
    return f"https://{host}"


def bucket_region(session: boto3.Session, bucket: str) -> str | None:
    """The Region a bucket lives in; None when it cannot be told (no rights, no such bucket, no answer)."""
    try:
        client: S3Client = client_of(session, "s3")
        reply = client.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError as error:
        return region_in_refusal(error)
    except botocore.exceptions.BotoCoreError:
        return None
    return region_in_reply(reply)


def region_in_reply(reply: Mapping[str, Any]) -> str | None:
    """The Region that S3's answer to a look at a bucket tells; None when it tells none."""
    return reply.get("BucketRegion") or reply["ResponseMetadata"]["HTTPHeaders"].get(_BUCKET_REGION)


def region_in_refusal(error: botocore.exceptions.ClientError) -> str | None:
    """The same of a refusal, which tells it too."""
    return error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_BUCKET_REGION)


def secret(reference_env: str | None, reference_arn: str | None) -> str:
    """The value of a secret reference: an environment variable, or a Secrets Manager ARN.

    Raises:
        AwsError: the variable is not set, or the secret cannot be read. The value is in no message.
    """
    if reference_env is not None:
        value = os.environ.get(reference_env)
        if not value:
            raise AwsError(
                f"environment variable {reference_env} is not set", f"export {reference_env}=… and run again"
            )
        return value
    arn = reference_arn or ""
    region = arn.split(":")[3] if arn.count(":") >= 6 else None
    client = call_aws(
        f"read secret {arn}", lambda: client_of(boto3.Session(region_name=region), "secretsmanager")
    )
    reply = call_aws(f"read secret {arn}", lambda: client.get_secret_value(SecretId=arn))
    if "SecretString" not in reply:
        raise AwsError(f"secret {arn} holds no text", "store the password as the secret's text")
    return str(reply["SecretString"])


def client_of(
    session: Any, service: str, region: str | None = None, timeouts: botocore.config.Config = DEFAULT_TIMEOUTS
) -> Any:
    """A client with our timeouts, made once; safe to call from several threads, which boto3's own way is not.

    boto3 makes its classes at run time: callers name the type they expect. Clients may be shared by threads.

    Args:
        region: another Region than the session's.
        timeouts: `SHORT_TIMEOUTS` for what nobody should wait long for.
    """
    key = (service, region, timeouts is SHORT_TIMEOUTS)
    with _MAKING:
        made = _MADE.setdefault(session, {})
        if key not in made:
            made[key] = session.client(service, region_name=region, config=timeouts)
        return made[key]


def call_aws(what: str, call: Callable[[], T], right: str = "") -> T:
    """What the call returns.

    Args:
        what: what is done, as in "could not …".
        right: the IAM action that is needed, and on what: named where the caller lacks it.

    Raises:
        AwsError: in words, with what was asked.
    """
    try:
        return call()
    except botocore.exceptions.ProfileNotFound as error:
        raise AwsError(f"could not {what}: {error}", "check auth.profile and ~/.aws/config") from error
    except botocore.exceptions.ClientError as error:
        said = error.response.get("Error", {})
        denied = _denied(what, said, right)
        raise denied or AwsError(f"could not {what}: {said.get('Code')}: {said.get('Message')}") from error
    except botocore.exceptions.BotoCoreError as error:
        raise AwsError(f"could not {what}: {error}") from error


_MISSING = {"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "NotFoundException"}


def call_aws_if_exists(
    what: str, call: Callable[[], Any], right: str, absent: Collection[str] = _MISSING
) -> Any:
    """What the call returns, None when AWS says that there is no such thing. The rest is as of `call_aws`.

    Args:
        absent: the error codes by which it says so.
    """

    def tolerant() -> Any:
        try:
            return call()
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in absent:
                return None
            raise

    return call_aws(what, tolerant, right)


_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "MethodNotAllowed"}
_WORDS = re.compile(r"(?P<who>arn:\S+) is not authorized to perform: (?P<what>[\w-]+:\w+)")


def _denied(what: str, said: Any, right: str) -> AwsError | None:
    """The error of a caller who may not: who must be allowed what, by the refusal's words or by `right`."""
    if said.get("Code") not in _DENIED:
        return None
    named = _WORDS.search(str(said.get("Message")))
    who = named["who"] if named else "the caller"
    needed = right or (named["what"] if named else "")
    if not needed:
        return None
    short = f"could not {what}: {who} is not authorized to perform: {needed.split(' ')[0]}"
    return AwsError(short, f"allow {who} {needed} (docs/access.md)")
