"""A run's status in one sentence, with its figures; a seed round has others, as it verifies nothing."""

from reports.model.report import Report
from reports.model.seeding import RoundReport
from reports.words import tail
from reports.words.common import as_recorded, clock, counted, duration, number, size
from runs.lifecycle import RunStatus
from runs.step_names import StepName
from runs.verbs import Verb

OUTCOMES = {
    RunStatus.DONE: "done and verified",
    RunStatus.DIFFERENT: "moved, but the verification found a difference or could not tell",
    RunStatus.FAILED: "failed after something had been changed",
    RunStatus.REFUSED: "refused; nothing was changed",
    RunStatus.INTERRUPTED: "interrupted; the same command continues it",
    RunStatus.RUNNING: "running, or stopped unexpectedly",
    RunStatus.ABANDONED: "abandoned; it will not be continued",
}

_ROLLED_BACK = {
    RunStatus.DIFFERENT: "rolled back: the verification found a difference or could not tell; "
    "nothing was opened",
    RunStatus.FAILED: "rolled back after a failure; nothing was opened",
    RunStatus.INTERRUPTED: "rolled back after an interruption or the end of its window; nothing was opened",
    RunStatus.ABANDONED: "rolled back by `snapferry abort`; nothing was opened",
}

_STOPPED = "stopped unexpectedly"

_LEFT_ALONE = frozenset({"unchanged", "aliases", "followed"})
"""Kinds of change after which no restore touches a copy."""

_IN_WINDOW = "{} while the source refuses writes; nothing is open yet"

_OPENING = "{} while the target was being opened; the same command finishes it"

_DURING: dict[str, str] = {
    StepName.SNAPSHOT: "the snapshot",
    StepName.RESTORE: "the restore",
    StepName.VERIFY: "the verification",
}


def title(verb: Verb) -> str:
    """How reports call a run of this verb."""
    return "Run" if verb is Verb.MIGRATE else verb.label


def heading(verb: Verb) -> str:
    """How a title begins that ends with the plan's name."""
    return verb.label if verb is Verb.MIGRATE else f"{verb.label} of"


def state_sentence(report: Report, *, gone: bool = False) -> str:
    """The run's status in a sentence.

    Args:
        gone: whether its process is known to have ended although the journal says it is running.
    """
    window = report.window
    if window and window.outcome == "put back":
        return _ROLLED_BACK.get(report.outcome, OUTCOMES[report.outcome])
    stopped = gone or report.outcome in {RunStatus.FAILED, RunStatus.INTERRUPTED}
    if window and stopped and window.outcome in {"blocking", "opening"}:
        sentence = _IN_WINDOW if window.outcome == "blocking" else _OPENING
        return sentence.format(_STOPPED if gone else report.outcome)
    if gone:
        return f"{_STOPPED}{_during(report)}; the same command continues it"
    if report.outcome == RunStatus.RUNNING:
        return f"{OUTCOMES[report.outcome]}{_during(report)}"
    if report.verb is Verb.SEED and report.outcome == RunStatus.DIFFERENT:
        return "copied, but the verification found a difference or could not tell"
    if _is_only_forecast(report):
        return "moved and equal, but the real run would be refused or fail"
    if report.outcome != RunStatus.DONE:
        return OUTCOMES[report.outcome]
    return _done(report)


def _done(report: Report) -> str:
    if report.verb is Verb.SEED:
        return _seeded(report.round)
    if report.verb is Verb.FOLLOW:
        return "ended as told, with the copies in step"
    if report.level == "record":
        return "done, and verified with the snapshot's record alone"
    return "done, verified and open" if report.verb is Verb.CUTOVER else OUTCOMES[RunStatus.DONE]


def _is_only_forecast(report: Report) -> bool:
    """Whether a rehearsal found everything equal, and ended badly for what the real run would meet."""
    if report.rehearsal is None or report.rehearsal.failure or report.outcome != RunStatus.DIFFERENT:
        return False
    if report.queries and not report.queries.passed:
        return False
    return 0 < report.totals.indices == report.totals.equal + report.totals.recorded


def _during(report: Report) -> str:
    """The step that has begun and not ended, with its last error; empty between steps."""
    last = report.steps[-1] if report.steps else None
    if last is None or (last.ended and not last.error):
        return ""
    error = f" ({last.error})" if last.error else ""
    return f" during {_DURING.get(last.name, f'step {last.name}')}{error}"


def _seeded(round_: RoundReport | None) -> str:
    if round_ is None or round_.copies is None:
        return "done"
    return f"done: {counted(round_.copies, 'copy', 'copies')} as of {clock(round_.as_of)}"


def headline(report: Report) -> str:
    """The outcome in one sentence with its figures."""
    state, figures = state_sentence(report), _figures(report)
    return (
        f"{state}: {figures}" if figures and ":" not in state else "; ".join(filter(None, (state, figures)))
    )


def _figures(report: Report) -> str:
    totals, window = report.totals, report.window
    if report.verb is Verb.FOLLOW:
        return tail.followed(report.tail.follow) if report.tail and report.tail.follow else ""
    if report.verb is Verb.SEED:
        compared = f"; {_compared(report)}" if report.level else ""
        return f"{round_figures(report.round)}{compared}" if report.round else ""
    seconds = report.rehearsal.seconds if report.rehearsal else report.seconds
    refused = f"the source refused writes for {duration(window.seconds)}" if window and window.seconds else ""
    if not totals.indices or (window and report.level is None):
        return refused
    if report.level is None:
        return _unverified(report)
    moved = (
        f"{_compared(report)}, {counted(totals.documents, 'document', 'documents')}, "
        f"{size(totals.bytes)}, {duration(seconds)}"
    )
    return f"{moved}; {refused}" if refused else moved


def _unverified(report: Report) -> str:
    if report.outcome == RunStatus.REFUSED:
        return ""
    restored = report.totals.restored
    copied = f"{restored} of {report.totals.indices} indices restored, " if restored else ""
    return f"{copied}nothing verified yet"


def _compared(report: Report) -> str:
    totals = report.totals
    if report.level == "record":
        return as_recorded(totals.recorded, totals.indices)
    bracketed = f", {totals.bracketed} bracketed" if totals.bracketed else ""
    return f"{totals.equal} of {totals.indices} indices equal{bracketed}"


def round_figures(round_: RoundReport) -> str:
    """What a round found and copied."""
    found = ", ".join(f"{number(count)} {kind}" for kind, count in round_.changes.items()) or "nothing"
    return f"round {round_.number}: {found}; {size(round_.fetched)} fetched, {size(round_.reused)} reused"


def untouched(round_: RoundReport, *, opened: bool) -> dict[str, str]:
    """Names on the target of copies that were not restored at all, each with its kind of change.

    Args:
        opened: whether data streams were created from their copies, which restores those again.
    """
    streams = {index.target for index in round_.indices if index.stream} if opened else set[str]()
    return {name: kind for name, kind in unrestored(round_).items() if name not in streams}


def unrestored(round_: RoundReport) -> dict[str, str]:
    """Names on the target of copies that the round left as they were, each with its kind of change."""
    return {index.target: index.kind for index in round_.indices if index.kind in _LEFT_ALONE}
