"""Results of checks."""

from typing import Literal

from configs.plan import Side
from tasks.records.base import Record

Status = Literal["OK", "WARN", "FAIL", "SKIP"]
Group = Literal["account", "bucket", "domains", "indices", "room", "safety", "window"]


class CheckRecord(Record):
    """Result of one check, for one side if the check distinguishes them.

    Args:
        id: stable id `group.word`, as used in the plan's `checks` and in docs/checks.md.
        name: what is checked, in words.
        detail: what was found, in one sentence.
        hint: what to do; empty if nothing.
        items: one line per name, if the finding concerns several.
        source: the document or behaviour behind the rule.
        unknown: whether the check could not decide; the status is then WARN, SKIP if another check says why
            it was not made, or FAIL if the plan requires the check.
        waived: the plan's reason to continue although the check fails; the status is then WARN.
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
    """Preflight of the real migration at this moment."""

    checks: tuple[CheckRecord, ...]

    @property
    def failed(self) -> tuple[CheckRecord, ...]:
        """Checks that would make `migrate` refuse or fail."""
        return tuple(record for record in self.checks if record.status == "FAIL")

    @property
    def to_know(self) -> tuple[CheckRecord, ...]:
        """Checks that warn."""
        return tuple(record for record in self.checks if record.status == "WARN")
