"""A plan's hooks: who is told of what, what each is told, and how each went.

docs/gates-and-hooks.md documents what is told: the names and meanings here are a contract.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from configs.hooks import EventName, Hook
from configs.plan import BasicAuth, DomainSettings, Plan
from runs.events import Event
from runs.hook_commands import command_unusable, run_command
from runs.journal import HookEntry, Journal, now

EXIT_CODES: dict[EventName, int] = {"done": 0, "failed": 1, "refused": 3, "different": 4, "interrupted": 5}
"""The events that tell a session's end, and the exit code that the command ends with."""
_LONGEST = 4000  # characters of one value: an environment has little room


@dataclass(frozen=True)
class HookMessage:
    """What a hook is told, the same by environment variables and as a JSON document. Empty: not known."""

    event: EventName
    text: str
    at: str
    plan: str
    run_id: str
    verb: str
    outcome: str
    exit_code: int | None
    step: str
    gate: str
    until: str
    by: str
    message: str
    hint: str
    source: str
    target: str
    repository: str
    snapshot: str
    state: str
    journal: str
    report_json: str
    report_markdown: str

    def document(self) -> dict[str, object]:
        """As a webhook gets it."""
        return {"format": 1, **asdict(self)}

    def variables(self) -> dict[str, str]:
        """As a command gets it: `SNAPFERRY_EVENT` and so on."""
        return {f"SNAPFERRY_{name.upper()}": _plain(value) for name, value in asdict(self).items()}


def _plain(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("\0", "")[:_LONGEST].encode("utf-8", "replace").decode()


def message_for(happening: Event, plan: Plan, journal: Journal, reports: tuple[Path, Path]) -> HookMessage:
    """Everything a hook is told of this.

    Args:
        reports: the files of the report, as JSON and as Markdown; they are there from a session's end on.
    """
    run = journal.document
    resolved = journal.record("resolve") or {}
    written = [str(file) if file.exists() else "" for file in reports]
    return HookMessage(
        event=happening.event,
        text=f"{plan.name}: {happening.message}",
        at=now().isoformat(timespec="seconds"),
        plan=plan.name,
        run_id=run.run_id,
        verb=run.verb,
        outcome=run.status,
        exit_code=EXIT_CODES.get(happening.event),
        step=happening.step,
        gate=happening.gate,
        until=happening.until.isoformat(timespec="seconds") if happening.until else "",
        by=happening.by,
        message=happening.message,
        hint=happening.hint,
        source=_where(plan.source),
        target=_where(plan.target),
        repository=plan.repository.name,
        snapshot=str(resolved.get("snapshot", "")),
        state=str(journal.path.parents[2]),
        journal=str(journal.path),
        report_json=written[0],
        report_markdown=written[1],
    )


def _where(side: DomainSettings) -> str:
    return side.endpoint or f"{side.domain} in {side.region}"


def hook_name(number: int, hook: Hook) -> str:
    """How a hook is called in journal and report: its place in the plan, and its program or address by name.

    Args:
        number: its place, from 1.
    """
    if hook.command:
        return f"{number} ({hook.command[0]})"
    assert hook.webhook
    way = hook.webhook
    return f"{number} ({way.url or (f'env {way.env}' if way.env else way.secret)})"


def unusable_hooks(plan: Plan) -> Iterator[str]:
    """Why hooks that may fail the run cannot be run at all: no such program, no address. Sends nothing."""
    for number, hook in enumerate(plan.hooks, 1):
        problem = _unusable(hook) if hook.on_failure == "fail" else ""
        if problem:
            yield f"hook {hook_name(number, hook)}: {problem}"


def _unusable(hook: Hook) -> str:
    if hook.command:
        return command_unusable(hook.command)
    from runs.webhooks import webhook_unusable

    assert hook.webhook
    return webhook_unusable(hook.webhook)


def hooks_of(plan: Plan, event: str) -> list[tuple[str, Hook]]:
    """The hooks that are told of this event, by name, in the plan's order."""
    named = ((hook_name(number, hook), hook) for number, hook in enumerate(plan.hooks, 1))
    return [(name, hook) for name, hook in named if event in hook.events]


def run_hook(name: str, hook: Hook, told: HookMessage, plan: Plan, journal: Journal) -> str:
    """Runs one hook, writes into the journal how it went, and returns what went wrong, if anything did.

    Changes no domain. May be repeated: the hook is then told once more.
    """
    entry = HookEntry(at=now(), event=told.event, hook=name, seconds=0.0)
    began = time.monotonic()
    entry.problem = _problem(hook, told, plan)
    entry.seconds = round(time.monotonic() - began, 3)
    journal.document.hooks.append(entry)
    journal.save()
    return entry.problem


def _problem(hook: Hook, told: HookMessage, plan: Plan) -> str:
    timeout_s = hook.timeout.total_seconds()
    if hook.command:
        return run_command(hook.command, told.variables(), timeout_s, secret_variables(plan))
    from runs.webhooks import call_webhook  # boto3 and requests only where they are needed

    assert hook.webhook
    return call_webhook(hook.webhook, told.document(), timeout_s)


def secret_variables(plan: Plan) -> list[str]:
    """Names of the environment variables that this plan's secrets are in."""
    ways = (plan.source.auth, plan.target.auth)
    named = [auth.password.env for auth in ways if isinstance(auth, BasicAuth)]
    named += [hook.webhook.env for hook in plan.hooks if hook.webhook]
    return [name for name in named if name]
