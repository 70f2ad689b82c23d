"""The plan's `state` section: journals and locks in S3, so that several machines can work on one plan."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field

from configs.auth import SigV4Auth
from configs.base import Conflict, Settings
from configs.domain import RegionText
from configs.repository import FsRepository, S3Repository
from configs.values.durations import Duration
from configs.values.names import check_base_path, check_bucket

ADDRESS_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/]+(/[^/]+)*$"
_SCHEME = "s3://"
_FORM = "give s3://BUCKET/PREFIX; a folder is named by --state or SNAPFERRY_STATE"
_SHORTEST, _LONGEST = timedelta(seconds=3), timedelta(minutes=10)


def is_shared(address: str) -> bool:
    """Whether this is an address in S3, or was meant to be, and no folder."""
    return address.lower().startswith("s3:")


def check_address(value: str) -> str:
    """Accept the address of a state in S3; a slash at its end is dropped."""
    if not value.startswith(_SCHEME):
        raise ValueError(_FORM)
    bucket, _, prefix = value.removeprefix(_SCHEME).rstrip("/").partition("/")
    check_bucket(bucket)
    if not prefix:
        raise ValueError(f"the bucket alone is not enough, as other things may be there; {_FORM}")
    check_base_path(prefix)
    if not re.fullmatch(r"[\w!.*'()/=@+-]+", prefix) or {".", ".."} & {*prefix.split("/")}:
        raise ValueError("use letters, digits, and any of ! _ . * ' ( ) = @ + - in the prefix")
    return f"{_SCHEME}{bucket}/{prefix}"


def _check_lease(value: timedelta) -> timedelta:
    if not _SHORTEST <= value <= _LONGEST:
        raise ValueError("give between 3s and 10m")
    return value


def as_settings(value: object) -> object:
    """Take an address alone for settings with that address."""
    if isinstance(value, Mapping | StateSettings):
        return cast("object", value)
    if isinstance(value, str):
        return {"address": value}
    raise ValueError(_FORM)


class StateSettings(Settings):
    """Where the state is, in S3."""

    address: Annotated[str, AfterValidator(check_address)] = Field(
        title="Address",
        description="Where journals, locks, approvals and reports are kept: s3://BUCKET/PREFIX.",
        examples=["s3://my-migrations/snapferry"],
        json_schema_extra={"pattern": ADDRESS_PATTERN},
    )
    region: RegionText | None = Field(
        default=None,
        title="Region",
        description="The bucket's Region. Without it, S3 is asked.",
        examples=["eu-west-1"],
    )
    auth: SigV4Auth = Field(
        default=SigV4Auth(type="sigv4"),
        title="Authentication",
        description="Whose credentials to use, as for a domain.",
    )
    lease: Annotated[Duration, AfterValidator(_check_lease)] = Field(
        default=timedelta(seconds=60),
        title="Lease",
        description="How long the lock outlives a machine that has died, before another may take over: 3s to "
        "10m.",
        examples=["60s"],
    )

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.address.removeprefix(_SCHEME).partition("/")[0]

    @property
    def prefix(self) -> str:
        """The prefix of all keys, without a slash at its end."""
        return self.address.removeprefix(_SCHEME).partition("/")[2]


State = Annotated[StateSettings, BeforeValidator(as_settings)]


def state_disagreements(
    state: StateSettings | None, repository: S3Repository | FsRepository
) -> Iterator[Conflict]:
    """Yield a conflict where the state is among the snapshots, or they are among the state."""
    if state is None or not isinstance(repository, S3Repository) or repository.bucket != state.bucket:
        return
    snapshots, kept = f"{repository.base_path or ''}/".lstrip("/"), f"{state.prefix}/"
    if kept.startswith(snapshots) or snapshots.startswith(kept):
        message = (
            "this is in the repository's own place; the engine may remove what it does not know there: give "
            "a prefix beside repository.base_path, or another bucket"
        )
        yield Conflict(
            ("state",), message, (("state",), ("repository", "bucket"), ("repository", "base_path"))
        )
