"""Where a run stands, in a few lines."""

from typing import Any

from rich.text import Text

from reports import words
from reports.model import GateReport, Report


def status_of(report: Report, held: bool) -> dict[str, Any]:
    """The run's standing as a value.

    Args:
        held: whether a living process holds the plan.
    """
    gone = report.outcome == "running" and not held
    outcome = "interrupted" if gone else report.outcome
    after = "run the same command again: it continues this run" if gone else report.next
    last = report.steps[-1] if report.steps else None
    return {
        "plan": report.plan,
        "verb": report.verb,
        "run_id": report.run_id,
        "outcome": outcome,
        "held_by_a_process": held,
        "started": report.started.isoformat(),
        "step": last.name if last else None,
        "step_attempts": last.attempts if last else 0,
        "step_error": last.error if last else None,
        "steps_done": [step.name for step in report.steps if step.ended and not step.error],
        "gates": [gate.model_dump(mode="json") for gate in report.gates],
        "message": report.message,
        "next": _next(report, held) or after,
        "changes": len(report.changes),
    }


def _next(report: Report, held: bool) -> str:
    """What to do about a living process; empty without one."""
    closed = next((gate for gate in report.gates if gate.approved is None), None)
    if held and closed and report.outcome == "running":
        file = f", or touch {closed.file}" if closed.file else ""
        return f"it waits for an approval: snapferry approve PLAN {closed.name}{file}"
    return "wait for it" if held else ""


def status_view(standing: dict[str, Any]) -> Text:
    """The standing as lines for people."""
    process = "a process works on it" if standing["held_by_a_process"] else "no process works on it"
    outcome = words.OUTCOMES[standing["outcome"]]
    what = "Rehearsal" if standing["verb"] == "rehearse" else "Run"
    lines = [
        f"{what} {standing['run_id']} of plan {standing['plan']}: {outcome} ({process})",
        f"Steps done: {', '.join(standing['steps_done']) or 'none'}",
    ]
    if standing["step"] and standing["step"] not in standing["steps_done"]:
        error = f": {standing['step_error']}" if standing["step_error"] else ""
        lines.append(f"Last step: {standing['step']}, attempt {standing['step_attempts']}{error}")
    lines += [words.gate(GateReport.model_validate(gate)) for gate in standing["gates"]]
    lines += [standing["message"]] if standing["message"] else []
    lines += [f"Next: {standing['next']}"] if standing["next"] else []
    return Text("\n".join(lines))
