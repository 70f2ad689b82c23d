"""Records of a verification: verdicts, contents, acceptance queries."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import field_validator

from tasks.records.base import Record
from tasks.records.queries import QueryComparison
from tasks.records.resolution import LeftOut, SelectedIndex

Outcome = Literal["equal", "as recorded", "bracketed", "different", "not compared"]
PASSING: frozenset[Outcome] = frozenset({"equal", "as recorded"})

Difference = Literal["missing on the target", "surplus on the target", "other operation", "other content"]


class DocumentDifference(Record):
    """One document that differs between the sides.

    Args:
        shard: shard of the index, if it was compared by shard.
        routing: its custom routing; None if it has none.
        source_seq_no, target_seq_no: sequence number of its last operation; None on a side that lacks it.
    """

    id: str
    kind: Difference
    shard: int | None = None
    routing: str | None = None
    source_seq_no: int | None = None
    target_seq_no: int | None = None


class ShardFigures(Record):
    """Figures of one shard at the verification, or of a whole index at level counts.

    Args:
        documents: live documents; of a closed index, Lucene documents.
        sum: of their sequence numbers; None if it was not read, or is too large to be exact.
        last: the largest of these numbers; of a closed index, the number of the last operation.
    """

    documents: int
    sum: int | None = None
    last: int | None = None


FiguresKind = Literal["operations", "closed", "counts"]


class Figures(Record):
    """What was read of one index when it was verified: enough to read it again, and to see what has changed.

    Args:
        kind: of open shards, of closed shards, or only a count of the whole index.
        source, target: one for each shard, in order; `source` is empty where there is no source.
        source_uuid, target_uuid: the index on each side; empty if it is not known.
    """

    kind: FiguresKind
    source: tuple[ShardFigures, ...]
    target: tuple[ShardFigures, ...]
    source_uuid: str = ""
    target_uuid: str = ""


class Verdict(Record):
    """Verdict on one index.

    `as recorded`: there is no source; every shard was restored completely, as the snapshot's record has it.
    `bracketed`: the source was written to after its copy was taken; the target has everything from before,
    and only later operations differ.

    Args:
        source_count, target_count: live documents; None if they could not be read.
        detail: what differs, or why it could not be compared.
        documents: documents found to differ, as far as they were searched for.
        more: how many more differ but are not listed.
        figures: what it was judged by, for a certificate; None where none were read, as in earlier journals.
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
    figures: Figures | None = None


class Finding(Record):
    """Comparison beyond the figures, of an index or of the domains as a whole.

    `template` says what indices created later will lack; it fails nothing.

    Args:
        place: the template's name, or the query; empty for findings about an index itself.
        detail: what differs, or why it could not be compared.
    """

    what: Literal["mapping", "setting", "alias", "document", "template", "query"]
    outcome: Outcome
    place: str = ""
    detail: str = ""

    @property
    def fails(self) -> bool:
        """Whether this finding alone fails a verification."""
        return self.outcome != "equal" and self.what != "template"


class IndexContents(Record):
    """Comparison of one index beyond its figures.

    Args:
        target: its name on the target.
        findings: one for each kind compared: mapping, setting, alias, document.
        documents: listed documents that differ or that one side lacks.
        more: how many more differ but are not listed.
    """

    target: str
    findings: tuple[Finding, ...]
    documents: tuple[DocumentDifference, ...] = ()
    more: int = 0

    @property
    def outcome(self) -> Outcome:
        """`different` if anything differs, else `not compared` if any comparison failed, else `equal`."""
        found = {finding.outcome for finding in self.findings}
        return "different" if "different" in found else "not compared" if "not compared" in found else "equal"


class Contents(Record):
    """Results of level content and of the acceptance queries.

    Args:
        indices: one per compared index; empty below level content.
        general: findings about the domains as a whole: templates, queries.
    """

    indices: tuple[IndexContents, ...]
    general: tuple[Finding, ...]


class Limit(StrEnum):
    """Limit of a verification: something that an equal outcome does not prove."""

    COUNTS_ONLY = "counts only"
    NO_MARKS = "no marks"  # the source's marks before the snapshot are unknown
    OTHER_WRITERS = "other writers"  # on the target, or a roll-back of operations on the source
    CLOSED_INDICES = "closed indices"
    NOT_CONTENT = "not content"  # contents were not compared
    RECORD_ONLY = "record only"  # there was no source to compare with
    OPENED = "opened"  # which indices were closed is unknown: all are open
    SAMPLE_ONLY = "sample only"  # contents were compared only in a sample
    REPAIRED = "repaired"  # documents were repaired, so somebody had changed the target


_LIMITS = {
    "equal counts do not prove": Limit.COUNTS_ONLY,
    "it is not known how far": Limit.NO_MARKS,
    "equal figures up to a mark": Limit.OTHER_WRITERS,
    "closed indices are compared": Limit.CLOSED_INDICES,
    "contents, mappings, settings": Limit.NOT_CONTENT,
    "contents were compared of a sample": Limit.SAMPLE_ONLY,
}
"""Beginnings of the sentences in journals of earlier versions."""


class VerificationRecord(Record):
    """Verification of a migration. Anything that is not equal fails it.

    Args:
        general: findings about the domains as a whole: queries and, at level content, templates.
        limits: what an equal outcome does not prove.
        queries: the query gate; None where the plan names no recorded searches.
    """

    level: str
    verdicts: tuple[Verdict, ...]
    skipped: tuple[LeftOut, ...]
    at: datetime
    general: tuple[Finding, ...] = ()
    limits: tuple[Limit, ...] = ()
    queries: QueryComparison | None = None

    @field_validator("limits", mode="before")
    @classmethod
    def _from_sentences(cls, value: Any) -> Any:
        return [
            next((limit for start, limit in _LIMITS.items() if each.startswith(start)), each)
            for each in value
        ]

    @property
    def passed(self) -> bool:
        """Whether every moved index was compared and equal. Nothing to compare is not a success."""
        equal = all(verdict.outcome in PASSING for verdict in self.verdicts)
        return bool(self.verdicts) and equal and not self.refuted and self.queries_pass

    @property
    def bracketed(self) -> bool:
        """Whether the only differences are later operations on the source, and there are some."""
        found = {verdict.outcome for verdict in self.verdicts}
        return (
            "bracketed" in found
            and found <= {"equal", "bracketed"}
            and not self.refuted
            and self.queries_pass
        )

    @property
    def queries_pass(self) -> bool:
        """Whether the query gate passes, or there is none."""
        return self.queries is None or self.queries.passed

    @property
    def refuted(self) -> tuple[Finding, ...]:
        """Findings about the domains as a whole that fail it: queries with wrong answers."""
        return tuple(finding for finding in self.general if finding.fails)

    @property
    def failing(self) -> tuple[Verdict, ...]:
        """Verdicts that fail a verification."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome not in PASSING)


def not_compared(
    index: SelectedIndex, why: str, source: int | None = None, target: int | None = None
) -> Verdict:
    """Make the verdict for an index that could not be compared; it counts as a failure."""
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="not compared",
        source_count=source,
        target_count=target,
        detail=f"could not be compared: {why}",
    )
