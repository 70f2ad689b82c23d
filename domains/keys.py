"""Keys of KMS. Reads only."""

from dataclasses import dataclass

import boto3
import botocore.exceptions

from domains.aws import ask, client_of


@dataclass(frozen=True)
class Key:
    """A key.

    Args:
        arn: its own, whatever alias it was asked for by.
        state: `Enabled`, `Disabled`, `PendingDeletion`, …
    """

    arn: str
    state: str

    @property
    def account(self) -> str:
        """The account that it is of."""
        return self.arn.split(":")[4]


def key(session: boto3.Session, named: str) -> Key | None:
    """The key of this ARN, id or alias; None when there is none.

    Raises:
        AwsError: the caller may not look, or KMS cannot be reached.
    """
    kms = ask("look at KMS", lambda: client_of(session, "kms", _region(named)))

    def tolerant() -> Key | None:
        try:
            found = kms.describe_key(KeyId=named)["KeyMetadata"]
        except botocore.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NotFoundException":
                return None
            raise
        return Key(str(found["Arn"]), str(found["KeyState"]))

    return ask(f"look up KMS key {named}", tolerant, f"kms:DescribeKey on {named}")


def policy(session: boto3.Session, arn: str) -> str:
    """The key's policy, a JSON document.

    Raises:
        AwsError: the caller may not look (a caller of another account never may), or KMS cannot be reached.
    """
    kms = ask("look at KMS", lambda: client_of(session, "kms", _region(arn)))
    reply = ask(
        f"read the policy of {arn}",
        lambda: kms.get_key_policy(KeyId=arn, PolicyName="default"),
        f"kms:GetKeyPolicy on {arn}",
    )
    return str(reply["Policy"])


def _region(named: str) -> str | None:
    return named.split(":")[3] if named.startswith("arn:") else None
