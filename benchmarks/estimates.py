"""Check that the projected range holds the actual duration: rehearse, then migrate, on the lab.

Run with `python -m benchmarks estimates`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.moving import lab_and_folder, lab_plan
from benchmarks.table import machine
from configs.plan import Plan
from lab.description import LabDescription
from lab.filling.load import load
from lab.reset import empty_engine, reset
from reports.model.report import EstimateReport
from reports.words import common

BEGIN, END = "<!-- results begin -->", "<!-- results end -->"
HEADER = ("size", "rehearsal", "projected", "real run", "inside", "projected window", "window", "inside")
ENOUGH = 0.8


@dataclass(frozen=True)
class Size:
    """How much data the lab's source holds, and how often it is rehearsed and migrated."""

    name: str
    documents: int
    small_indices: int
    runs: int


SIZES = (
    Size("small", 6_000, 0, 4),
    Size("many indices", 20_000, 120, 3),
    Size("large", 300_000, 0, 3),
)
TINY = (Size("tiny", 2_000, 0, 1),)
WARM_UP = Size("warm-up", 2_000, 0, 1)


@dataclass(frozen=True)
class Result:
    """One rehearsal and the migration after it.

    Args:
        size: in words.
        rehearsed: seconds of the rehearsal's own job.
        projection: of the real run, from the rehearsal's report.
        actual: the real run's own estimate, with its actual duration.
    """

    size: str
    rehearsed: float
    projection: EstimateReport
    actual: EstimateReport

    @property
    def inside(self) -> bool:
        """Whether the projected range holds the real run's duration."""
        return self.projection.low <= (self.actual.seconds or 0.0) <= self.projection.high

    @property
    def window_inside(self) -> bool:
        """The same for the window."""
        made = self.projection
        return made.window_low <= (self.actual.window_seconds or 0.0) <= made.window_high

    def cells(self) -> tuple[str, ...]:
        """The row in words."""
        made = self.projection
        return (
            self.size,
            common.duration(self.rehearsed),
            common.span(made.low, made.high),
            common.duration(self.actual.seconds or 0.0),
            "yes" if self.inside else "no",
            common.span(made.window_low, made.window_high),
            common.duration(self.actual.window_seconds or 0.0),
            "yes" if self.window_inside else "no",
        )


def measured(sizes: Sequence[Size]) -> Iterator[Result]:
    """Rehearse and migrate each size as often as it says, each time with an empty target and state."""
    with lab_and_folder() as (lab, _):
        list(_of_size(lab, WARM_UP))  # engines that have just started are slower than domains in use
        for size in sizes:
            yield from _of_size(lab, size)


def _of_size(lab: LabDescription, size: Size) -> Iterator[Result]:
    reset(lab)
    load(lab, size.documents, size.small_indices)
    for number in range(size.runs):
        empty_engine(lab.target)
        name = f"bench-{size.name.replace(' ', '-')}-{number}"
        with tempfile.TemporaryDirectory() as state:
            yield _one(lab, size, lab_plan(lab, name), Path(state))


def _one(lab: LabDescription, size: Size, plan: Plan, state: Path) -> Result:
    from flows.chains import migrate, rehearse
    from flows.sessions.begin_or_resume import Request
    from flows.sessions.options import RunOptions
    from reports.build.report import report_of
    from runs.state import State

    for chain in (rehearse, migrate):
        chain.run(Request(plan, RunOptions(state=state)))
    real, rehearsed = (report_of(journal.document) for journal in State(state, plan.name).journals())
    assert real.outcome == rehearsed.outcome == "done"
    assert real.estimate is not None
    assert rehearsed.rehearsal is not None
    assert rehearsed.rehearsal.projection is not None
    what = f"{size.name}: {real.totals.indices} indices, {common.size(real.totals.bytes)}"
    return Result(what, rehearsed.rehearsal.seconds, rehearsed.rehearsal.projection, real.estimate)


def markdown(results: Sequence[Result]) -> str:
    """The table and a summary."""
    inside = sum(result.inside for result in results)
    windows = sum(result.window_inside for result in results)
    widest = max(result.projection.high / result.projection.low for result in results)
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    lines += ["| " + " | ".join(result.cells()) + " |" for result in results]
    summary = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}: the range held the actual duration in "
        f"{inside} of {len(results)} runs, the window in {windows}; the widest high was {widest:.2f} times "
        "its low."
    )
    return "\n".join([summary, "", *lines]) + "\n"


def written(document: str, results: Sequence[Result]) -> str:
    """Replace the results between the document's markers.

    Raises:
        ValueError: the document has no markers.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document lacks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{markdown(results)}\n{END}{after}"


def good_enough(results: Sequence[Result]) -> bool:
    """Whether eight of ten ranges held the actual duration, and none is wider than from one to two."""
    narrow = all(result.projection.high <= 2 * result.projection.low + 0.01 for result in results)
    return narrow and sum(result.inside for result in results) >= ENOUGH * len(results)
