"""The timeline of a run: its steps and its waits over one time axis, with the window marked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from reports.model.report import GateReport, Report, StepReport
from reports.page.elements import Bar, Timeline, Tone
from reports.words import common
from runs.lifecycle import RunStatus

_SHARE = 0.03
"""Part of the width that a pause is shortened to."""
_LONG = 0.2
"""A pause is shortened from this part of the time that something ran."""
_DENSE = 0.8
"""A step of several attempts that took less of its time than this was at rest between them."""
_SHORTENED = "Pauses in which nothing ran are shortened: {}."
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Scale:
    """From moments to parts of the width; long pauses are shortened.

    Args:
        knots: moments with their parts of the width, both ascending.
        pauses: how long each shortened pause really was, in seconds.
    """

    knots: tuple[tuple[datetime, float], ...]
    pauses: tuple[float, ...] = ()

    def at(self, moment: datetime) -> float:
        """The part of the width at this moment, from 0 to 1."""
        before, left = self.knots[0]
        for after, right in self.knots[1:]:
            if moment <= after:
                whole = (after - before).total_seconds()
                passed = max(0.0, (moment - before).total_seconds())
                return left + (right - left) * (passed / whole if whole else 0.0)
            before, left = after, right
        return 1.0


def scale_of(spans: Sequence[Span]) -> Scale:
    """The scale over these spans of time, of which there is at least one."""
    busy = _merged(spans)
    worked = sum((end - begin).total_seconds() for begin, end in busy) or 1.0
    gaps = [(later[0] - sooner[1]).total_seconds() for sooner, later in pairwise(busy)]
    long = [gap > max(2.0, _LONG * worked) for gap in gaps]
    room = 1.0 - _SHARE * sum(long)
    usual = worked + sum(gap for gap, is_long in zip(gaps, long, strict=True) if not is_long)
    knots, place = [(busy[0][0], 0.0)], 0.0
    for at, (begin, end) in enumerate(busy):
        if at:
            place += _SHARE if long[at - 1] else room * gaps[at - 1] / usual
            knots.append((begin, place))
        place += room * (end - begin).total_seconds() / usual
        knots.append((end, place))
    return Scale(tuple(knots), tuple(gap for gap, is_long in zip(gaps, long, strict=True) if is_long))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch each other become one."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, max(begin, end)))
    return merged


def timeline_of(report: Report) -> Timeline | None:
    """The timeline of a run; None before its first step."""
    if not report.steps:
        return None
    now = _latest(report)
    rows = sorted(_rows(report, now), key=lambda row: row.span)
    scale = scale_of([row.span for row in rows])
    begins, ends = scale.knots[0][0], scale.knots[-1][0]
    bars = [_bar(row, scale, begins) for row in rows]
    window = report.window
    band = _band(scale, (window.frozen, window.ended or now)) if window else None
    return Timeline(
        caption=f"Steps from {common.clock(begins)} to {common.clock(ends)}",
        bars=bars,
        begins=f"{begins:%H:%M:%S}",
        ends=f"{ends:%H:%M:%S}",
        band=band,
        band_name="the source refuses writes",
        below=list(_below(scale)),
    )


@dataclass(frozen=True)
class _Row:
    name: str
    span: Span
    took: str
    tone: Tone
    note: str = ""
    sparse: bool = False


def _rows(report: Report, now: datetime) -> Iterator[_Row]:
    yield from (_step(step, now, report.outcome) for step in report.steps)
    yield from (_gate(gate, now, report.outcome) for gate in report.gates)


def _step(step: StepReport, now: datetime, outcome: RunStatus) -> _Row:
    ended = max(step.started, step.ended or now)
    sparse = step.attempts > 1 and step.seconds < _DENSE * (ended - step.started).total_seconds()
    between = " in this time" if sparse else ""
    again = f"{step.attempts} attempts{between}" if step.attempts > 1 else ""
    killed = "it did not end" if step.ended is None and outcome is not RunStatus.RUNNING else ""
    note = "; ".join(filter(None, (again, killed, step.error or "")))
    running = step.ended is None and outcome is RunStatus.RUNNING
    tone: Tone = "busy" if running else "bad" if step.error or killed else "plain"
    took = "running" if running else common.duration(step.seconds)
    return _Row(step.name, (step.started, ended), took, tone, note, sparse)


def _gate(gate: GateReport, now: datetime, outcome: RunStatus) -> _Row:
    until = gate.approved or (now if outcome is RunStatus.RUNNING else min(now, gate.until))
    until = max(gate.since, until)
    took = common.duration((until - gate.since).total_seconds())
    note = f"approved by {gate.by}" if gate.approved else "not approved"
    return _Row(f"waiting at {gate.name}", (gate.since, until), took, "plain", note)


def _latest(report: Report) -> datetime:
    """The last moment that the report knows of: where it ends, if the run has not."""
    known = [report.started, *(each.ended or each.started for each in report.steps)]
    known += [gate.approved or gate.since for gate in report.gates]
    known += [change.at for change in report.changes]
    begun = {step.name: step.started for step in report.steps}
    for each in report.progress:
        if each.step in begun:
            known.append(begun[each.step] + timedelta(seconds=each.points[-1].seconds))
    if report.ended and report.outcome is not RunStatus.RUNNING:
        known.append(report.ended)
    return max(known)


def _bar(row: _Row, scale: Scale, begins: datetime) -> Bar:
    start, end = map(scale.at, row.span)
    after = common.duration((row.span[0] - begins).total_seconds())
    began = f"{row.span[0]:%H:%M:%S}, {after} after the start"
    return Bar(row.name, start, end - start, began, row.took, row.tone, row.note, row.sparse)


def _band(scale: Scale, span: Span) -> tuple[float, float]:
    start, end = map(scale.at, span)
    return start, end - start


def _below(scale: Scale) -> Iterator[str]:
    if scale.pauses:
        yield _SHORTENED.format(", ".join(map(common.duration, scale.pauses)))
