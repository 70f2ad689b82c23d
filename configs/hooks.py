"""The plan's `hooks` section: commands, webhooks and people that are notified of a run's events."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from configs.auth import EnvName, SecretArn
from configs.base import Conflict, Settings
from configs.values.durations import PositiveDuration

EventName = Literal[
    "run-started",
    "run-continued",
    "step-started",
    "step-done",
    "gate-waiting",
    "gate-approved",
    "window-opened",
    "verified",
    "done",
    "different",
    "failed",
    "interrupted",
    "refused",
]
_IN_THE_WINDOW: EventName = "window-opened"
URL_PATTERN = r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$"
_SECRET_PART = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-.*|(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_]{20,}")
_BY_REFERENCE = "refer to it by {env: NAME} or {secret: ARN}"


def check_webhook_address(value: str) -> str:
    """Accept the URL of a webhook, with any path and query. No message contains the value."""
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or parts.scheme not in {"http", "https"} or re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("this is not a webhook's address; give one such as https://hooks.example.com/orders")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a webhook's address takes no user name and no password; remove them")
    return value


def _check_open_url(value: str) -> str:
    """Refuse an address that may contain a secret: journals and Prefect show the plan."""
    parts = urlsplit(check_webhook_address(value))
    if parts.query or parts.fragment:
        raise ValueError(f"text after ? or # may be a secret, and a plan contains none: {_BY_REFERENCE}")
    if any(_SECRET_PART.fullmatch(part) for part in parts.path.split("/")):
        raise ValueError(
            f"a part of this address looks like a secret, and a plan contains none: {_BY_REFERENCE}"
        )
    return value


class WebhookAddress(
    Settings,
    json_schema_extra={"oneOf": [{"required": ["url"]}, {"required": ["env"]}, {"required": ["secret"]}]},
):
    """Where to find the webhook's address: exactly one of the three."""

    url: Annotated[str, AfterValidator(_check_open_url)] | None = Field(
        default=None,
        title="URL",
        description="The address, if it contains no secret: no user, no query, no token in its path.",
        examples=["https://hooks.example.com/orders"],
        json_schema_extra={"type": "string", "pattern": URL_PATTERN},
    )
    env: EnvName | None = Field(
        default=None,
        title="Environment variable",
        description="Name of the environment variable that holds the address.",
        examples=["ORDERS_WEBHOOK"],
        json_schema_extra={"type": "string"},
    )
    secret: SecretArn | None = Field(
        default=None,
        title="Secret",
        description="ARN of the AWS Secrets Manager secret that holds the address.",
        examples=["arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook-a1b2c3"],
        json_schema_extra={"type": "string"},
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a conflict unless exactly one of the three is given."""
        if sum(each is not None for each in (self.url, self.env, self.secret)) != 1:
            yield Conflict((), "give exactly one of {url: https://…}, {env: NAME} and {secret: ARN}")


def _refuse_text(value: object) -> object:
    if isinstance(value, WebhookAddress | Mapping):
        return cast("object", value)
    raise ValueError("write {url: https://…}, or {env: NAME} or {secret: ARN} if the address is secret")


class NotifyAddress(Settings, json_schema_extra={"oneOf": [{"required": ["env"]}, {"required": ["secret"]}]}):
    """Where to find the addresses of a notice, as apprise writes them: exactly one of the two.

    They hold secrets, so a plan never contains them.
    """

    env: EnvName | None = Field(
        default=None,
        title="Environment variable",
        description="Name of the environment variable that holds the addresses, separated by spaces.",
        examples=["ORDERS_NOTIFY"],
        json_schema_extra={"type": "string"},
    )
    secret: SecretArn | None = Field(
        default=None,
        title="Secret",
        description="ARN of the AWS Secrets Manager secret that holds them.",
        examples=["arn:aws:secretsmanager:eu-west-1:123456789012:secret:notify-a1b2c3"],
        json_schema_extra={"type": "string"},
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a conflict unless exactly one of the two is given."""
        if (self.env is None) == (self.secret is None):
            yield Conflict((), "give exactly one of {env: NAME} and {secret: ARN}")


def _refuse_notify_text(value: object) -> object:
    if isinstance(value, NotifyAddress | Mapping):
        return cast("object", value)
    raise ValueError("write {env: NAME} or {secret: ARN}: the addresses of notices hold secrets")


def _check_events(value: list[EventName]) -> list[EventName]:
    if not value:
        raise ValueError("the list is empty; give at least one event, such as [failed]")
    return value


def _check_command(value: list[str]) -> list[str]:
    if not value or not value[0].strip():
        raise ValueError("the first entry is the program; give its name or path")
    if any("\0" in each for each in value):
        raise ValueError("an argument cannot contain the character NUL; remove it")
    return value


class Hook(Settings):
    """One command, webhook or notice, and the events that it is for."""

    events: Annotated[list[EventName], AfterValidator(_check_events)] = Field(
        title="Events",
        description="Events to notify it of; docs/gates-and-hooks.md lists them.",
        examples=[["run-started", "done", "failed"]],
        json_schema_extra={"minItems": 1},
    )
    command: Annotated[list[str], AfterValidator(_check_command)] | None = Field(
        default=None,
        title="Command",
        description="A program with its arguments, started without a shell; SNAPFERRY_… variables describe "
        "the event.",
        examples=[["./notify", "--channel", "orders"]],
        json_schema_extra={"type": "array", "items": {"type": "string"}, "minItems": 1},
    )
    webhook: Annotated[WebhookAddress, BeforeValidator(_refuse_text)] | None = Field(
        default=None,
        title="Webhook",
        description="An address that receives one JSON document by POST.",
        examples=[{"env": "ORDERS_WEBHOOK"}],
    )
    notify: Annotated[NotifyAddress, BeforeValidator(_refuse_notify_text)] | None = Field(
        default=None,
        title="Notify",
        description="Receivers of a notice for people by apprise: a chat, mail, a pager.",
        examples=[{"env": "ORDERS_NOTIFY"}],
    )
    timeout: PositiveDuration = Field(
        default=timedelta(seconds=30),
        title="Timeout",
        description="How long it may take before it is killed and counts as failed.",
    )
    on_failure: Literal["fail", "continue"] = Field(
        default="fail",
        title="On failure",
        description="What a failing hook does: fail the run, or only appear in its report. "
        "With notify the default is continue.",
    )

    @model_validator(mode="before")
    @classmethod
    def _people_hold_nothing_up(cls, given: object) -> object:
        """A notice is for people: unless the plan says otherwise, one that does not arrive fails no run."""
        if not isinstance(given, Mapping):
            return given
        keys = cast("Mapping[str, object]", given)
        return {"on_failure": "continue", **keys} if keys.get("notify") is not None else keys

    def may_fail(self, event: EventName) -> bool:
        """Whether the run fails if the hook fails at this event; a notice rolls no window back."""
        return self.on_failure == "fail" and not (self.notify and event == _IN_THE_WINDOW)

    def disagreements(self) -> Iterator[Conflict]:
        """Yield a conflict unless exactly one way is given; yield duplicate events."""
        if sum(each is not None for each in (self.command, self.webhook, self.notify)) != 1:
            yield Conflict((), "give exactly one of command, webhook and notify")
        for place, event in enumerate(self.events):
            if event in self.events[:place]:
                yield Conflict(("events", place), "this event is named twice; remove one", (("events",),))

    def refusals(self) -> Iterator[Conflict]:
        """Yield a notice that would roll a cutover back because people could not be told of its window."""
        if self.notify and self.on_failure == "fail" and _IN_THE_WINDOW in self.events:
            message = f"a notice of {_IN_THE_WINDOW} cannot fail the run: that would roll the window back; "
            message += "write continue, or take the event out"
            yield Conflict(("on_failure",), message, (("events",), ("notify",), ("on_failure",)))
