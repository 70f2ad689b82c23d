"""What a check comes to."""

from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

Status = Literal["OK", "WARN", "FAIL", "SKIP"]
Group = Literal["account", "bucket", "domains", "indices", "room", "safety", "window"]


class CheckRecord(Record):
    """One check's result, for one side where the sides are told apart.

    Args:
        id: stable, `group.word`: the plan's `checks` and docs/checks.md name it so.
        name: what is checked, in words.
        detail: what was found, in one sentence.
        hint: what to do; empty where nothing is to be done.
        items: one line each, where the finding concerns many names.
        source: the document or the behaviour that the rule comes from.
        unknown: it could not be told; the status is then WARN, SKIP where another check tells why it was
            not looked at, or FAIL if the plan requires the check.
        waived: the plan's reason for going on although it fails; the status is then WARN.
    """

    id: str
    group: Group
    name: str
    side: Side | None
    status: Status
    detail: str
    hint: str = ""
    items: tuple[str, ...] = ()
    source: str = ""
    unknown: bool = False
    waived: str = ""


class PreflightRecord(Record):
    """The preflight of the real migration at this moment."""

    checks: tuple[CheckRecord, ...]

    @property
    def failed(self) -> tuple[CheckRecord, ...]:
        """What `migrate` would be refused for, or would stumble over."""
        return tuple(record for record in self.checks if record.status == "FAIL")

    @property
    def to_know(self) -> tuple[CheckRecord, ...]:
        """What the user should know."""
        return tuple(record for record in self.checks if record.status == "WARN")
