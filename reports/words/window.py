"""The window of a cutover in words."""

from collections.abc import Iterator
from datetime import datetime

from reports.model.seeding import RepointReport, WindowReport
from reports.words.common import clock, counted, duration, names, number, span
from tasks.steps import Phase

WAITING = str(Phase.WAIT)
"""The phase that the estimate does not count."""
_NAMES = 12


def length(report: WindowReport) -> str:
    """When it began and ended, and how."""
    since = clock(report.frozen)
    if report.outcome == "blocking":
        return f"the source has refused writes since {since}; deadline {clock(report.deadline)}"
    if report.outcome == "opening" or report.ended is None or report.seconds is None:
        return f"the source has refused writes since {since}; the target is being opened"
    took = f"the source refused writes for {duration(report.seconds)}, {since} to {_time(report.ended)}"
    limit = f"deadline {_time(report.deadline)}"
    end = "then the target took them" if report.outcome == "open" else "then the cutover was rolled back"
    return f"{took} ({limit}); {end}"


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def phases(report: WindowReport) -> str:
    """Each phase and its time."""
    return (
        ", ".join(f"{phase.name} {duration(phase.seconds)}" for phase in report.phases) or "nothing done yet"
    )


def expectation(report: WindowReport) -> str:
    """The estimate, and whether it was right."""
    low, high = report.expected_low or 0.0, report.expected_high or 0.0
    basis = f"measured in {', '.join(report.expected_from)}" if report.expected_from else "rough estimate"
    text = f"expected {span(low, high)} ({basis})"
    if report.inside is None:
        return text
    waited = sum(phase.seconds for phase in report.phases if phase.name == WAITING)
    net = (report.seconds or 0.0) - waited
    found = "within" if report.inside else "shorter" if net < low else "longer"
    return f"{text}: {found}" + (f" ({duration(net)} without the wait at the gate)" if waited else "")


def refusing(report: WindowReport) -> str:
    """What happened to the source's blocks."""
    before = f"; {len(report.before)} already refused them" if report.before else ""
    if report.outcome in {"blocking", "opening"}:
        return f"indices of the source that refuse writes: {number(len(report.still_blocked))}{before}"
    if report.still_blocked:
        return f"indices of the source that still refuse writes: {number(len(report.still_blocked))}{before}"
    return f"indices of the source that take writes again: {number(len(report.blocked))}{before}"


def clients(report: RepointReport) -> Iterator[str]:
    """Which names and endpoint clients must use from now on."""
    what = [counted(len(report.indices), "index", "indices")]
    for found, one, many in (
        (report.streams, "data stream", "data streams"),
        (list(report.aliases), "alias", "aliases"),
    ):
        what += [f"{counted(len(found), one, many)} ({names(found, _NAMES)})"] if found else []
    yield f"Point your clients at {report.endpoint}: {', '.join(what)}"
    if report.renamed:
        other = [f"{each.source} is {each.target}" for each in report.renamed]
        yield f"  under another name there: {names(other, _NAMES)}"


def health(report: WindowReport) -> str:
    """The target's health after it was opened."""
    waited = duration(report.health_waited or 0.0)
    if not report.not_green:
        return f"green after {waited}"
    late = [f"{name} ({state})" for name, state in report.not_green.items()]
    return f"{number(len(late))} not green after {waited}: {names(late, _NAMES)}"
