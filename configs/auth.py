"""Authentication of requests to a domain. A plan refers to secrets and never contains them."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from configs.base import Conflict, Settings
from configs.values.aws import ROLE_ARN_PATTERN, SECRET_ARN_PATTERN, check_role_arn, check_secret_arn

NEVER_IN_THE_PLAN = "secrets are never in the plan: use {env: NAME} or {secret: ARN}"
ENV_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"

RoleArnText = Annotated[
    str, AfterValidator(check_role_arn), Field(json_schema_extra={"pattern": ROLE_ARN_PATTERN})
]


def _check_env(value: str) -> str:
    if not re.fullmatch(ENV_PATTERN, value):
        raise ValueError(
            "give the name of an environment variable: letters, digits and _, not starting with a digit"
        )
    return value


EnvName = Annotated[str, AfterValidator(_check_env)]
SecretArn = Annotated[str, AfterValidator(check_secret_arn)]


def _check_given(value: str) -> str:
    if not value.strip():
        raise ValueError("this is empty; give a value or remove the key")
    return value


def _check_username(value: str) -> str:
    if ":" in value:
        raise ValueError("a user name cannot contain a colon: basic authentication ends the name there")
    return _check_given(value)


def refuse_literal(value: object) -> object:
    """Refuse a secret that is written down.

    Raises:
        ValueError: it is neither {env: NAME} nor {secret: ARN}.
    """
    if isinstance(value, (PasswordSource, Mapping)):
        return cast("object", value)
    raise ValueError(NEVER_IN_THE_PLAN)


UserName = Annotated[str, AfterValidator(_check_username)]


class PasswordSource(
    Settings, json_schema_extra={"oneOf": [{"required": ["env"]}, {"required": ["secret"]}]}
):
    """Where to find the password: exactly one of the two."""

    env: EnvName | None = Field(
        default=None,
        title="Environment variable",
        description="Name of the environment variable that holds the password.",
        examples=["SOURCE_PASSWORD"],
        json_schema_extra={"type": "string", "pattern": ENV_PATTERN},
    )
    secret: SecretArn | None = Field(
        default=None,
        title="Secret",
        description="ARN of the AWS Secrets Manager secret that holds the password.",
        examples=["arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-a1b2c3"],
        json_schema_extra={"type": "string", "pattern": SECRET_ARN_PATTERN},
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a conflict unless exactly one of the two is given."""
        if (self.env is None) == (self.secret is None):
            yield Conflict((), "give exactly one of {env: NAME} and {secret: ARN}")


class SigV4Auth(Settings):
    """Sign requests with AWS credentials (SigV4, service `es`), found the way boto3 finds them."""

    type: Literal["sigv4"] = Field(title="Type", description="Sign every request with AWS credentials.")
    profile: Annotated[str, AfterValidator(_check_given)] | None = Field(
        default=None,
        title="Profile",
        description="Profile in the AWS configuration files. Default: boto3's usual lookup order.",
        examples=["production"],
    )
    role_arn: RoleArnText | None = Field(
        default=None,
        title="Role to assume",
        description="Role to assume first, for example in the domain's account.",
        examples=["arn:aws:iam::123456789012:role/Migration"],
    )
    external_id: Annotated[str, AfterValidator(_check_given)] | None = Field(
        default=None,
        title="External ID",
        description="External ID that the role's trust policy requires. Needs `role_arn`.",
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a conflict when there is an external ID but no role to assume."""
        if self.external_id is not None and self.role_arn is None:
            message = "an external ID is only used to assume a role: add role_arn, or remove it"
            yield Conflict(("external_id",), message, (("external_id",), ("role_arn",)))


class BasicAuth(Settings):
    """User name and password: a self-managed cluster, or a domain's internal users."""

    type: Literal["basic"] = Field(title="Type", description="Send a user name and a password.")
    username: UserName = Field(title="User name", description="Name of the user.", examples=["migrator"])
    password: Annotated[PasswordSource, BeforeValidator(refuse_literal)] = Field(
        title="Password", description="Where to find the password; never the password itself."
    )


class NoAuth(Settings):
    """Send requests without credentials."""

    type: Literal["none"] = Field(title="Type", description="Send no credentials.")


Auth = Annotated[SigV4Auth | BasicAuth | NoAuth, Field(discriminator="type")]
