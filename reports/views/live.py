"""What a run is doing now, or was doing when it was last seen: for its status."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reports.model.progress import ProgressSnapshot
from reports.model.report import Report
from reports.words import common


def live_of(snapshot: ProgressSnapshot, report: Report) -> dict[str, Any]:
    """Process, current step and latest change of a run, as values."""
    session, step = snapshot.session, snapshot.step
    return {
        "session": session.model_dump(mode="json") if session else None,
        "progress": step.model_dump(mode="json") if step else None,
        "last_change": report.changes[-1].model_dump(mode="json") if report.changes else None,
    }


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
    left = common.time_left(step["eta_s"], step["stalled_s"])
    said = ", ".join(filter(None, (step["message"], amount, step["detail"], left)))
    return f"{since}: {said} (as of {common.clock(_instant(step['at']))})"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
