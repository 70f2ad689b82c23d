"""Regions, partitions, ARNs and host names of AWS, checked by their form."""

import re
from dataclasses import dataclass

REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$"
ROLE_ARN_PATTERN = r"^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
SECRET_ARN_PATTERN = (
    r"^arn:(aws|aws-cn|aws-us-gov):secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$"
)
DOMAIN_PATTERN = r"^[a-z][a-z0-9-]{2,27}$"
ROLE_EXAMPLE = "arn:aws:iam::123456789012:role/SnapshotRole"

_MANAGED_HOSTS = (
    re.compile(r"^[a-z0-9-]+\.(?P<region>[a-z0-9-]+)\.es\.amazonaws\.com(\.cn)?$"),
    re.compile(r"^[a-z0-9-]+\.aos\.(?P<region>[a-z0-9-]+)\.on\.aws$"),
)


@dataclass(frozen=True)
class RoleArn:
    """The parts of a role's ARN that decide where the role can be used."""

    partition: str
    account: str


def check_region(value: str) -> str:
    """Accept the code of a Region such as `eu-west-1`; refuse a zone or a Region's long name."""
    if re.fullmatch(REGION_PATTERN, value):
        return value
    if re.fullmatch(REGION_PATTERN[:-1] + "[a-z]$", value):
        raise ValueError(f'this is an Availability Zone; the Region is "{value[:-1]}"')
    raise ValueError('this is not a Region; give a code such as "eu-west-1"')


def region_of_host(host: str) -> str | None:
    """Return the Region in an OpenSearch Service host name, or None for any other host."""
    for pattern in _MANAGED_HOSTS:
        match = pattern.match(host)
        if match:
            return match["region"]
    return None


def partition_of_region(region: str) -> str:
    """Return the partition that a Region belongs to: `aws`, `aws-cn`, `aws-us-gov` or an isolated one."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    match = re.match(r"^us-(iso[a-z]*)-", region)
    return f"aws-{match[1]}" if match else "aws"


def check_role_arn(value: str) -> str:
    """Accept the ARN of an IAM role, with or without a path; name the type of any other ARN."""
    if re.fullmatch(ROLE_ARN_PATTERN, value) and not value.endswith("/"):
        return value
    right = f"give the ARN of an IAM role: {ROLE_EXAMPLE}"
    if re.match(r"^arn:[a-z-]+:sts::[0-9]*:assumed-role/", value):
        raise ValueError("this is the ARN of a session; give the role itself: arn:aws:iam::ACCOUNT:role/NAME")
    other = re.match(r"^arn:[a-z-]+:iam::[0-9]*:(user|group|policy|instance-profile|root)\b", value)
    if other:
        raise ValueError(f"this is the ARN of {_article(other[1])}; {right}")
    if re.match(r"^arn:[a-z-]+:iam::[^:]*:role/", value) and not re.match(
        r"^arn:[^:]*:iam::[0-9]{12}:", value
    ):
        raise ValueError(f"the account in this ARN must have 12 digits; {right}")
    if not value.startswith("arn:"):
        raise ValueError(f"this is not an ARN; {right}")
    raise ValueError(f"this is not the ARN of an IAM role; {right}")


def check_identity_arn(value: str) -> str:
    """Accept the ARN of an IAM user or role; name the type of any other ARN."""
    if re.fullmatch(
        r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:user/[A-Za-z0-9+=,.@_/-]*[A-Za-z0-9+=,.@_-]", value
    ):
        return value
    try:
        return check_role_arn(value)
    except ValueError as error:
        if re.match(r"^arn:[a-z-]+:sts::[0-9]*:assumed-role/", value):
            raise
        raise ValueError(
            "give the ARN of a user or a role: arn:aws:iam::ACCOUNT:user/NAME, arn:aws:iam::ACCOUNT:role/NAME"
        ) from error


def check_key_arn(value: str) -> str:
    """Accept the ARN of a KMS key; not an alias, which a key's own policy cannot be named by."""
    if re.fullmatch(r"arn:(aws|aws-cn|aws-us-gov):kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+", value):
        return value
    raise ValueError("give the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")


def parse_role_arn(value: str) -> RoleArn:
    """Parse a valid role ARN."""
    _, partition, _, _, account, _ = value.split(":", 5)
    return RoleArn(partition, account)


def check_secret_arn(value: str) -> str:
    """Accept the ARN of a Secrets Manager secret. No message repeats the value."""
    if re.fullmatch(SECRET_ARN_PATTERN, value):
        return value
    raise ValueError(
        "give the ARN of a Secrets Manager secret: "
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME-a1b2c3"
    )


def check_domain_name(value: str) -> str:
    """Accept the name of an OpenSearch Service domain; an address belongs under `endpoint`."""
    if re.fullmatch(DOMAIN_PATTERN, value):
        return value
    if "." in value or "/" in value or ":" in value:
        raise ValueError("this looks like an address; `domain` takes the domain's name, `endpoint` its URL")
    raise ValueError(
        "this is not a domain name; use 3 to 28 lowercase letters, digits and hyphens, starting with a letter"
    )


def _article(kind: str) -> str:
    return {"root": "an account", "instance-profile": "an instance profile"}.get(kind, f"a {kind}")
