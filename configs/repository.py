"""The plan's `repository` section: an S3 bucket, or a shared folder of self-managed clusters."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from configs.auth import RoleArnText
from configs.base import Conflict, Settings, refuse_conflicts
from configs.domain import RegionText
from configs.values.names import (
    BASE_PATH_PATTERN,
    BUCKET_PATTERN,
    REPOSITORY_PATTERN,
    check_base_path,
    check_bucket,
    check_repository_name,
)

Side = Literal["source", "target"]
_NO_KEYS = "a domain reaches the bucket by role_arn; keys are never in the plan"
OWNED_BY_THE_PLAN = {
    "bucket": "write it as repository.bucket",
    "base_path": "write it as repository.base_path",
    "region": "write it as repository.region",
    "endpoint": "see repository.endpoint_fallback, which chooses between region and endpoint; for storage "
    "other than Amazon's, set s3.client.default.endpoint in the clusters' own configuration",
    "role_arn": "write it as repository.role_arn",
    "readonly": "Snapferry sets it: the source writes, the target only reads",
    "location": "write it as repository.location",
    "access_key": _NO_KEYS,
    "secret_key": _NO_KEYS,
    "session_token": _NO_KEYS,
}


def _check_setting(value: object) -> bool | int | str:
    if isinstance(value, (bool, int, str)):
        return value
    raise ValueError("a registration setting is true, false, a whole number or text")


def _check_settings(settings: dict[str, Any]) -> dict[str, Any]:
    owned = [key for key in settings if key in OWNED_BY_THE_PLAN]
    refuse_conflicts(
        Conflict((key,), f"this cannot be set here: {OWNED_BY_THE_PLAN[key]}", ((key,),)) for key in owned
    )
    return settings


def _check_location(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError(
            "give the absolute path of a folder under the clusters' path.repo, such as /mnt/snapshots"
        )
    if ".." in value.split("/") or not value.isprintable():
        raise ValueError("give a plain path, without .. or unprintable characters")
    return value


RepositoryName = Annotated[
    str, AfterValidator(check_repository_name), Field(json_schema_extra={"pattern": REPOSITORY_PATTERN})
]
_NOT_OWNED: dict[str, Any] = {"propertyNames": {"not": {"enum": sorted(OWNED_BY_THE_PLAN)}}}
SettingValue = Annotated[
    bool | int | str,
    PlainValidator(_check_setting),
    WithJsonSchema({"type": ["boolean", "integer", "string"]}),
]
RegistrationSettings = Annotated[
    dict[str, SettingValue],
    AfterValidator(_check_settings),
    Field(json_schema_extra=_NOT_OWNED),
]


class S3Repository(Settings):
    """A bucket to which the source writes snapshots, and from which the target reads them."""

    type: Literal["s3"] = Field(default="s3", title="Type", description="A bucket on Amazon S3.")
    name: RepositoryName = Field(
        title="Name", description="Name under which both sides register the repository.", examples=["orders"]
    )
    bucket: Annotated[str, AfterValidator(check_bucket)] = Field(
        title="Bucket",
        description="Name of the S3 bucket, without s3:// and without a folder.",
        examples=["my-snapshots"],
        json_schema_extra={"pattern": BUCKET_PATTERN},
    )
    region: RegionText | None = Field(
        default=None,
        title="Region of the bucket",
        description="Region of the bucket. Looked up if omitted.",
        examples=["us-east-1"],
    )
    base_path: Annotated[str, AfterValidator(check_base_path)] = Field(
        default="",
        title="Folder",
        description="Folder in the bucket, without slashes at either end. Empty: the bucket's root.",
        examples=["orders"],
        json_schema_extra={"pattern": BASE_PATH_PATTERN},
    )
    role_arn: RoleArnText | None = Field(
        default=None,
        title="Snapshot role",
        description="Role that the domains assume to reach the bucket. Required if either side uses sigv4.",
        examples=["arn:aws:iam::123456789012:role/SnapshotRole"],
    )
    target_role_arn: RoleArnText | None = Field(
        default=None,
        title="Snapshot role of the target",
        description="The target's own role, for example in another account. Default: `role_arn`.",
        examples=["arn:aws:iam::210987654321:role/SnapshotRole"],
    )
    endpoint_fallback: Literal["auto", "never", "always"] = Field(
        default="auto",
        title="Endpoint in place of Region",
        description="Register with `endpoint` in place of `region`: auto (when the service requires it), "
        "never, always.",
    )
    settings: RegistrationSettings = Field(
        default_factory=dict[str, bool | int | str],
        title="Further settings",
        description="Further registration settings, passed on as they are.",
        examples=[{"server_side_encryption": True, "max_snapshot_bytes_per_sec": "200mb"}],
    )

    @property
    def place(self) -> dict[str, str]:
        """The settings of a registration that say where it lies."""
        return {"bucket": self.bucket, "base_path": self.base_path}

    def role_arn_for(self, side: Side) -> str | None:
        """Return the role that this side registers the repository with."""
        return (self.target_role_arn or self.role_arn) if side == "target" else self.role_arn


class FsRepository(Settings):
    """A shared folder that the nodes of both clusters mount; self-managed clusters only."""

    type: Literal["fs"] = Field(title="Type", description="A shared folder.")
    name: RepositoryName = Field(
        title="Name", description="Name under which both sides register the repository.", examples=["orders"]
    )
    location: Annotated[str, AfterValidator(_check_location)] = Field(
        title="Location",
        description="Absolute path of the folder, under the clusters' `path.repo`.",
        examples=["/mnt/snapshots"],
        json_schema_extra={"pattern": "^/"},
    )
    settings: RegistrationSettings = Field(
        default_factory=dict[str, bool | int | str],
        title="Further settings",
        description="Further registration settings, passed on as they are.",
        examples=[{"compress": True}],
    )

    @property
    def place(self) -> dict[str, str]:
        """The settings of a registration that say where it lies."""
        return {"location": self.location}

    def role_arn_for(self, side: Side) -> str | None:
        """Return None: a folder needs no role."""
        return None


def _type_of(value: object) -> str | None:
    if isinstance(value, Mapping):
        kind = cast("Mapping[str, object]", value).get("type", "s3")
        return kind if isinstance(kind, str) else None
    return getattr(value, "type", None)


Repository = Annotated[
    Annotated[S3Repository, Tag("s3")] | Annotated[FsRepository, Tag("fs")], Discriminator(_type_of)
]
REPOSITORY_TYPES: tuple[str, ...] = ("s3", "fs")
"""The types of the union, the default first."""
