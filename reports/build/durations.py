"""From a run's journal: its estimated and actual duration, and what a rehearsal says about the real run."""

from collections.abc import Iterable, Iterator, Mapping

from reports.build.cleanup import removal_of
from reports.model.report import EstimateReport, RateReport, RehearsalReport, StepDuration
from reports.words import estimates as words
from runs.journal import Document, StepEntry
from runs.step_names import StepName
from tasks import steps
from tasks.records.estimates import Estimate
from tasks.records.rehearsal import Rehearsal
from tasks.steps import ESTIMATED, STANDSTILL


def estimate_report(document: Document) -> EstimateReport | None:
    """The run's estimate with its actual duration; None if there is no estimate."""
    return _report(document, document.estimate, document.steps)


def _report(
    document: Document, kept: dict[str, object] | None, done: Mapping[str, StepEntry]
) -> EstimateReport | None:
    if kept is None:
        return None
    made = document.part(Estimate, kept, "its estimate")
    took: dict[str, float] = {
        name: done[name].seconds for name in ESTIMATED if name in done and _is_done(done[name])
    }
    whole, window = _together(took, ESTIMATED), _together(took, STANDSTILL)
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
        workload=words.workload_in_words(made.workload),
        bottleneck=words.bottleneck(made),
        basis=words.basis(made),
        assumptions=list(words.assumptions(made)),
    )


def _is_done(entry: StepEntry) -> bool:
    return entry.ended is not None and entry.error is None


def _together(took: dict[str, float], names: Iterable[str]) -> float | None:
    """Seconds of these steps together; None unless all of them are done."""
    wanted = tuple(names)
    return round(sum(took[name] for name in wanted), 3) if took.keys() >= set(wanted) else None


def rehearsal_report(document: Document) -> RehearsalReport | None:
    """What a rehearsal says about the real run; None if the run is not a rehearsal."""
    if document.rehearsal is None:
        return None
    settings = document.part(Rehearsal, document.rehearsal, "the rehearsal")
    ahead = document.recorded(steps.PREFLIGHT)
    checks = ahead.checks if ahead else ()
    return RehearsalReport(
        prefix=settings.prefix,
        only=list(settings.only),
        shadow=settings.shadow,
        kept=settings.keep,
        seconds=round(sum(e.seconds for name, e in document.steps.items() if name in ESTIMATED), 3),
        failure=str((document.failure or {}).get("message", "")),
        checked=len(checks),
        checks=[*(ahead.failed if ahead else ()), *(ahead.to_know if ahead else ())],
        rates=list(_rates(document)),
        projection=_report(document, document.projection, {}),
        removed=removal_of(document),
    )


def _rates(document: Document) -> Iterator[RateReport]:
    taken = document.recorded(steps.SNAPSHOT)
    if taken and not taken.existing:
        yield _rate(document, StepName.SNAPSHOT, taken.indices, taken.bytes_written)
    restored = document.recorded(steps.RESTORE)
    if restored:
        arrived = [index for index in restored.indices if index.restored]
        yield _rate(document, StepName.RESTORE, len(arrived), sum(index.bytes for index in arrived))
    decided = document.recorded(steps.RESOLVE)
    if decided and document.recorded(steps.VERIFY):
        yield _rate(document, StepName.VERIFY, len(decided.indices), None)


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
