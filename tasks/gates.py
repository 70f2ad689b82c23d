"""Gates: wait for somebody's approval, in one loop with its own deadline. Changes no domain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from configs.gates import Gate, GateSettings
from configs.values.durations import duration_text
from runs.approvals import approval_of, approve
from runs.commands import command, in_full
from runs.events import Event, emit
from runs.journal import GateEntry, now
from runs.progress import Progress, report_progress
from tasks.errors import TimedOut
from tasks.migration import Migration

_REPORT_EVERY_S = 60.0


@dataclass(frozen=True)
class ApprovalRoute:
    """One more way to approve a gate, besides the command and the file.

    Args:
        instruction: what to do; empty if this way is not available.
        approver: who has approved it; None as long as nobody has.
    """

    instruction: str = ""
    approver: Callable[[], str | None] = lambda: None


def closed_gate(m: Migration, gate: Gate) -> GateSettings | None:
    """The settings of a gate that this run must not pass yet; None if it may continue.

    It may continue if the plan does not name the gate, the verb has no such gate, or it was approved in this
    run.
    """
    entry = m.journal.document.gates.get(gate)
    settings = m.plan.gates.get(gate)
    if entry and entry.approved is None and settings is None:
        del m.journal.document.gates[gate]  # it has been removed from the plan since
        m.journal.save()
    passed = gate in m.journal.document.verb.gates
    return settings if passed and not (entry and entry.approved) else None


def record_arrival(m: Migration, gate: Gate, settings: GateSettings) -> GateEntry:
    """Record that the run has reached this gate, and until when this session waits there."""
    at = now()
    entry = m.journal.document.gates.setdefault(gate, GateEntry(since=at, until=at))
    window = m.journal.document.window
    until = at + settings.timeout
    entry.until, entry.file = min(until, window.deadline) if window else until, settings.file
    m.journal.save()
    return entry


def approver(m: Migration, gate: Gate, settings: GateSettings) -> str | None:
    """Who has approved the gate with the command or its file; None as long as nobody has.

    Raises:
        StateUnusable: there is an approval, but it cannot be read.
    """
    approval = approval_of(m.journal, gate)
    if approval:
        return approval.by
    at = _file_time(settings)
    return _file_approver(settings) if at and at > m.journal.document.started else None


def _file_time(settings: GateSettings) -> datetime | None:
    """When the file was last written; None if it does not exist or cannot be read."""
    try:
        seconds = Path(settings.file).stat().st_mtime if settings.file else None
    except OSError:
        return None
    return None if seconds is None else datetime.fromtimestamp(seconds, now().tzinfo)


def _file_approver(settings: GateSettings) -> str:
    file = Path(settings.file or "")
    try:
        return f"{file.owner()} (file {file})"
    except (KeyError, OSError):
        return f"file {file}"


def await_approval(
    m: Migration,
    gate: Gate,
    settings: GateSettings,
    other: ApprovalRoute,
    news: Callable[[], str] = lambda: "",
) -> str:
    """Wait until somebody approves the gate, and return who did. Changes nothing; safe to repeat.

    Args:
        news: further facts for whoever decides; called again for every progress message.

    Raises:
        TimedOut: nobody approved it within the gate's timeout. The run is unchanged.
        StateUnusable: there is an approval, but it cannot be read.
    """
    entry = m.journal.document.gates[gate]
    called = m.journal.document.called
    instructions = in_full("; or ".join(_instructions(gate, settings, other)), called)
    message = f"{_waiting_text(gate)} until {_clock(entry.until)}"
    emit(Event("gate-waiting", message, instructions, gate=gate, until=entry.until))
    poll = m.poll(settings.timeout.total_seconds())
    reported_at = -_REPORT_EVERY_S
    while True:
        by = approver(m, gate, settings) or other.approver()
        if by:
            return by
        if poll.expired:
            raise _not_approved(gate, settings.timeout, entry)
        if poll.waited_s - reported_at >= _REPORT_EVERY_S:
            reported_at = poll.waited_s
            detail = "; ".join(filter(None, (news(), f"since {_clock(entry.since)}", instructions)))
            report_progress(Progress(gate, message, waiting=True, detail=detail))
        poll.pause()


def record_approval(m: Migration, gate: Gate, by: str) -> None:
    """Record that the gate was approved, and by whom; a resumed run does not wait there again.

    The approval is written first and the journal last. If a hook fails in between, or the run is killed, the
    gate stays open and the hook is called again.
    """
    approval, _ = approve(m.journal, gate, by)
    message = f"{gate} was approved by {approval.by}"
    emit(Event("gate-approved", message, gate=gate, by=approval.by))
    entry = m.journal.document.gates[gate]
    entry.approved, entry.by = approval.at, approval.by
    m.journal.save()
    report_progress(Progress(gate, f"approved by {approval.by}", finished=True))


def _waiting_text(gate: Gate) -> str:
    return f"waiting for approval of {gate}"


def _instructions(gate: Gate, settings: GateSettings, other: ApprovalRoute) -> Iterator[str]:
    yield command("approve", gate)
    if settings.file:
        old = " (the file there is older than the run)" if _file_time(settings) else ""
        yield f"touch {settings.file}{old}"
    if other.instruction:
        yield other.instruction


def _not_approved(gate: Gate, timeout: timedelta, entry: GateEntry) -> TimedOut:
    return TimedOut(
        f"nobody approved {gate} within {duration_text(timeout)}; the run has been waiting there since "
        f"{_clock(entry.since)}",
        f"run the same command again: it returns to the gate; to approve it: {command('approve', gate)}",
    )


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
