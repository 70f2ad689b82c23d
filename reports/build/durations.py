"""From a run's journal: how long it was expected to take against what it took, and what a rehearsal tells."""

from collections.abc import Iterable, Iterator

from reports.model.report import EstimateReport, RateReport, RehearsalReport, StepDuration
from runs.journal import Document, StepEntry
from tasks.estimates.history import STEPS, WINDOW
from tasks.records.checks import PreflightRecord
from tasks.records.cleanup import RemovalRecord
from tasks.records.estimates import Estimate
from tasks.records.resolution import Resolution
from tasks.records.transfer import RestoreRecord, SnapshotRecord


def estimate_report(document: Document) -> EstimateReport | None:
    """The run's estimate against what it took; None when none was made."""
    return _report(document.estimate, document.steps)


def _report(kept: dict[str, object] | None, steps: dict[str, StepEntry]) -> EstimateReport | None:
    if kept is None:
        return None
    made = Estimate.model_validate(kept)
    took = {name: steps[name].seconds for name in STEPS if name in steps and _is_done(steps[name])}
    whole, window = _together(took, STEPS), _together(took, WINDOW)
    return EstimateReport(
        low=made.whole.low,
        high=made.whole.high,
        seconds=whole,
        inside=None if whole is None else made.whole.low <= whole <= made.whole.high,
        window_low=made.window.low,
        window_high=made.window.high,
        window_seconds=window,
        steps=[
            StepDuration(
                step=each.step,
                low=each.low,
                high=each.high,
                measured_in=list(each.measured_in),
                seconds=round(took[each.step], 3) if each.step in took else None,
            )
            for each in made.steps
        ],
        workload=made.workload,
        bottleneck=made.bottleneck,
        basis=made.basis,
        assumptions=list(made.assumptions),
    )


def _is_done(entry: StepEntry) -> bool:
    return entry.ended is not None and entry.error is None


def _together(took: dict[str, float], names: Iterable[str]) -> float | None:
    """Seconds of these steps together; None unless all of them are done."""
    wanted = tuple(names)
    return round(sum(took[name] for name in wanted), 3) if took.keys() >= set(wanted) else None


def rehearsal_report(document: Document) -> RehearsalReport | None:
    """What a rehearsal tells of the real run; None when the run is none."""
    settings = document.rehearsal
    if settings is None:
        return None
    ahead = document.recorded("look ahead", PreflightRecord)
    checks = ahead.checks if ahead else ()
    return RehearsalReport(
        prefix=settings["prefix"],
        only=list(settings["only"]),
        shadow=settings["shadow"],
        kept=settings["keep"],
        seconds=round(sum(e.seconds for name, e in document.steps.items() if name in STEPS), 3),
        failure=str((document.failure or {}).get("message", "")),
        checked=len(checks),
        checks=[*(ahead.failed if ahead else ()), *(ahead.to_know if ahead else ())],
        rates=list(_rates(document)),
        projection=_report(document.projection, {}),
        removed=document.recorded("clean", RemovalRecord),
    )


def _rates(document: Document) -> Iterator[RateReport]:
    taken = document.recorded("snapshot", SnapshotRecord)
    if taken and not taken.existing:
        yield _rate(document, "snapshot", taken.indices, taken.bytes_written)
    restored = document.recorded("restore", RestoreRecord)
    if restored:
        arrived = [index for index in restored.indices if index.restored]
        yield _rate(document, "restore", len(arrived), sum(index.bytes for index in arrived))
    decided = document.recorded("resolve", Resolution)
    if decided and "verify" in document.steps and document.steps["verify"].record:
        yield _rate(document, "verify", len(decided.indices), None)


def _rate(document: Document, step: str, indices: int, count: int | None) -> RateReport:
    seconds = document.steps[step].seconds
    return RateReport(
        step=step,
        seconds=round(seconds, 3),
        indices=indices,
        bytes=count,
        bytes_per_second=round(count / seconds, 1) if count is not None and seconds else None,
        indices_per_second=round(indices / seconds, 3) if seconds else None,
    )
