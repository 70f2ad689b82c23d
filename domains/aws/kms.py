"""Read KMS keys and their policies. Reads only."""

from dataclasses import dataclass

import boto3

from domains.aws.session import call_aws, call_aws_if_exists, client_of
from domains.http.documented import documented_by_aws


@dataclass(frozen=True)
class Key:
    """A KMS key.

    Args:
        arn: the key's ARN, even when it was looked up by an alias.
        state: `Enabled`, `Disabled`, `PendingDeletion`, …
    """

    arn: str
    state: str

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return self.arn.split(":")[4]


@documented_by_aws
def key(session: boto3.Session, named: str, region: str | None = None) -> Key | None:
    """Look up a key by its ARN, id or alias; None when there is none.

    Args:
        region: the Region of an id or an alias, which belong to the caller's account.

    Raises:
        AwsError: the caller may not read it, or KMS cannot be reached.
    """
    kms = call_aws("use KMS", lambda: client_of(session, "kms", region_of(named) or region))
    what, right = f"look up KMS key {named}", f"kms:DescribeKey on {named}"
    reply = call_aws_if_exists(what, lambda: kms.describe_key(KeyId=named), right)
    if reply is None:
        return None
    return Key(str(reply["KeyMetadata"]["Arn"]), str(reply["KeyMetadata"]["KeyState"]))


@documented_by_aws
def policy(session: boto3.Session, arn: str) -> str:
    """Read the key's policy, a JSON document.

    Raises:
        AwsError: the caller may not read it (one of another account never may), or KMS cannot be reached.
    """
    kms = call_aws("use KMS", lambda: client_of(session, "kms", region_of(arn)))
    reply = call_aws(
        f"read the policy of {arn}",
        lambda: kms.get_key_policy(KeyId=arn, PolicyName="default"),
        f"kms:GetKeyPolicy on {arn}",
    )
    return str(reply["Policy"])


def region_of(named: str) -> str | None:
    """The Region in the ARN of a key; None for an id or an alias."""
    return named.split(":")[3] if named.startswith("arn:") else None
