"""Records of the query gate: what was read, and how each recorded search ranks on both sides."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field

from tasks.records.base import Record

QueryOutcome = Literal["equal", "explained", "different", "not compared"]
"""`explained`: it ranks otherwise, only because of deleted documents that are not merged away yet."""
WORST: tuple[QueryOutcome, ...] = ("different", "not compared", "explained", "equal")
RankKind = Literal["lost", "gained", "moved"]


class Cause(StrEnum):
    """Why a search ranks otherwise on the target."""

    SIMILARITY = "similarity"  # the same terms are scored by other rules
    ANALYSIS = "analysis"  # texts or the query become other terms
    MAPPING = "mapping"
    DOCUMENTS = "documents"  # a document is there, or matches, on one side only
    SHARDS = "shards"  # documents are spread otherwise, so each shard has other statistics
    DELETED = "deleted documents"  # they count in the statistics until they are merged away
    UNKNOWN = "unknown"


class Unusable(Record):
    """Entry of a file that is not run.

    Args:
        place: `line 12`, or `entry 3` of one JSON document.
    """

    place: str
    why: str


class QueriesRead(Record):
    """What a file of recorded searches held.

    Args:
        digest: `sha256:…` of the file.
        kinds: entries of each kind that it held.
        entries: all of them, usable or not.
        distinct: different searches among the usable ones.
        merged: entries that repeat another one.
        sampled_out: different searches beyond the most that are run.
        unusable: entries that are not run, the first of them.
        unusable_count: all of those.
    """

    file: str
    digest: str
    kinds: dict[str, int]
    entries: int
    distinct: int
    merged: int
    sampled_out: int
    unusable: tuple[Unusable, ...]
    unusable_count: int


class RankChange(Record):
    """A document that is not where it was.

    Args:
        index: its index, under its name on the source.
        source_rank, target_rank: from 1; those of a tie share the first of its ranks. None where it is not
            among the best.
        source_score, target_score: None on a side without it, or where the search is sorted by fields.
    """

    index: str
    id: str
    kind: RankKind
    source_rank: int | None = None
    target_rank: int | None = None
    source_score: float | None = None
    target_score: float | None = None


class QueryResult(Record):
    """One recorded search, compared.

    Args:
        place: where its file has it.
        index: the index expression as recorded.
        seen: how often the file has it.
        overlap, rbo: tie-aware, 0 to 1; None where it has no ranks to compare.
        source_total, target_total: hits in all, such as `3` or `at least 10000`; empty if not counted.
        changes: documents lost, gained or moved, the best ranks first.
        more: how many more.
        causes: why the ranks differ, as far as it could be found.
        evidence: what says so, one line each.
        score_difference: largest relative difference of the scores of documents that both sides have.
        parts: what else differs, such as `aggregations`.
        notes: what limits the comparison.
        unranked: whether it is equal without a rank that could be compared, though it asks for hits.
        says_nothing: whether it is equal only because neither side has a rank, an exact number of hits, an
            aggregation or a suggestion that could differ.
        problem: why it was not compared, without the engine's words.
        source_ms, target_ms: median of the engine's `took`; None if it was not timed.
    """

    place: str
    index: str
    seen: int
    outcome: QueryOutcome
    overlap: float | None = None
    rbo: float | None = None
    source_total: str = ""
    target_total: str = ""
    changes: tuple[RankChange, ...] = ()
    more: int = 0
    causes: tuple[Cause, ...] = ()
    evidence: tuple[str, ...] = ()
    score_difference: float | None = None
    parts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unranked: bool = False
    says_nothing: bool = False
    problem: str = ""
    source_ms: float | None = None
    target_ms: float | None = None


class Latency(Record):
    """Times of all timed searches together.

    Args:
        runs: timed runs a side.
        source_p95_ms, target_p95_ms: of the engine's `took`.
        ratio: target to source, where less than the floor counts as the floor.
        most: the plan's `p95_ratio`.
        fails: whether a larger ratio fails the gate; it only warns in a rehearsal.
    """

    runs: int
    source_p95_ms: float
    target_p95_ms: float
    ratio: float
    most: float
    fails: bool = True

    @property
    def is_slower(self) -> bool:
        """Whether the target is slower than the plan lets it be."""
        return self.ratio > self.most


class QueryComparison(Record):
    """All recorded searches of a file, compared. Fails closed: nothing compared is not a success.

    Args:
        top, least_overlap, least_rbo: the plan's conditions.
        counts: searches by outcome.
        unranked: those of the equal ones that ask for hits, and had no rank to compare.
        saying_nothing: those of the equal ones that had nothing to compare at all.
        not_moving: searches of which no index moves; they are no part of the verdict.
        results: the worst first, and only some of the equal ones.
        more: results that are not listed.
        latency: None if nothing was timed.
        untimed: why not, where the plan asks for it.
        untimed_fails: whether that fails the gate.
        seconds: how long it took.
        problem: why nothing was compared at all.
    """

    read: QueriesRead | None
    top: int
    least_overlap: float
    least_rbo: float
    counts: dict[QueryOutcome, int] = Field(default_factory=dict[QueryOutcome, int])
    unranked: int = 0
    saying_nothing: int = 0
    not_moving: int = 0
    results: tuple[QueryResult, ...] = ()
    more: int = 0
    latency: Latency | None = None
    untimed: str = ""
    untimed_fails: bool = False
    seconds: float = 0.0
    problem: str = ""

    @property
    def compared(self) -> int:
        """How many searches were compared, or should have been."""
        return sum(self.counts.values())

    @property
    def failing(self) -> tuple[QueryResult, ...]:
        """The listed searches that fail the gate."""
        return tuple(each for each in self.results if each.outcome in {"different", "not compared"})

    @property
    def is_too_slow(self) -> bool:
        """Whether the target's times fail the gate."""
        return self.latency is not None and self.latency.fails and self.latency.is_slower

    @property
    def passed(self) -> bool:
        """Whether every search was compared, one of them at least says something, and none ranks otherwise
        for a reason that stays."""
        wrong = self.counts.get("different", 0) + self.counts.get("not compared", 0)
        slow = self.is_too_slow or self.untimed_fails
        return not self.problem and self.compared > self.saying_nothing and not wrong and not slow


def worst_first(results: Sequence[QueryResult]) -> list[QueryResult]:
    """The results in the order in which people want to see them."""
    return sorted(
        results,
        key=lambda each: (WORST.index(each.outcome), not each.says_nothing, _likeness(each), -each.seen),
    )


def _likeness(result: QueryResult) -> float:
    return min(1.0 if value is None else value for value in (result.overlap, result.rbo))
