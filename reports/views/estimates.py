"""Durations, and what a rehearsal found out about the real run: lines for a terminal, rows for Markdown."""

from collections.abc import Iterator

from rich.text import Text

from reports.model.report import EstimateReport, RateReport, RehearsalReport, Report
from reports.views import layout
from reports.views.cleanup import left_lines
from reports.views.fitting import Section
from reports.words import common
from reports.words import estimates as words
from tasks.records.checks import CheckRecord
from tasks.records.estimates import Estimate


def estimate_lines(made: Estimate) -> Iterator[Text]:
    """The estimate of a migration that is only planned."""
    yield _expected("Estimate", common.span_of(made.whole), common.span_of(made.window), words.basis(made))
    yield Text(f"  Most of it: {words.bottleneck(made)}", "dim")
    yield from (Text(f"  Assuming that {line}", "dim") for line in words.assumptions(made))


def _expected(what: str, whole: str, window: str, basis: str) -> Text:
    quiet = f"stop writes to the source for {window} of that"
    return Text.assemble((f"{what}: {whole}", "bold"), f"; {quiet} ({basis})")


def estimated_vs_actual(report: EstimateReport) -> str:
    """How long a run was expected to take, and how long it took."""
    said = f"Estimate: {common.span(report.low, report.high)} ({report.basis})"
    if report.seconds is None:
        return f"{said}; {report.bottleneck}"
    found = "within" if report.inside else "longer" if report.seconds > report.high else "shorter"
    return f"{said}; took {common.duration(report.seconds)}: {found}"


def rehearsal_lines(report: RehearsalReport, *, refused: bool) -> Iterator[Text]:
    """Preflight of the real plan, rates of the rehearsal, projection of the real run, and leftovers.

    Args:
        refused: whether it was refused before it made anything; then only the preflight is shown.
    """
    if report.failure:
        yield Text(f"Failed in the rehearsal: {report.failure}", "bold red")
    yield Text(f"Preflight of the real plan: {met(report)}", "bold")
    for check in report.checks[: layout.ROWS]:
        yield Text(f"  {_check(check)}", "red" if check.status == "FAIL" else "yellow")
        if check.hint:
            yield Text(f"       next: {check.hint}")
    yield from layout.more(len(report.checks) - layout.ROWS, "checks", "  ")
    if refused:
        return
    for rate in report.rates:
        yield Text(f"Rate of {rate.step}: {_rate(rate)}", "dim")
    yield from _projection(report.projection)
    yield from _removed(report)


def met(report: RehearsalReport) -> str:
    """Count the checks of the real plan."""
    failed = sum(check.status == "FAIL" for check in report.checks)
    counts = common.warnings_and_failures(len(report.checks) - failed, failed)
    return f"{common.counted(report.checked, 'check', 'checks')}, {counts}"


def _check(check: CheckRecord) -> str:
    side = f" ({check.side})" if check.side else ""
    return f"{check.status:<4} {check.id}{side}: {check.detail}"


def _rate(rate: RateReport) -> str:
    each = f", {rate.indices_per_second:.1f} indices per second" if rate.indices_per_second else ""
    moved = f"{common.size(rate.bytes)}, " if rate.bytes is not None else ""
    speed = f", {common.size(round(rate.bytes_per_second))} per second" if rate.bytes_per_second else ""
    return f"{moved}{common.number(rate.indices)} indices in {common.duration(rate.seconds)}{speed}{each}"


def _projection(made: EstimateReport | None) -> Iterator[Text]:
    if made is None:
        yield Text("The real run: not projected", "yellow")
        return
    whole, window = common.span(made.low, made.high), common.span(made.window_low, made.window_high)
    yield _expected("The real run", whole, window, made.basis)
    yield Text(f"  Most of it: {made.bottleneck}", "dim")
    yield from (Text(f"  Assuming that {line}", "dim") for line in made.assumptions)


def _removed(report: RehearsalReport) -> Iterator[Text]:
    yield Text(removed_lines(report), "" if report.removed or report.kept else "yellow")
    yield from left_lines(report.removed.left if report.removed else ())


def removed_lines(report: RehearsalReport) -> str:
    """Whether the rehearsal's indices, snapshot and registrations were removed."""
    if report.removed:
        return common.removed(report.removed)
    return "Nothing was removed (--keep)" if report.kept else "Nothing was removed yet"


def sections(report: Report) -> Iterator[Section]:
    """The same for Markdown."""
    if report.rehearsal:
        yield from _rehearsal_sections(report.rehearsal)
    if report.estimate:
        yield _duration_section("Estimated vs. actual", report.estimate)


def _rehearsal_sections(report: RehearsalReport) -> Iterator[Section]:
    found = [(c.status, c.id, c.side or "", c.detail, c.hint) for c in report.checks]
    failed = [("failed in the rehearsal", report.failure)] if report.failure else []
    columns = ("status", "check", "side", "found", "next")
    yield Section("Preflight of the real plan", columns, found, [*failed, ("", met(report))])
    yield Section("Rates", ("step", "rate"), [(rate.step, _rate(rate)) for rate in report.rates])
    left = [(item.name, item.why) for item in report.removed.left] if report.removed else []
    yield Section("Removed, and not touched", ("not touched", "why"), left, [("", removed_lines(report))])
    if report.projection:
        yield _duration_section("Projection of the real run", report.projection)


def _duration_section(title: str, report: EstimateReport) -> Section:
    rows = [(each.step, common.span(each.low, each.high), _took(each.seconds)) for each in report.steps]
    rows.append(("total", common.span(report.low, report.high), _took(report.seconds)))
    window = common.span(report.window_low, report.window_high)
    rows.append(("from the snapshot to the end of the verification", window, _took(report.window_seconds)))
    facts = [("most of it", report.bottleneck), ("basis", report.basis)]
    facts += [("assuming that", line) for line in report.assumptions]
    return Section(title, ("step", ">expected", ">took"), rows, facts)


def _took(seconds: float | None) -> str:
    return "" if seconds is None else common.duration(seconds)
