"""The service's automated snapshots of the source: paused for the window, then resumed."""

from datetime import datetime, timedelta
from typing import Any

from domains.aws import automated_snapshots
from domains.aws.automated_snapshots import LONGEST, Pause
from domains.errors import SnapferryError
from runs.journal import now
from runs.step_names import StepName
from tasks.checks.facts import domains
from tasks.migration import Migration
from tasks.records.cutover import PauseOutcome, PauseRecord
from tasks.survey import Survey

_LEEWAY = timedelta(minutes=10)


def pause(m: Migration) -> PauseRecord:
    """Pause them until shortly after the window, if the caller may; nothing depends on it.

    Safe to repeat. If a snapshot runs anyway, the last round waits for it.
    """
    if not m.plan.cutover.pause_automated_snapshots:
        return PauseRecord(paused=False, outcome=PauseOutcome.NOT_WANTED)
    if not m.source.signed:
        return PauseRecord(paused=False, outcome=PauseOutcome.NOT_SIGNED)
    try:
        name = _domain_name(m)
        if name is None:
            return PauseRecord(paused=False, outcome=PauseOutcome.UNKNOWN_DOMAIN)
        return _paused(m, name)
    except SnapferryError as error:
        return PauseRecord(paused=False, outcome=PauseOutcome.FAILED, error=error.message)


def _paused(m: Migration, name: str) -> PauseRecord:
    intents = m.journal.intents("pause")
    kept: dict[str, Any] | None = intents[0].detail if intents else None
    if kept is None:
        found = automated_snapshots.pause_of(m.source.session, name, m.source.region)
        until = min(now() + m.plan.cutover.window + _LEEWAY, now() + LONGEST - _LEEWAY)
        kept = {"name": name, "names": [name], "until": until.isoformat(), "before": _as_detail(found)}
    until = datetime.fromisoformat(kept["until"])
    if until <= now():
        return PauseRecord(paused=False, outcome=PauseOutcome.OVER)
    with m.journal.intend(StepName.PAUSE_AUTOMATED, "source", "pause", kept):
        automated_snapshots.pause(m.source.session, name, until, m.source.region)
    return PauseRecord(paused=True, outcome=PauseOutcome.PAUSED, until=until)


def resume(m: Migration) -> PauseRecord:
    """Restore the setting from before the pause. Safe to repeat; otherwise the pause ends by itself."""
    intents = m.journal.intents("pause")
    if not intents:
        return PauseRecord(paused=False, outcome=PauseOutcome.NOTHING_PAUSED)
    kept = intents[0].detail
    until, before = datetime.fromisoformat(kept["until"]), _as_pause(kept["before"])
    try:
        with m.journal.intend(StepName.RESUME_AUTOMATED, "source", "resume", {"names": [kept["name"]]}):
            automated_snapshots.resume(m.source.session, kept["name"], until, before, m.source.region)
    except SnapferryError as error:
        failed = PauseOutcome.NOT_RESUMED
        return PauseRecord(paused=True, outcome=failed, until=until, error=error.message)
    return PauseRecord(paused=False, outcome=PauseOutcome.RESUMED)


def _domain_name(m: Migration) -> str | None:
    status = domains.status(Survey.of(m), "source")
    return status.name if status else None


def _as_detail(found: Pause | None) -> dict[str, str | None] | None:
    if found is None:
        return None
    return {"starts": _text(found.starts), "ends": _text(found.ends)}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _as_pause(detail: dict[str, str | None] | None) -> Pause | None:
    if detail is None:
        return None
    starts, ends = detail["starts"], detail["ends"]
    return Pause(
        datetime.fromisoformat(starts) if starts else None, datetime.fromisoformat(ends) if ends else None
    )
