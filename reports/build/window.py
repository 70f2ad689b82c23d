"""From a cutover's journal: the window in which the source refused writes, and what clients must know."""

from collections.abc import Iterator

from reports.model.seeding import Outcome, RenamedIndex, RepointReport, WindowPhase, WindowReport
from reports.words.next_step import ABORT, RELEASE
from reports.words.seeding import paused, resumed
from reports.words.window import WAITING
from runs.commands import command
from runs.journal import DENIED, Document, GateEntry, WindowEntry
from runs.step_names import StepName
from tasks import steps
from tasks.records.cutover import (
    PauseOutcome,
)
from tasks.steps import Phase, steps_in

_BETWEEN = "between the steps"
_NOTHING_S = 0.05
_AUTOMATED = (
    (steps.PAUSE_AUTOMATED, paused),
    (steps.RESUME_AUTOMATED, resumed),
)


def window_report(document: Document) -> WindowReport | None:
    """The window; None if the source was not frozen."""
    entry = document.window
    if entry is None:
        return None
    expected = document.recorded(steps.ESTIMATE_WINDOW)
    seconds = (entry.ended - entry.frozen).total_seconds() if entry.ended else None
    phases = list(_phases(document, entry, seconds))
    frozen = document.recorded(steps.FREEZE)
    health = document.recorded(steps.HEALTH)
    outcome = _outcome(document, entry)
    waited = sum(phase.seconds for phase in phases if phase.name == WAITING)
    net = seconds - waited if seconds is not None and outcome == "open" else None
    return WindowReport(
        outcome=outcome,
        frozen=entry.frozen,
        deadline=entry.deadline,
        opening=entry.opening,
        ended=entry.ended,
        seconds=None if seconds is None else round(seconds, 3),
        phases=phases,
        expected_low=expected.low if expected else None,
        expected_high=expected.high if expected else None,
        expected_from=list(expected.basis) if expected else [],
        inside=expected.low <= net <= expected.high if expected and net is not None else None,
        why=str((document.failure or {}).get("message", "")),
        blocked=sorted(blocked_by(document)),
        still_blocked=still_blocked(document),
        before=list(frozen.before) if frozen else [],
        repoint=_repoint(document),
        falling_back=_falling_back(document, outcome),
        health_waited=health.waited_s if health else None,
        not_green=health.not_green if health else {},
        automated_snapshots=list(_automated(document))[-1:],
    )


def blocked_by(document: Document) -> set[str]:
    """Names of the source's indices that the run has blocked, or may have blocked."""
    intents = (intent for intent in document.intents if intent.action == "block" and intent.result != DENIED)
    return {name for intent in intents for name in intent.detail["names"]}


def still_blocked(document: Document) -> list[str]:
    """Those that still refuse writes according to the journal: all of them until it says otherwise."""
    finish = document.recorded(steps.FINISH)
    if finish:
        return sorted(finish.refusing)
    released = document.recorded(steps.RELEASE)
    return sorted(released.kept) if released else sorted(blocked_by(document))


def _outcome(document: Document, entry: WindowEntry) -> Outcome:
    if entry.opening:
        return "open" if entry.ended else "opening"
    return "put back" if entry.ended else "blocking"


def _phases(document: Document, entry: WindowEntry, seconds: float | None) -> Iterator[WindowPhase]:
    """What the window's time was spent on. Every step in it begins after the freeze."""
    phases = {str(phase): tuple(steps_in(phase)) for phase in Phase}
    if document.aborting:
        phases["putting back"] = (StepName.RELEASE,)
    spent = 0.0
    for name, inside in phases.items():
        took = sum(document.steps[step].seconds for step in inside if step in document.steps)
        took = _waited(document.gates.get("before-open"), entry) if name == WAITING else took
        if took:
            spent += took
            yield WindowPhase(name=name, seconds=round(took, 3))
    if seconds is not None and seconds - spent > _NOTHING_S:
        yield WindowPhase(name=_BETWEEN, seconds=round(seconds - spent, 3))


def _waited(gate: GateEntry | None, entry: WindowEntry) -> float:
    """Seconds at the gate inside the window; none if it was approved in advance."""
    until = (gate.approved or entry.ended) if gate else None
    return max(0.0, (until - gate.since).total_seconds()) if gate and until else 0.0


def _repoint(document: Document) -> RepointReport | None:
    opened = document.recorded(steps.OPEN)
    decided = document.recorded(steps.RESOLVE)
    if opened is None or decided is None:
        return None
    alone = [i for unit in decided.moving if not unit.is_stream for i in unit.indices if i.open]
    return RepointReport(
        endpoint=opened.repoint,
        indices=sorted(index.target for index in alone),
        renamed=[
            RenamedIndex(source=index.name, target=index.target)
            for index in alone
            if index.name != index.target
        ],
        aliases={alias: list(indices) for alias, indices in sorted(opened.aliases.items())},
        streams=list(opened.streams),
    )


def _falling_back(document: Document, outcome: Outcome) -> str:
    if outcome == "put back":
        return "nothing was opened and the source takes writes: clients stay with it"
    if outcome == "blocking":
        return f"nothing is open yet: the cutover can be rolled back, by itself or with `{ABORT}`"
    if outcome == "opening":
        return "the target is being opened: first finish that with the same command"
    if document.back:
        return "clients are back; a cutover goes there again" if document.recorded(steps.WAY_BACK) else "done"
    if document.recorded(steps.WAY_BACK):
        return (
            f"possible, with what the target takes from now on: `{command('fallback')}`; "
            f"`{command('follow', '--execute')}` keeps the source ready for it"
        )
    if still_blocked(document):
        return (
            "possible as long as nobody has written to the target: release the source "
            f"(`{RELEASE}`) and point the clients back; the source does not have what was written to the "
            "target since then"
        )
    return (
        "the source takes writes, too: pointing the clients back is possible as long as nobody has written "
        "to the target; what is written to one side is missing on the other"
    )


def _automated(document: Document) -> Iterator[str]:
    """What happened to the automated snapshots, the latest sentence last."""
    for step, words in _AUTOMATED:
        record = document.recorded(step)
        if record and record.outcome != PauseOutcome.NOTHING_PAUSED:
            yield words(record)
