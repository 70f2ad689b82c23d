"""The plan's `reindex` section: indices that the target copies by `_reindex` instead of from a snapshot."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from configs.auth import PasswordSource, UserName, refuse_literal
from configs.base import Conflict, Settings
from configs.indices import Pattern
from configs.values.endpoints import ENDPOINT_PATTERN, normal_endpoint


class RemoteSettings(Settings):
    """How the target reaches the source for `_reindex`, where that is not as the plan's `source` says."""

    host: Annotated[str, AfterValidator(normal_endpoint)] | None = Field(
        default=None,
        title="Host",
        description="URL of the source as the target's nodes reach it. Default: the source's endpoint.",
        examples=["https://search.example.com"],
        json_schema_extra={"pattern": ENDPOINT_PATTERN},
    )
    username: UserName | None = Field(
        default=None,
        title="User name",
        description="User at the source, for basic authentication. Default: the source's, if its `auth` is "
        "basic.",
        examples=["reader"],
    )
    password: Annotated[PasswordSource, BeforeValidator(refuse_literal)] | None = Field(
        default=None,
        title="Password",
        description="Where to find that user's password; never the password itself.",
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a user without a password, and a password without a user."""
        both = (("username",), ("password",))
        if self.username is not None and self.password is None:
            message = "this key is missing: the user has a password; add {env: NAME} or {secret: ARN}"
            yield Conflict(("password",), message, both)
        if self.username is None and self.password is not None:
            yield Conflict(("username",), "this key is missing: name the user of the password", both)


class ReindexSettings(Settings):
    """Which indices are copied document by document, by `_reindex` from remote, and how."""

    indices: list[Pattern] = Field(
        default=[],
        title="Indices",
        description="Names and patterns, of those that `indices` selects, to copy by `_reindex`; `*` stands "
        "for any characters.",
        examples=[["legacy-*"]],
    )
    too_old: bool = Field(
        default=False,
        title="Too old",
        description="Whether to copy every index by `_reindex` that the target cannot restore, because an "
        "older version created it.",
    )
    remote: RemoteSettings = Field(
        default=RemoteSettings(),
        title="Remote",
        description="How the target reaches the source, if not as `source` says.",
    )
    batch: int = Field(
        default=1000,
        ge=1,
        le=10000,
        title="Batch",
        description="Documents that the target fetches at once, from 1 to 10000; fewer if they are large.",
        examples=[1000],
    )
    requests_per_second: int | None = Field(
        default=None,
        ge=1,
        title="Requests per second",
        description="Documents a second that each index is copied with at most. Default: no limit.",
        examples=[5000],
    )

    @property
    def is_wanted(self) -> bool:
        """Whether any index may be reindexed."""
        return self.too_old or bool(self.indices)
