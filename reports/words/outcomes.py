"""How a run stands, in one sentence, and what to do next: by verb, for a seed round verifies nothing."""

from reports.model.report import Report, Totals
from reports.model.seeding import RoundReport
from reports.words.common import clock, duration, number, size
from runs.lifecycle import RunStatus
from runs.verbs import Verb

OUTCOMES = {
    RunStatus.DONE: "done and verified",
    RunStatus.DIFFERENT: "moved, but the verification found a difference or could not tell",
    RunStatus.FAILED: "failed after something had been changed",
    RunStatus.REFUSED: "refused; nothing was changed",
    RunStatus.INTERRUPTED: "interrupted; the same command continues it",
    RunStatus.RUNNING: "running, or its process is gone",
    RunStatus.ABANDONED: "abandoned; it is not continued any more",
}

_PUT_BACK = {
    RunStatus.DIFFERENT: "put back: the verification found a difference or could not tell; "
    "nothing was opened",
    RunStatus.FAILED: "put back after it had failed; nothing was opened",
    RunStatus.INTERRUPTED: "put back after it was interrupted, or its window was over; nothing was opened",
    RunStatus.ABANDONED: "put back by `snapferry abort`; nothing was opened",
}

_IN_WINDOW = "{} while the source refuses writes; nothing is open yet"

_OPENING = "{} while the target was being opened; the same command finishes it"


def title(verb: Verb) -> str:
    """What a run of this verb is called."""
    return "Run" if verb is Verb.MIGRATE else verb.label


def heading(verb: Verb) -> str:
    """The same as the beginning of a title that ends with the plan's name."""
    return verb.label if verb is Verb.MIGRATE else f"{verb.label} of"


def state_sentence(report: Report) -> str:
    """How the run stands."""
    window = report.window
    if window and window.outcome == "put back":
        return _PUT_BACK.get(report.outcome, OUTCOMES[report.outcome])
    stopped = report.outcome in {RunStatus.FAILED, RunStatus.INTERRUPTED}
    if window and stopped and window.outcome in {"blocking", "opening"}:
        said = _IN_WINDOW if window.outcome == "blocking" else _OPENING
        return said.format(report.outcome)
    if report.verb is Verb.SEED and report.outcome == RunStatus.DIFFERENT:
        return "copied, but the verification found a difference or could not tell"
    if report.outcome != RunStatus.DONE:
        return OUTCOMES[report.outcome]
    if report.verb is Verb.SEED:
        return _seeded(report.round)
    return "done, verified and open" if report.verb is Verb.CUTOVER else OUTCOMES[RunStatus.DONE]


def _seeded(told: RoundReport | None) -> str:
    if told is None or told.copies is None:
        return "done"
    return f"done: {number(told.copies)} copies as of {clock(told.as_of)}"


def headline(report: Report) -> str:
    """The outcome in one sentence with its figures."""
    said, figures = state_sentence(report), _figures(report)
    return f"{said}: {figures}" if figures and ":" not in said else "; ".join(filter(None, (said, figures)))


def _figures(report: Report) -> str:
    totals, window = report.totals, report.window
    if report.verb is Verb.SEED:
        compared = f"; {_compared(totals)}" if report.level else ""
        return f"{round_figures(report.round)}{compared}" if report.round else ""
    seconds = report.rehearsal.seconds if report.rehearsal else report.seconds
    refused = f"the source refused writes for {duration(window.seconds)}" if window and window.seconds else ""
    if not totals.indices or (window and report.level is None):
        return refused
    moved = (
        f"{_compared(totals)}, {number(totals.documents)} documents, "
        f"{size(totals.bytes)}, {duration(seconds)}"
    )
    return f"{moved}; {refused}" if refused else moved


def _compared(totals: Totals) -> str:
    bracketed = f", {totals.bracketed} bracketed" if totals.bracketed else ""
    return f"{totals.equal} of {totals.indices} indices equal{bracketed}"


def round_figures(told: RoundReport) -> str:
    """What a round has found and taken."""
    found = ", ".join(f"{number(count)} {kind}" for kind, count in told.changes.items()) or "nothing"
    return f"round {told.number}: {found}; {size(told.fetched)} fetched, {size(told.reused)} reused"


def untouched(told: RoundReport, *, opened: bool) -> dict[str, str]:
    """Names on the target of what was not restored at all, and what is said of each.

    Args:
        opened: whether data streams were made of their copies, which restores those again.
    """
    streams = {index.target for index in told.indices if index.stream} if opened else set[str]()
    return {name: kind for name, kind in unrestored(told).items() if name not in streams}


def unrestored(told: RoundReport) -> dict[str, str]:
    """Names on the target of copies that the round has left as they were, and what is said of each."""
    return {index.target: index.kind for index in told.indices if index.kind in {"unchanged", "aliases"}}
