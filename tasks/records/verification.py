"""What level content and the acceptance queries come to."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import field_validator

from tasks.records.base import Record
from tasks.records.resolution import LeftOut, SelectedIndex

Outcome = Literal["equal", "bracketed", "different", "not compared"]

Difference = Literal["missing on the target", "surplus on the target", "other operation", "other content"]


class DocumentDifference(Record):
    """One document that is not the same on both sides.

    Args:
        shard: of the index, where it was compared by shards.
        routing: its custom routing; None without one.
        source_seq_no, target_seq_no: number of its last operation; None on a side that lacks it.
    """

    id: str
    kind: Difference
    shard: int | None = None
    routing: str | None = None
    source_seq_no: int | None = None
    target_seq_no: int | None = None


class Verdict(Record):
    """What the comparison of one index came to.

    `bracketed`: the source was written to since its copy was taken; all that it held then is on the target,
    and what differs are later operations.

    Args:
        source_count, target_count: live documents; None where they could not be read.
        detail: what differs, or why it could not be compared.
        documents: those that were found to differ, as far as they were looked for.
        more: how many others differ that are not named.
    """

    source: str
    target: str
    outcome: Outcome
    source_count: int | None
    target_count: int | None
    shards: int = 0
    detail: str = ""
    documents: tuple[DocumentDifference, ...] = ()
    more: int = 0


class Finding(Record):
    """One thing beside the figures that was compared, of an index or of the domains as a whole.

    `template` tells what indices that are made later will lack; it makes nothing fail.

    Args:
        place: the template's name, or what the query asks; empty for what is an index's own.
        detail: what differs, or why it could not be compared.
    """

    what: Literal["mapping", "setting", "alias", "document", "template", "query"]
    outcome: Outcome
    place: str = ""
    detail: str = ""

    @property
    def fails(self) -> bool:
        """Whether this alone makes a verification fail."""
        return self.outcome != "equal" and self.what != "template"


class IndexContents(Record):
    """What of one index was compared beside its figures.

    Args:
        target: its name on the target.
        findings: one of each kind that was looked at: mapping, setting, alias, document.
        documents: those whose contents differ, or that one side lacks, as far as they are named.
        more: how many others differ that are not named.
    """

    target: str
    findings: tuple[Finding, ...]
    documents: tuple[DocumentDifference, ...] = ()
    more: int = 0

    @property
    def outcome(self) -> Outcome:
        """`different` where anything differs, else `not compared` where anything could not be compared."""
        found = {finding.outcome for finding in self.findings}
        return "different" if "different" in found else "not compared" if "not compared" in found else "equal"


class Contents(Record):
    """Level content, and the answers to the acceptance queries.

    Args:
        indices: one for each that was compared; none below level content.
        general: of the domains as a whole: templates, queries.
    """

    indices: tuple[IndexContents, ...]
    general: tuple[Finding, ...]


class Limit(StrEnum):
    """What an equal outcome does not prove."""

    COUNTS_ONLY = "counts only"
    NO_MARKS = "no marks"  # it is not known how far the source had come before the snapshot
    OTHER_WRITERS = "other writers"  # on the target, or a roll-back of operations on the source
    CLOSED_INDICES = "closed indices"
    NOT_CONTENT = "not content"  # content was not compared at all
    SAMPLE_ONLY = "sample only"  # and not all of it


_LIMITS = {
    "equal counts do not prove": Limit.COUNTS_ONLY,
    "it is not known how far": Limit.NO_MARKS,
    "equal figures up to a mark": Limit.OTHER_WRITERS,
    "closed indices are compared": Limit.CLOSED_INDICES,
    "contents, mappings, settings": Limit.NOT_CONTENT,
    "contents were compared of a sample": Limit.SAMPLE_ONLY,
}
"""How the sentences begin that journals of earlier versions hold."""


class VerificationRecord(Record):
    """The verification of a migration. Anything that is not equal makes it fail.

    Args:
        general: what was compared of the domains as a whole: queries, and at level content templates.
        limits: what an equal outcome does not prove.
    """

    level: str
    verdicts: tuple[Verdict, ...]
    skipped: tuple[LeftOut, ...]
    at: datetime
    general: tuple[Finding, ...] = ()
    limits: tuple[Limit, ...] = ()

    @field_validator("limits", mode="before")
    @classmethod
    def _from_sentences(cls, value: Any) -> Any:
        return [
            next((limit for start, limit in _LIMITS.items() if each.startswith(start)), each)
            for each in value
        ]

    @property
    def passed(self) -> bool:
        """Whether every index that moved was compared and found equal. Nothing to compare is no success."""
        equal = all(verdict.outcome == "equal" for verdict in self.verdicts)
        return bool(self.verdicts) and equal and not self.refuted

    @property
    def bracketed(self) -> bool:
        """Whether all is equal but for later operations on the source, of which there are some."""
        found = {verdict.outcome for verdict in self.verdicts}
        return "bracketed" in found and found <= {"equal", "bracketed"} and not self.refuted

    @property
    def refuted(self) -> tuple[Finding, ...]:
        """What of the domains as a whole makes it fail: queries that are not answered as they should be."""
        return tuple(finding for finding in self.general if finding.fails)

    @property
    def failing(self) -> tuple[Verdict, ...]:
        """The verdicts that are not `equal`."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome != "equal")


def not_compared(
    index: SelectedIndex, why: str, source: int | None = None, target: int | None = None
) -> Verdict:
    """An index that could not be compared, which is a failure."""
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="not compared",
        source_count=source,
        target_count=target,
        detail=f"could not be compared: {why}",
    )
