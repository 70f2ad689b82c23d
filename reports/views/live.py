"""What a run is doing now, or was doing when it was last seen: for its status."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reports.model.report import Report, StepReport
from reports.words import common
from runs.live_progress import LiveProgress


def current_step(report: Report) -> StepReport | None:
    """The step that has begun and not ended, else the latest one; a resumed run repeats earlier steps."""
    begun = [step for step in report.steps if step.ended is None]
    return next(iter(begun), report.steps[-1] if report.steps else None)


def live_of(report: Report, live: LiveProgress | None, *, held: bool, here: str) -> dict[str, Any]:
    """Process, current step and latest change of a run, as values.

    Args:
        live: what its session last reported.
        held: whether a process holds the plan.
        here: the name of this machine.
    """
    step = current_step(report)
    unfinished = step if step and step.ended is None else None
    return {
        "session": _session(live, held, here),
        "progress": _progress(unfinished, live) if unfinished else None,
        "last_change": report.changes[-1].model_dump(mode="json") if report.changes else None,
    }


def _session(live: LiveProgress | None, held: bool, here: str) -> dict[str, Any] | None:
    if live is None:
        return None
    alive = True if held else False if live.host == here else None
    began = live.session.isoformat()
    return {"process": live.process, "host": live.host, "alive": alive, "began": began}


def _progress(step: StepReport, live: LiveProgress | None) -> dict[str, Any]:
    since = max(step.started, live.session) if live else step.started
    known = live if live and live.step == step.name else None
    keys = ("message", "done", "total", "unit", "detail", "waiting")
    figures: dict[str, Any] = {key: getattr(known, key, None) for key in keys}
    at = live.at.isoformat() if live else None
    return {"step": step.name, "since": since.isoformat(), "attempts": step.attempts, **figures, "at": at}


def process_words(found: dict[str, Any]) -> str:
    """Which process works on the run, or has worked on it."""
    session, held = found["session"], found["held_by_a_process"]
    if session is None:
        return f"{_numbered(found['process'])} works on it" if held else "no process works on it"
    named = f"process {session['process']} on {session['host']}"
    if held:
        return f"{named} works on it"
    if session["alive"] is None:
        return f"{named} worked on it; whether it is alive can be seen on that machine only"
    return f"{named} is gone"


def _numbered(process: int | None) -> str:
    return f"process {process}" if process else "a process"


def live_lines(found: dict[str, Any]) -> Iterator[str]:
    """The current step with its figures, and the latest change."""
    step = found["progress"]
    if step:
        yield f"{'Now' if found['held_by_a_process'] else 'Last seen'}: {_step(step)}"
    change = found["last_change"]
    if change:
        what = " ".join(filter(None, (change["side"], change["action"], change["what"])))
        pending = found["held_by_a_process"] and change["result"] == "unknown"
        result = "under way" if pending else change["result"]
        yield f"Last change: {what} ({result}), {common.clock(_instant(change['at']))}"


def _step(step: dict[str, Any]) -> str:
    attempt = f", attempt {step['attempts']}" if step["attempts"] > 1 else ""
    since = f"{step['step']}{attempt}, since {common.clock(_instant(step['since']))}"
    if step["message"] is None:
        return since
    amount = common.amount(step["done"], step["total"], step["unit"])
    said = ", ".join(filter(None, (step["message"], amount, step["detail"])))
    return f"{since}: {said} (as of {common.clock(_instant(step['at']))})"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
