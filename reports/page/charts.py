"""Charts of how far a step had come and how fast, from the samples of its progress."""

from collections.abc import Callable, Iterator, Sequence

from reports.model.report import ProgressPoint, Report, StepProgress
from reports.page.elements import Cell, Chart, Column, Curve, Table
from reports.words import common

_FEWEST = 3
"""Samples that a chart needs; from fewer nobody sees a course."""
_BINS = 40
_ROWS = 8
Point = tuple[float, float]


def charts_of(report: Report) -> Iterator[Chart]:
    """One chart for each step with enough samples in which something moved."""
    for each in report.progress:
        first, last = each.points[0], each.points[-1]
        if len(each.points) >= _FEWEST and last.done > 0 and last.seconds > first.seconds:
            yield chart(each)


def chart(progress: StepProgress) -> Chart:
    """What was done over time, and the rate at which it was."""
    amount = _amounts(progress.unit)
    points = _from_the_start(progress.points)
    done = [(point.seconds, float(point.done)) for point in points]
    ends, total = done[-1][0], max(points[-1].total, points[-1].done)
    rates = list(_rates(done, min(_BINS, len(done) - 1)))
    fastest = max(rate for _, rate in rates)
    mean = done[-1][1] / ends
    took = common.duration(ends)
    return Chart(
        id=f"chart-{progress.step.replace(' ', '-')}",
        title=progress.step,
        summary=f"{_part(done[-1][1], total, progress.unit)} in {took}: {amount(mean)} a second on average, "
        f"{amount(fastest)} at most",
        curves=(
            _curve("done", done, float(total), amount(total)),
            _curve("rate", list(_stairs(rates, ends)), fastest, f"{amount(fastest)}/s"),
        ),
        begins="0 s",
        ends=took,
        table=_table(progress, done, amount),
    )


def _amounts(unit: str) -> Callable[[float], str]:
    if unit == "bytes":
        return lambda value: common.size(round(value))
    return lambda value: f"{common.number(round(value))} {unit}"


def _part(done: float, total: int, unit: str) -> str:
    return (
        common.amount(round(done), total, unit)
        or f"{common.number(round(done))} of {common.number(total)} {unit}"
    )


def _from_the_start(points: Sequence[ProgressPoint]) -> list[ProgressPoint]:
    """With the moment at which the step began, when nothing was done."""
    if points[0].seconds > 0:
        return [ProgressPoint(seconds=0, done=0, total=points[0].total), *points]
    return list(points)


def _rates(done: Sequence[Point], bins: int) -> Iterator[Point]:
    """The mean rate in each of as many equal spans of time: its begin, and units a second."""
    width = done[-1][0] / bins
    for at in range(bins):
        before, after = _at(done, at * width), _at(done, (at + 1) * width)
        yield at * width, max(0.0, after - before) / width


def _at(points: Sequence[Point], seconds: float) -> float:
    """The value at this time, on the straight line between its neighbours."""
    before, low = points[0]
    for after, high in points[1:]:
        if seconds <= after:
            part = (seconds - before) / (after - before) if after > before else 1.0
            return low + (high - low) * part
        before, low = after, high
    return points[-1][1]


def _stairs(rates: Sequence[Point], ends: float) -> Iterator[Point]:
    for (begin, rate), after in zip(rates, [*(begin for begin, _ in rates[1:]), ends], strict=True):
        yield begin, rate
        yield after, rate


def _curve(title: str, points: Sequence[Point], most: float, shown: str) -> Curve:
    ends = points[-1][0]
    places = [
        (seconds / ends * 1000, 100 - min(1.0, value / (most or 1.0)) * 98) for seconds, value in points
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return Curve(title, line, f"{line}L1000 100L{places[0][0]:.1f} 100Z", shown)


def _table(progress: StepProgress, done: Sequence[Point], amount: Callable[[float], str]) -> Table:
    bins = min(_ROWS, len(done) - 1)
    rows: list[Sequence[Cell]] = []
    for begin, rate in _rates(done, bins):
        end = begin + done[-1][0] / bins
        rows.append((common.duration(end), amount(_at(done, end)), f"{amount(rate)}/s"))
    return Table(
        id=f"table-chart-{progress.step.replace(' ', '-')}",
        caption=f"Progress of {progress.step}",
        columns=(
            Column("after", "figure"),
            Column("done", "figure"),
            Column("since the row before", "figure"),
        ),
        rows=rows,
        noun=("moment", "moments"),
    )
