"""From the journals of a fleet and of its plans to the report of the fleet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from configs.fleet.calendar import blackout_at
from configs.fleet.loading import LoadedFleet
from reports.build.progress import Seen, snapshot_of
from reports.build.report import report_of
from reports.build.source_block import source_block
from reports.model.fleet import FleetPlanReport, FleetReport, FleetTotals, WaitReport, WaveReport
from reports.model.progress import ProgressSnapshot
from reports.model.report import Report
from reports.words import fleet as words
from runs.commands import Called, command, in_full
from runs.errors import StateUnusable
from runs.fleets.journal import FleetDocument, FleetJournal, FleetStatus, PlanEntry, PlanStatus
from runs.fleets.scheduling import Wait, WaitReason, decide
from runs.fleets.state import FleetState
from runs.journal import Journal
from runs.live.progress_file import read_live_progress
from runs.state import State

_CHANGED = "the fleet file names other plans than when this run began: put it back, or start another run"
_RESUME = "run the same command again: it resumes"
_SEE = "put right what failed, then run the same command again: it goes on with what is not done"


def fleet_report(
    fleet: LoadedFleet, state: FleetState, journal: FleetJournal, at: datetime, called: Called | None = None
) -> FleetReport:
    """Build the report of a fleet's run as it stands at this moment. Reads the state only.

    Args:
        called: how the command was called that shows it, to complete the commands that it names.
    """
    document = journal.document
    waves = list(wave_reports(fleet, state, journal))
    approved = [wave.name for wave in waves if wave.approved_by]
    is_same = {*document.plans} == {*fleet.members}
    waits: Mapping[str, Wait] = {}
    if is_same and not document.is_done:
        waits = decide(fleet, document, approved, at).waits
    plans = [_plan(fleet, state, name, entry, waits.get(name), at) for name, entry in document.plans.items()]
    alive = not document.is_done and state.is_held()
    advice, following = _next(document, alive, plans, called)
    return FleetReport(
        fleet=state.name,
        run_id=document.run_id,
        status=document.status,
        alive=alive,
        message=document.message if is_same else _CHANGED,
        next=advice,
        next_command=following,
        started=document.started,
        ended=document.ended,
        seconds=((document.ended or at) - document.started).total_seconds(),
        sessions=document.sessions,
        blackout="" if document.is_done else _blackout(fleet, at),
        totals=_totals(plans),
        waves=waves,
        plans=plans,
    )


def _blackout(fleet: LoadedFleet, at: datetime) -> str:
    held = blackout_at(fleet.settings.blackouts, fleet.settings.zone, at)
    if held is None:
        return ""
    return words.why(Wait(WaitReason.BLACKOUT, (held[0].why,) if held[0].why else (), held[1]))


def wave_reports(fleet: LoadedFleet, state: FleetState, journal: FleetJournal | None) -> Iterator[WaveReport]:
    """Yield the waves of a fleet; nothing where it has none.

    Args:
        journal: the run; None before the first.
    """
    for wave, names in fleet.waves:
        if wave is None:
            continue
        approval = state.approval(journal, wave.name) if journal and wave.approval else None
        plans = journal.document.plans if journal else {}
        yield WaveReport(
            name=wave.name,
            plans=names,
            done=sum(name in plans and plans[name].status is PlanStatus.DONE for name in names),
            pause_s=wave.pause.total_seconds(),
            approval=wave.approval,
            approved_by=approval.by if approval else "",
        )


def _plan(
    fleet: LoadedFleet, state: FleetState, name: str, entry: PlanEntry, wait: Wait | None, at: datetime
) -> FleetPlanReport:
    member = fleet.members.get(name)
    called = Called(plan=str(member.file), state=state.shown) if member else None
    seen = _look(State(state.folder, entry.plan), entry, called, at)
    report, live = (seen.report, seen.snapshot) if seen else (None, None)
    is_running = entry.status is PlanStatus.STARTED
    step = live.step if live and is_running else None
    gate = (live.gate or "") if live and is_running else ""
    ended = entry.ended or at
    return FleetPlanReport(
        name=name,
        plan=entry.plan,
        verb=entry.verb,
        wave=entry.wave,
        status=entry.status,
        message=in_full(entry.message, called),
        wait=WaitReport(reason=wait.reason, why=words.why(wait), until=wait.until) if wait else None,
        run_id=report.run_id if report else entry.run_id,
        attempts=len(entry.attempts),
        worker=entry.latest.worker if entry.latest else "",
        started=entry.started,
        ended=entry.ended,
        seconds=(ended - entry.started).total_seconds() if entry.started else None,
        step=step.step if step else "",
        share=step.share if step else None,
        gate=gate,
        indices=report.totals.indices if report else 0,
        equal=report.totals.equal if report else 0,
        documents=report.totals.documents if report else 0,
        bytes=report.totals.bytes if report else 0,
        window_seconds=report.window.seconds if report and report.window else None,
        source_blocked=seen.blocked if seen else 0,
        next_command=_next_of(entry, gate, report, called),
    )


@dataclass(frozen=True)
class _Seen:
    """A plan's run as it stands."""

    report: Report
    snapshot: ProgressSnapshot
    blocked: int


def _look(runs: State, entry: PlanEntry, called: Called | None, at: datetime) -> _Seen | None:
    """The plan's run that the fleet works on; None before it has begun, or where it cannot be read."""
    try:
        held = runs.is_held()
        journals = list(runs.journals())
        journal = _worked_on(runs, entry, journals)
        if journal is None:
            return None
        report, block = report_of(journal.document, called), source_block(journals)
        live = read_live_progress(runs.live_of(journal.run_id)) if held else None
        blocked = len(block.indices) if block and block.state != "kept" else 0
        return _Seen(report, snapshot_of(report, Seen(at=at, held=held, live=live, block=block)), blocked)
    except StateUnusable:
        return None


def _worked_on(runs: State, entry: PlanEntry, journals: list[Journal]) -> Journal | None:
    if entry.latest is None:
        return None
    if entry.status.is_over and entry.run_id:
        return next((each for each in journals if each.run_id == entry.run_id), None)
    new = (each for each in journals if entry.latest.has_worked_on(each.document))
    return next(new, None) or runs.current(entry.verb)


def _next_of(entry: PlanEntry, gate: str, report: Report | None, called: Called | None) -> str:
    if entry.status is PlanStatus.STARTED:
        return in_full(command("approve", gate), called) if gate else ""
    if entry.status is PlanStatus.WAITING and not entry.attempts:
        return ""
    return report.next_command if report else ""


def _totals(plans: list[FleetPlanReport]) -> FleetTotals:
    return FleetTotals(
        plans=len(plans),
        done=sum(plan.status is PlanStatus.DONE for plan in plans),
        failed=sum(plan.status.has_failed for plan in plans),
        running=sum(plan.status is PlanStatus.STARTED for plan in plans),
        waiting=sum(plan.status is PlanStatus.WAITING for plan in plans),
        indices=sum(plan.indices for plan in plans),
        equal=sum(plan.equal for plan in plans),
        documents=sum(plan.documents for plan in plans),
        bytes=sum(plan.bytes for plan in plans),
        source_blocked=sum(plan.source_blocked for plan in plans),
    )


def _next(
    document: FleetDocument,
    alive: bool,
    plans: list[FleetPlanReport],
    called: Called | None,
) -> tuple[str, str]:
    """What to do next, in words, and the command for it."""

    def full(verb: str, *options: str) -> str:
        return in_full(command(f"fleet {verb}", *options), called)

    status = document.status
    waiting = next((p.wave for p in plans if p.wait and p.wait.reason is WaitReason.APPROVAL), "")
    gated = next((plan for plan in plans if plan.gate), None)
    if status is FleetStatus.DONE:
        return "", full("report")
    if status is FleetStatus.ENDED and not alive:
        return _SEE, full("run", "--execute", *document.consents)
    if not alive:
        return _RESUME, full("run", "--execute", *document.consents)
    if gated:
        return f"approve {gated.gate} of {gated.name}, once all is well", gated.next_command
    if waiting:
        return f"approve wave {waiting}, once all is well", full("approve", waiting)
    return "wait", full("status")
