"""The query gate: run every recorded search on both sides, compare, and look for causes. Reads only.

docs/queries.md says what it proves and what not.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from configs.verify import QueriesSettings, QueryConditions
from domains.domain import Domain
from domains.engine.catalog import catalog
from domains.engine.comparison.documents import page_sizes
from domains.errors import DomainError
from runs.progress import Progress, report_progress
from tasks.errors import PreconditionError
from tasks.queries.causes import Causes
from tasks.queries.comparing import ComparedSearch, compare_search
from tasks.queries.latency import latency, timed, with_times
from tasks.queries.names import Scope
from tasks.queries.recorded import RecordedQuery
from tasks.queries.sides import SearchedSides, sides_of
from tasks.queries.sources.read import Recorded, read_queries
from tasks.records.queries import (
    Latency,
    QueriesRead,
    QueryComparison,
    QueryOutcome,
    QueryResult,
    worst_first,
)
from tasks.records.resolution import SelectedIndex

Timing = Literal["judged", "told", "none"]
"""What becomes of times: a slow target fails the gate, is only told, or nothing is timed."""
LISTED = 100
"""Results that a record lists; of more, the worst."""
_EXAMINED = 50
"""Searches whose causes are looked for, at most: each takes a few requests."""
_NOT_EXAMINED = "causes were looked for in the first differing searches only"
NO_TIMES = "no search could be timed on both sides"
UNTIMED = "nothing is timed inside a window: copies that were just opened are cold"


@dataclass(frozen=True)
class QueryGate:
    """What the gate runs, and on what.

    Args:
        indices: those that are compared, each with its name on both sides; closed ones answer no search.
        timing: what becomes of the times, where the conditions have one.
        step: the step whose progress it reports.
    """

    source: Domain
    target: Domain
    indices: tuple[SelectedIndex, ...]
    conditions: QueryConditions
    timing: Timing = "judged"
    step: str = "compare queries"


def file_of(settings: QueriesSettings) -> Path:
    """The file of recorded searches that a plan names.

    Raises:
        PreconditionError: its name is relative, and there is no plan file that it could stand beside.
    """
    file = Path(settings.from_)
    if not file.is_absolute():
        raise PreconditionError(
            f"queries.from is {settings.from_}, and this plan is no file that it could be relative to",
            hint="give the whole path of a file where the run works, such as /etc/snapferry/searches.ndjson",
        )
    return file


def compare_queries(gate: QueryGate, recorded: Recorded) -> QueryComparison:
    """Run all recorded searches on both sides, one after the other, and compare them. May be repeated.

    Raises:
        DomainError: transient errors only; any other makes the searches concerned `not compared`.
    """
    began = time.monotonic()
    try:
        made = _compared(gate, recorded)
    except DomainError as error:
        if error.transient:
            raise
        made = not_run(gate.conditions, error.message, recorded.read)
    return made.model_copy(update={"seconds": round(time.monotonic() - began, 3)})


def not_run(conditions: QueryConditions, why: str, read: QueriesRead | None = None) -> QueryComparison:
    """The record of a gate that could not compare anything; it fails."""
    return QueryComparison(
        read=read,
        top=conditions.top,
        least_overlap=conditions.overlap,
        least_rbo=conditions.rbo,
        problem=why,
    )


def compare_file(gate: QueryGate, settings: QueriesSettings) -> QueryComparison:
    """Like `compare_queries`, for the file that a plan names. A file that cannot be used fails the gate.

    Raises:
        DomainError: transient errors only.
    """
    try:
        recorded = read_queries(file_of(settings))
    except PreconditionError as error:
        return not_run(settings.compare, str(error))
    return compare_queries(gate, recorded)


def _compared(gate: QueryGate, recorded: Recorded) -> QueryComparison:
    opened = tuple(index for index in gate.indices if index.open)
    scope = Scope(opened, catalog(gate.source))
    meant = [(query, *scope.meant(query.index)) for query in recorded.queries]
    run = [(query, indices, others) for query, indices, others in meant if indices]
    running = _Running(gate, sides_of(gate.source, gate.target, opened), len(run))
    results = [running.run(*each) for each in run]
    conditions = gate.conditions
    counts: Counter[QueryOutcome] = Counter(each.outcome for each in results)
    ordered = worst_first(results)
    found = running.latency()
    untimed = "" if conditions.p95_ratio is None or found else _untimed(gate.timing)
    return QueryComparison(
        read=recorded.read,
        top=conditions.top,
        least_overlap=conditions.overlap,
        least_rbo=conditions.rbo,
        counts=dict(counts),
        unranked=sum(each.unranked for each in results),
        saying_nothing=sum(each.says_nothing for each in results),
        not_moving=len(meant) - len(run),
        results=tuple(ordered[:LISTED]),
        more=max(0, len(ordered) - LISTED),
        latency=found,
        untimed=untimed,
        untimed_fails=bool(untimed) and gate.timing == "judged",
        problem="" if run else "none of the recorded searches is about an open index that is compared",
    )


def _untimed(timing: Timing) -> str:
    return UNTIMED if timing == "none" else NO_TIMES


class _Running:
    """Runs one search after the other, and keeps the times of all."""

    def __init__(self, gate: QueryGate, sides: SearchedSides, total: int) -> None:
        self._gate = gate
        self._sides = sides
        self._causes = Causes(sides)
        self._total = total
        self._done = self._examined = 0
        self._times: tuple[list[int], list[int]] = ([], [])
        self._windows: dict[str, int] = {}

    def run(self, query: RecordedQuery, indices: Sequence[SelectedIndex], others: int) -> QueryResult:
        """Run one search on both sides; whatever else it meant on the source is noted."""
        if others:
            note = f"it also means {others} {'index' if others == 1 else 'indices'} that are not compared"
            query = replace(query, notes=(*query.notes, note))
        conditions = self._gate.conditions
        found = compare_search(self._sides, query, indices, conditions, self._window(indices))
        if found.result.outcome == "different" and not found.result.problem:
            found = self._explained(found)
        if conditions.p95_ratio is not None and self._gate.timing != "none" and not found.result.problem:
            times = timed(self._sides, found)
            self._times[0].extend(times.source)
            self._times[1].extend(times.target)
            found = with_times(found, times, judged=self._gate.timing == "judged")
        self._done += 1
        report_progress(Progress(self._gate.step, "comparing searches", self._done, self._total, "searches"))
        return found.result

    def _explained(self, found: ComparedSearch) -> ComparedSearch:
        self._examined += 1
        if self._examined > _EXAMINED:
            return found.with_result(evidence=(_NOT_EXAMINED,))
        return self._causes.explained(found)

    def _window(self, indices: Iterable[SelectedIndex]) -> int:
        """How many hits the indices let one search return, on both sides."""
        unread = [index for index in indices if index.name not in self._windows]
        if unread:
            source = page_sizes(self._gate.source, [index.name for index in unread])
            target = page_sizes(self._gate.target, [index.target for index in unread])
            for index in unread:
                self._windows[index.name] = min(source[index.name], target[index.target])
        return min(self._windows[index.name] for index in indices)

    def latency(self) -> Latency | None:
        """The times of all searches together."""
        most = self._gate.conditions.p95_ratio
        if most is None:
            return None
        return latency(*self._times, most, fails=self._gate.timing == "judged")
