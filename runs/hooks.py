"""A plan's hooks: which hook gets which event, with what data, and how each call went.

docs/gates-and-hooks.md documents that data: the names and meanings here are a contract.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from configs.hooks import EventName, Hook
from configs.plan import BasicAuth, DomainSettings, Plan
from configs.values.visible import visible, visible_lines
from runs.events import Event, Notice
from runs.hook_commands import command_unusable, run_command
from runs.journal import HookEntry, Journal, now
from runs.stores.registry import store_of

EXIT_CODES: dict[EventName, int] = {"done": 0, "failed": 1, "refused": 3, "different": 4, "interrupted": 5}
"""Events that end a session, and the command's exit code for each."""
_LONGEST = 4000  # characters per value: the environment has limited space


@dataclass(frozen=True)
class HookMessage:
    """Data passed to a hook, the same as environment variables and as JSON. An empty value is unknown."""

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
    report_html: str

    def document(self) -> dict[str, object]:
        """Return the message as the JSON body of a webhook."""
        return {"format": 1, **asdict(self)}

    def variables(self) -> dict[str, str]:
        """Return the message as environment variables: `SNAPFERRY_EVENT` and so on."""
        return {f"SNAPFERRY_{name.upper()}": _plain(value) for name, value in asdict(self).items()}


def _plain(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("\0", "")[:_LONGEST].encode("utf-8", "replace").decode()


def message_for(event: Event, plan: Plan, journal: Journal, reports: tuple[Path, Path, Path]) -> HookMessage:
    """Build the message that hooks get for this event.

    Args:
        reports: paths of the JSON, Markdown and HTML reports; the files exist once the session has ended.
    """
    run = journal.document
    resolved = journal.record("resolve") or {}
    written = [str(file) if file.exists() else "" for file in reports]
    return HookMessage(
        event=event.event,
        text=visible_lines(f"{plan.name}: {event.message}"),
        at=now().isoformat(timespec="seconds"),
        plan=plan.name,
        run_id=run.run_id,
        verb=run.verb,
        outcome=run.status,
        exit_code=EXIT_CODES.get(event.event),
        step=event.step,
        gate=event.gate,
        until=event.until.isoformat(timespec="seconds") if event.until else "",
        by=event.by,
        message=visible_lines(event.message),
        hint=visible(event.hint),
        source=_where(plan.source_domain) if plan.source_domain else f"snapshot {plan.existing_snapshot}",
        target=_where(plan.target),
        repository=plan.repository.name,
        snapshot=str(resolved.get("snapshot", "")),
        state=store_of(journal.path).shown(journal.path.parents[2]),
        journal=journal.shown,
        report_json=written[0],
        report_markdown=written[1],
        report_html=written[2],
    )


def _where(side: DomainSettings) -> str:
    return side.endpoint or f"{side.domain} in {side.region}"


def hook_name(number: int, hook: Hook) -> str:
    """Name a hook for journal and report: its position in the plan, and its program or address.

    Args:
        number: its position, from 1.
    """
    if hook.command:
        return f"{number} ({hook.command[0]})"
    if hook.notify:
        return f"{number} (notify {f'env {hook.notify.env}' if hook.notify.env else hook.notify.secret})"
    assert hook.webhook
    way = hook.webhook
    return f"{number} ({way.url or (f'env {way.env}' if way.env else way.secret)})"


def unusable_hooks(plan: Plan) -> Iterator[str]:
    """List why hooks that can fail the run cannot be called: no such program, no address. Sends nothing."""
    for number, hook in enumerate(plan.hooks, 1):
        problem = _unusable(hook) if hook.on_failure == "fail" else ""
        if problem:
            yield f"hook {hook_name(number, hook)}: {problem}"


def _unusable(hook: Hook) -> str:
    if hook.command:
        return command_unusable(hook.command)
    if hook.notify:
        from runs.notices import notify_unusable

        return notify_unusable(hook.notify)
    from runs.webhooks import webhook_unusable

    assert hook.webhook
    return webhook_unusable(hook.webhook)


def hooks_of(plan: Plan, event: str) -> list[tuple[str, Hook]]:
    """Return the hooks that subscribe to this event, by name, in plan order."""
    named = ((hook_name(number, hook), hook) for number, hook in enumerate(plan.hooks, 1))
    return [(name, hook) for name, hook in named if event in hook.events]


def run_hook(
    name: str, hook: Hook, message: HookMessage, plan: Plan, journal: Journal, notice: Notice
) -> str:
    """Run one hook, record the result in the journal, and return what went wrong, if anything did.

    Changes no domain. Can be repeated: the hook is then called again.

    Args:
        message, notice: the event, for programs and for people.
    """
    entry = HookEntry(at=now(), event=message.event, hook=name, seconds=0.0)
    began = time.monotonic()
    entry.problem = _problem(hook, message, plan, notice)
    entry.seconds = round(time.monotonic() - began, 3)
    journal.document.hooks.append(entry)
    journal.save()
    return entry.problem


def _problem(hook: Hook, message: HookMessage, plan: Plan, notice: Notice) -> str:
    timeout_s = hook.timeout.total_seconds()
    if hook.command:
        return run_command(hook.command, message.variables(), timeout_s, secret_variables(plan))
    if hook.notify:
        from runs.notices import send_notice

        return send_notice(hook.notify, notice, timeout_s)
    from runs.webhooks import call_webhook  # import boto3 and requests only when needed

    assert hook.webhook
    return call_webhook(hook.webhook, message.document(), timeout_s)


def secret_variables(plan: Plan) -> list[str]:
    """Return the names of the environment variables that hold this plan's secrets."""
    ways = (plan.domain(side).auth for side in plan.sides)
    named = [auth.password.env for auth in ways if isinstance(auth, BasicAuth)]
    named += [way.env for hook in plan.hooks if (way := hook.webhook or hook.notify)]
    return [name for name in named if name]
