"""A fleet for people: on a terminal, and as sections for Markdown and the page."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from reports.model.fleet import FleetForecast, FleetPlanReport, FleetReport, WaveReport
from reports.views import layout
from reports.views.fitting import Rows, Section, page
from reports.words import common
from reports.words import fleet as words
from runs.fleets.journal import FleetStatus, PlanStatus

_STYLES = {
    PlanStatus.DONE: "green",
    PlanStatus.STARTED: "bold yellow",
    PlanStatus.WAITING: "",
    PlanStatus.REFUSED: "bold red",
    PlanStatus.DIFFERENT: "bold red",
    PlanStatus.FAILED: "bold red",
    PlanStatus.GIVEN_UP: "bold red",
}


def fleet_view(report: FleetReport, *, every: bool = False) -> RenderableType:
    """Each plan with how it stands, then what failed and why, and how the whole stands.

    Args:
        every: whether to list all plans, not just the first hundred.
    """
    return page(_lines(report, every))


def _lines(report: FleetReport, every: bool) -> Iterator[RenderableType]:
    most = len(report.plans) if every else 5 * layout.ROWS
    table = Rows(("Plan", "Verb", "Wave", "Status", ">Indices", ">Documents", ">Size", ">Took", "Detail"))
    for plan in report.plans[:most]:
        table.add(*_cells(plan))
    if len(report.plans) > most:
        table.below.append(Text(f"… and {len(report.plans) - most} more; --all lists them", "dim"))
    yield table
    if report.blackout:
        yield Text(f"Nothing is started now: {report.blackout}", "yellow")
    for wave in report.waves:
        yield Text(_wave(wave), "dim")
    for plan in report.plans:
        yield from _below(plan)
    style = (
        "bold green" if report.status is FleetStatus.DONE else "bold yellow" if report.alive else "bold red"
    )
    yield Text(f"Fleet {report.fleet}, run {report.run_id}: {words.headline(report)}", style)
    if report.message:
        yield Text(report.message)


def _below(plan: FleetPlanReport) -> Iterator[Text]:
    """What a plan has to say beside its row: a source that refuses writes, and why it is not done."""
    if plan.source_blocked:
        counted = common.counted(plan.source_blocked, "index", "indices")
        yield Text(f"{plan.name}: its source refuses writes in {counted}", "bold yellow")
    if plan.message and plan.status is not PlanStatus.DONE:
        yield Text(f"{plan.name}: {plan.message}", "bold red" if plan.status.has_failed else "yellow")
        if plan.next_command:
            yield Text(f"  next: {plan.next_command}", "dim")


def _cells(plan: FleetPlanReport) -> tuple[str | Text, ...]:
    return (
        plan.name,
        str(plan.verb),
        plan.wave or "–",
        Text("running" if plan.status is PlanStatus.STARTED else str(plan.status), _STYLES[plan.status]),
        common.number(plan.indices) if plan.run_id else "–",
        common.number(plan.documents) if plan.run_id else "–",
        common.size(plan.bytes) if plan.run_id else "–",
        "–" if plan.seconds is None else common.duration(plan.seconds),
        detail_of(plan),
    )


def detail_of(plan: FleetPlanReport) -> str:
    """What a plan does or waits for, in a few words."""
    if plan.wait:
        return plan.wait.why
    if plan.gate:
        return f"waits at {plan.gate}"
    if plan.step:
        return plan.step + (f" {plan.share:.0%}" if plan.share is not None else "")
    again = f"{plan.attempts} attempts" if plan.attempts > 1 else ""
    window = f"window {common.duration(plan.window_seconds)}" if plan.window_seconds is not None else ""
    if plan.status is PlanStatus.STARTED:
        return plan.worker
    return "; ".join(filter(None, (window, again)))


def _wave(wave: WaveReport) -> str:
    pause = f", {common.duration(wave.pause_s)} after the wave before" if wave.pause_s else ""
    approval = f", approved by {wave.approved_by}" if wave.approved_by else ", needs approval"
    counted = f"{wave.done} of {common.counted(len(wave.plans), 'plan', 'plans')} done"
    return f"Wave {wave.name}: {counted}{pause}{approval if wave.approval else ''}"


def fleet_sections(report: FleetReport) -> Iterator[Section]:
    """The parts of a fleet's report: its plans, and its waves."""
    rows = [
        [cell.plain if isinstance(cell, Text) else cell for cell in _cells(plan)] for plan in report.plans
    ]
    columns = ("Plan", "Verb", "Wave", "Status", ">Indices", ">Documents", ">Size", ">Took", "Detail")
    yield Section("Plans", columns, rows)
    if report.waves:
        yield Section("Waves", facts=tuple(wave_facts(report)))
    failed = [(plan.name, plan.message) for plan in report.plans if plan.message]
    if failed:
        yield Section("Not done", facts=tuple(failed))
    runs = [[plan.name, plan.run_id, str(plan.attempts), plan.worker] for plan in report.plans if plan.run_id]
    if runs:
        yield Section("Runs", ("Plan", "Run", ">Attempts", "Worker"), runs)


def wave_facts(report: FleetReport) -> Iterator[tuple[str, str]]:
    """Each wave, and how it stands."""
    return ((wave.name, _wave(wave).partition(": ")[2]) for wave in report.waves)


def forecast_view(found: FleetForecast) -> RenderableType:
    """Each plan with when it would start and end; then what is in the way."""
    return page(_forecast_lines(found))


def _forecast_lines(found: FleetForecast) -> Iterator[RenderableType]:
    table = Rows(("Plan", "Verb", "Wave", ">Indices", ">Size", ">Takes", ">Starts", ">Ends"))
    for plan in found.plans:
        is_known = plan.low is not None and plan.high is not None
        table.add(
            plan.name,
            str(plan.verb),
            plan.wave or "–",
            common.number(plan.indices) if plan.indices is not None else "–",
            common.size(plan.bytes) if plan.bytes is not None else "–",
            common.span(plan.low or 0, plan.high or 0) if is_known else "not known",
            _between(found, plan.start_low, plan.start_high),
            _between(found, plan.end_low, plan.end_high),
        )
    yield table
    for wave in found.waves:
        yield Text(_wave(wave), "dim")
    for plan in found.plans:
        if plan.problem:
            yield Text(f"{plan.name}: {plan.problem}", "bold red")
    for name, options in found.consents.items():
        yield Text(f"{name} needs your consent: {' '.join(options)}", "yellow")
    if found.unknown:
        yield Text(f"Not known, and counted as nothing: {', '.join(found.unknown)}", "yellow")
    low, high = ((end - found.start).total_seconds() for end in (found.end_low, found.end_high))
    yield Text(f"The fleet takes about {common.span(low, high)}, if every plan goes well", "bold")


def _between(found: FleetForecast, low: datetime, high: datetime) -> str:
    """A time as the span since the fleet's start."""
    return common.span((low - found.start).total_seconds(), (high - found.start).total_seconds())
