"""The plan's `checks` section: which preflight checks are required, and which are waived."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings

IDS = (
    "account.credentials", "account.clock", "account.identity", "account.partition", "account.role",
    "account.role-account", "account.trust", "account.trust-domains", "account.role-rights",
    "account.pass-role", "account.domain-access",
    "bucket.exists", "bucket.region", "bucket.lifecycle", "bucket.encryption", "bucket.object-lock",
    "bucket.ownership", "bucket.path", "bucket.state",
    "domains.dns", "domains.tcp", "domains.tls", "domains.answer", "domains.reads", "domains.blocks",
    "domains.version", "domains.processing", "domains.replication", "domains.clone-upgrade",
    "domains.engine-mode",
    "domains.health", "domains.primaries", "domains.snapshot-running", "domains.access-control",
    "domains.automated-snapshot",
    "indices.selected", "indices.created", "indices.reindex", "indices.closed", "indices.warm",
    "indices.remote-store", "indices.streams", "indices.packages", "indices.plugins", "indices.pipelines",
    "indices.policies",
    "indices.settings", "indices.asked-settings", "indices.unicode", "indices.blocks", "indices.contents",
    "indices.derived-source", "indices.aliases", "indices.names",
    "room.disk", "room.shards", "room.standby", "room.copies", "room.allocation", "room.batches",
    "safety.repository", "safety.writer", "safety.readonly", "safety.snapshot", "safety.consents",
    "window.blocked", "window.release", "window.rollover", "window.auto-create",
)  # fmt: skip
NEVER_WAIVED = frozenset(
    {
        "domains.version",
        "indices.selected",
        "indices.created",
        "indices.reindex",
        "indices.names",
        "indices.unicode",
        "safety.repository",
        "safety.writer",
        "safety.snapshot",
    }
)
"""Checks without which `migrate` could not work, or would overwrite something."""


def checks_named(wanted: str) -> tuple[str, ...]:
    """The ids that a word means: an id, a group such as `window`, or a pattern such as `window.*`.

    Raises:
        ValueError: it means none.
    """
    found = tuple(id for id in IDS if id.split(".")[0] == wanted or fnmatchcase(id, wanted))
    if found:
        return found
    groups = sorted({id.split(".")[0] for id in IDS})
    raise ValueError(_no_such_check(wanted.rstrip("*."), (*IDS, *groups)))


def _check_id(value: str) -> str:
    if value in IDS:
        return value
    raise ValueError(_no_such_check(value, IDS))


def _no_such_check(value: str, known: Sequence[str]) -> str:
    close = get_close_matches(value, known, n=1, cutoff=0.6)
    said = f'did you mean "{close[0]}"?' if close else "docs/checks.md lists them"
    return f"there is no such check; {said}"


def _check_waived(value: str) -> str:
    if _check_id(value) in NEVER_WAIVED:
        raise ValueError("this check cannot be waived: the migration would not work; fix its cause")
    return value


def _check_reason(value: str) -> str:
    if value.strip():
        return value
    raise ValueError("say why it may fail: every report shows the reason")


CheckId = Annotated[str, AfterValidator(_check_id), Field(json_schema_extra={"enum": list(IDS)})]
Waivable = Annotated[str, AfterValidator(_check_waived)]
Reason = Annotated[str, AfterValidator(_check_reason)]


class CheckSettings(Settings):
    """Required and waived preflight checks."""

    require: list[CheckId] = Field(
        default=[],
        title="Required checks",
        description="Checks that must have a result: an unknown result counts as failed.",
        examples=[["account.role-rights", "bucket.lifecycle"]],
    )
    waive: dict[Waivable, Reason] = Field(
        default={},
        title="Waived checks",
        description="Checks that may fail, each with a reason. A failure becomes a warning.",
        examples=[{"bucket.lifecycle": "the rule is for another folder"}],
        json_schema_extra={"propertyNames": {"enum": [each for each in IDS if each not in NEVER_WAIVED]}},
    )

    def disagreements(self) -> Iterator[Conflict]:
        """Yield checks that are both required and waived."""
        for place, name in enumerate(self.require):
            if name in self.waive:
                message = "this check is also under waive; a check is required or waived, not both"
                yield Conflict(("require", place), message, (("require",), ("waive",)))
