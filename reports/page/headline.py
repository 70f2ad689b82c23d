"""The top of a report's page: is it done, is anything missing, how long was the window, what is next."""

from collections import Counter
from collections.abc import Iterator

from reports.model.report import Report
from reports.page.elements import Block, Facts, Figure, Figures, Tone, Verdict
from reports.views.estimates import met
from reports.words import common, outcomes
from reports.words.next_step import advice_in
from runs.lifecycle import RunStatus
from runs.verbs import Verb
from tasks.records.verification import PASSING

_TONES: dict[RunStatus, Tone] = {
    RunStatus.DONE: "good",
    RunStatus.DIFFERENT: "bad",
    RunStatus.FAILED: "bad",
    RunStatus.RUNNING: "busy",
}


def title_of(report: Report) -> str:
    """The page's heading."""
    return f"{outcomes.heading(report.verb)} {report.plan}"


def headline_blocks(report: Report) -> Iterator[Block]:
    """The verdict, the figures, and what moved where."""
    state = outcomes.state_sentence(report)
    figures = outcomes.headline(report).removeprefix(state).lstrip(":; ")
    yield Verdict(
        above=f"Snapferry · run {report.run_id}",
        title=title_of(report),
        tone=_tone(report),
        state=common.sentence(state),
        sentence=common.sentence(figures),
        message=report.message,
        next=common.sentence(advice_in(report.next, report.next_command)),
        command=report.next_command,
    )
    tiles = list(_figures(report))
    if tiles:
        yield Figures(tiles)
    yield Facts(list(_facts(report)))


def _tone(report: Report) -> Tone:
    """A run whose differences are all later writes on the source is neither good nor bad."""
    totals = report.totals
    only_later = totals.bracketed and not totals.different and not totals.not_compared
    if report.outcome is RunStatus.DIFFERENT and only_later:
        return "mixed"
    return _TONES.get(report.outcome, "mixed")


def _figures(report: Report) -> Iterator[Figure]:
    yield from _indices(report)
    if report.left_out:
        yield Figure("Left out", common.number(len(report.left_out)), _reasons(report))
    if report.window:
        yield _window(report)
    if report.conflicts:
        skipped = sum(each.action == "skip" for each in report.conflicts)
        note = f"{skipped} not moved" if skipped else "all moved under other names or in their place"
        yield Figure("Names in conflict", common.number(len(report.conflicts)), note)
    if report.rehearsal and report.rehearsal.checked:
        failed = sum(check.status == "FAIL" for check in report.rehearsal.checks)
        tone: Tone = "bad" if failed else "mixed" if report.rehearsal.checks else "good"
        checked, found = met(report.rehearsal).split(", ", 1)
        yield Figure("Preflight", checked, found, tone)
    if report.rehearsal and report.rehearsal.projection:
        made = report.rehearsal.projection
        yield Figure("The real run", common.span(made.low, made.high), "projected from this rehearsal")
    yield from _amounts(report)
    seconds = report.rehearsal.seconds if report.rehearsal else report.seconds
    if report.steps:
        yield Figure("Time in steps", common.duration(seconds), _expected(report))


def _indices(report: Report) -> Iterator[Figure]:
    """How many of the indices are as they should be."""
    totals = report.totals
    if report.verb is Verb.SEED and report.level is None:
        if report.round and report.round.copies is not None:
            changed = sum(count for kind, count in report.round.changes.items() if kind != "unchanged")
            yield Figure("Copies", common.number(report.round.copies), "closed, on the target", "good")
            yield Figure("Changed", common.number(changed), _operations(report))
        return
    if not totals.indices:
        return
    good = sum(index.verdict in PASSING for index in report.indices)
    bad = totals.different + totals.not_compared
    named = [(totals.different, "different"), (totals.not_compared, "not compared")]
    named += [(totals.bracketed, "bracketed")]
    missing = ", ".join(f"{common.number(count)} {what}" for count, what in named if count)
    unverified = "" if report.level else "not verified yet"
    tone: Tone = "bad" if bad else "good" if good == totals.indices else "mixed"
    word = "as recorded" if totals.recorded else "equal"
    note = missing or unverified or ("none is missing" if good == totals.indices else "")
    value = f"{common.number(good)} of {common.number(totals.indices)}"
    yield Figure(f"Indices {word}", value, note, tone)


def _operations(report: Report) -> str:
    count = report.round.operations if report.round else 0
    return common.counted(count, "operation", "operations")


def _reasons(report: Report) -> str:
    found = Counter(str(item.reason) for item in report.left_out)
    return ", ".join(f"{common.number(count)} {reason}" for reason, count in found.most_common(3))


def _window(report: Report) -> Figure:
    window = report.window
    assert window is not None
    if window.seconds is None:
        return Figure("Window", "open", "the source refuses writes", "busy")
    ended = "rolled back" if window.outcome == "put back" else "the source refused writes"
    expected = window.expected_low is not None and window.expected_high is not None
    span = (
        f"; expected {common.span(window.expected_low or 0, window.expected_high or 0)}" if expected else ""
    )
    return Figure("Window", common.duration(window.seconds), f"{ended}{span}")


def _amounts(report: Report) -> Iterator[Figure]:
    if report.totals.documents:
        yield Figure("Documents", common.number(report.totals.documents), "on the target")
    if report.round and report.round.fetched + report.round.reused:
        yield Figure(
            "Fetched", common.size(report.round.fetched), f"{common.size(report.round.reused)} reused"
        )
    elif report.totals.bytes:
        yield Figure("Fetched", common.size(report.totals.bytes), "by the target")


def _expected(report: Report) -> str:
    made = report.estimate
    if made is None:
        return ""
    if made.seconds is None or made.inside is None:
        return f"estimated {common.span(made.low, made.high)}"
    found = "within" if made.inside else "longer than" if made.seconds > made.high else "shorter than"
    return f"{found} the estimate, {common.span(made.low, made.high)}"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    if report.back:
        yield "", common.EXCHANGED
    if report.origin:
        yield "from", common.origin(report.origin)
    for what, record in (("from", report.source), ("to", report.target)):
        if record:
            place = f"{record.cluster_name}, {record.version}, {record.region or 'no Region'}"
            yield what, f"{record.endpoint} ({place})"
    ended = report.ended
    until = f" to {common.clock(ended)}" if ended and report.outcome is not RunStatus.RUNNING else ""
    yield "ran", f"{common.clock(report.started)}{until}"
