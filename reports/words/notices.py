"""What people are told of a run's events: a title for a lock screen, and a few lines."""

from collections.abc import Mapping
from typing import Literal

from configs.hooks import EventName
from configs.values.visible import visible_lines
from reports.words.common import clock
from runs.events import Event, Notice
from runs.verbs import Verb

_HAPPENED: Mapping[EventName, str] = {
    "run-started": "has started",
    "run-continued": "goes on",
    "step-started": "begins {step}",
    "step-done": "has done {step}",
    "gate-waiting": "waits for approval of {gate}",
    "gate-approved": "may go on: {gate} is approved",
    "window-opened": "has opened its window: writes are refused",
    "verified": "is verified",
    "done": "is done",
    "different": "found a difference, or could not tell",
    "failed": "has failed",
    "interrupted": "was interrupted",
    "refused": "was refused; nothing was changed",
}
_KINDS: Mapping[EventName, Literal["success", "warning", "failure"]] = {
    "gate-waiting": "warning",
    "window-opened": "warning",
    "verified": "success",
    "done": "success",
    "different": "failure",
    "failed": "failure",
    "interrupted": "warning",
    "refused": "warning",
}


def notice(event: Event, plan: str, verb: Verb, run_id: str) -> Notice:
    """The notice of an event of a run."""
    happened = _HAPPENED[event.event].format(step=event.step, gate=event.gate)
    until = f"until {clock(event.until)}" if event.until else ""
    to_do = f"To do: {event.hint}" if event.hint else ""
    lines = (event.message, until, to_do, f"Run {run_id}")
    body = visible_lines("\n".join(line for line in lines if line))
    return Notice(f"{plan}: {verb.label.lower()} {happened}", body, _KINDS.get(event.event, "info"))
