"""What people are told of a run's events: a title for a lock screen, and a few lines."""

from collections.abc import Mapping
from typing import Literal

from configs.hooks import EventName
from runs.hooks import HookMessage
from runs.notices import Notice
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


def notice(message: HookMessage) -> Notice:
    """The notice of an event."""
    happened = _HAPPENED[message.event].format(step=message.step, gate=message.gate)
    title = f"{message.plan}: {Verb(message.verb).label.lower()} {happened}"
    until = f"until {message.until}" if message.until else ""
    lines = [message.message, until, message.hint and f"To do: {message.hint}", f"Run {message.run_id}"]
    return Notice(title, "\n".join(line for line in lines if line), _KINDS.get(message.event, "info"))
