"""Gates: the run waits, in one loop with its own deadline, until somebody approves. Changes no domain."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from configs.gates import Gate, GateSettings
from configs.values.durations import duration_text
from runs.approvals import approval_of, approve
from runs.events import Event, emit
from runs.journal import GateEntry, now
from runs.progress import Progress, report_progress
from tasks.errors import TimedOut
from tasks.migration import Migration

_TELL_EVERY_S = 60.0


@dataclass(frozen=True)
class Way:
    """One more way to open a gate, beside the command and the file.

    Args:
        words: what somebody has to do; empty when there is no such way.
        opened_by: who has opened it; None while nobody has.
    """

    words: str = ""
    opened_by: Callable[[], str | None] = lambda: None


def closed_gate(m: Migration, gate: Gate) -> GateSettings | None:
    """The settings of a gate that this run must not pass yet; None when it may go on.

    It may where the plan does not name the gate, the verb does not pass it, or it was approved in this run.
    """
    entry = m.journal.document.gates.get(gate)
    settings = m.plan.gates.get(gate)
    if entry and entry.approved is None and settings is None:
        del m.journal.document.gates[gate]  # it was taken out of the plan since
        m.journal.save()
    passed = gate in m.journal.document.verb.gates
    return settings if passed and not (entry and entry.approved) else None


def come_to(m: Migration, gate: Gate, settings: GateSettings) -> GateEntry:
    """Writes that the run has come to this gate, and until when this session waits there."""
    at = now()
    entry = m.journal.document.gates.setdefault(gate, GateEntry(since=at, until=at))
    window = m.journal.document.window
    until = at + settings.timeout
    entry.until, entry.file = min(until, window.deadline) if window else until, settings.file
    m.journal.save()
    return entry


def opened_by(m: Migration, gate: Gate, settings: GateSettings) -> str | None:
    """Who has opened the gate by the command or its file; None while nobody has.

    Raises:
        StateUnusable: there is an approval, and it cannot be read.
    """
    approval = approval_of(m.journal, gate)
    if approval:
        return approval.by
    at = _written(settings)
    return _by_file(settings) if at and at > m.journal.document.started else None


def _written(settings: GateSettings) -> datetime | None:
    """When the file was last written; None where it is not, or cannot be looked at."""
    try:
        seconds = Path(settings.file).stat().st_mtime if settings.file else None
    except OSError:
        return None
    return None if seconds is None else datetime.fromtimestamp(seconds, now().tzinfo)


def _by_file(settings: GateSettings) -> str:
    file = Path(settings.file or "")
    try:
        return f"{file.owner()} (file {file})"
    except (KeyError, OSError):
        return f"file {file}"


def wait_at(
    m: Migration, gate: Gate, settings: GateSettings, other: Way, news: Callable[[], str] = lambda: ""
) -> str:
    """Waits until somebody opens the gate, and returns who has. Changes nothing; may be repeated.

    Args:
        news: what else whoever decides must know; asked anew each time that the wait is told.

    Raises:
        TimedOut: nobody has within the gate's timeout. The run is as it was.
        StateUnusable: as `opened_by`.
    """
    entry = m.journal.document.gates[gate]
    ways = "; or ".join(_ways(gate, settings, other))
    said = f"{_asked(gate)} until {_clock(entry.until)}"
    emit(Event("gate-waiting", said, ways, gate=gate, until=entry.until))
    poll = m.poll(settings.timeout.total_seconds())
    told_at = -_TELL_EVERY_S
    while True:
        by = opened_by(m, gate, settings) or other.opened_by()
        if by:
            return by
        if poll.expired:
            raise _not_approved(gate, settings.timeout, entry)
        if poll.waited_s - told_at >= _TELL_EVERY_S:
            told_at = poll.waited_s
            told = "; ".join(filter(None, (news(), f"since {_clock(entry.since)}", ways)))
            report_progress(Progress(gate, said, waiting=True, detail=told))
        poll.pause()


def let_through(m: Migration, gate: Gate, by: str) -> None:
    """Writes that the gate was approved, and by whom; a continued run does not wait there again.

    The approval itself is written first, the journal last: a hook that fails in between, or a kill, leaves
    a gate that is open, and that is told again.
    """
    approval, _ = approve(m.journal, gate, by)
    said = f"{gate} was approved by {approval.by}"
    emit(Event("gate-approved", said, gate=gate, by=approval.by))
    entry = m.journal.document.gates[gate]
    entry.approved, entry.by = approval.at, approval.by
    m.journal.save()
    report_progress(Progress(gate, f"approved by {approval.by}", finished=True))


def _asked(gate: Gate) -> str:
    return f"waiting for an approval of {gate}"


def _ways(gate: Gate, settings: GateSettings, other: Way) -> Iterator[str]:
    yield f"snapferry approve PLAN {gate}"
    if settings.file:
        old = " (what is there is older than the run)" if _written(settings) else ""
        yield f"touch {settings.file}{old}"
    if other.words:
        yield other.words


def _not_approved(gate: Gate, timeout: timedelta, entry: GateEntry) -> TimedOut:
    return TimedOut(
        f"nobody has approved {gate} within {duration_text(timeout)}; the run is there since "
        f"{_clock(entry.since)}",
        f"run the same command again: it goes back to the gate; to open it: snapferry approve PLAN {gate}",
    )


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
