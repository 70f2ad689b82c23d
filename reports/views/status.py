"""The status of a run, in a few lines."""

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from reports.build.progress import current_step
from reports.model.progress import ProgressSnapshot
from reports.model.report import GateReport, Report
from reports.model.seeding import GuardReport, SourceBlock, WaitingCopies
from reports.views.fitting import page
from reports.views.live import live_lines, live_of, process_words
from reports.words import common
from reports.words.common import clock, counted, number
from reports.words.next_step import next_lines
from reports.words.outcomes import title
from runs.commands import Called, in_full
from runs.guard_record import GuardState

_BY_THE_JOURNAL = "This is from the journals of the runs; the domains were not asked."


def status_of(
    snapshot: ProgressSnapshot,
    report: Report,
    block: SourceBlock | None = None,
    waiting: WaitingCopies | None = None,
    taking_away: str | None = None,
    log: str | None = None,
    way_back: str | None = None,
) -> dict[str, Any]:
    """The run's status as a value.

    Args:
        snapshot: how it stands; its figures are among the values.
        block: the indices of the source that cutovers of the plan left blocked.
        waiting: the copies that its rounds made on the target.
        taking_away: the command that resumes removing the copies, if that has begun and not finished.
        log: the run's log; None if it has none.
        way_back: how falling back stands; None where nothing has promised it.
    """
    last = current_step(report)
    return {
        "plan": report.plan,
        "verb": report.verb,
        "run_id": report.run_id,
        "back": report.back,
        "outcome": snapshot.outcome,
        "stands": snapshot.stands,
        "held_by_a_process": snapshot.process_alive is True,
        "process": snapshot.process,
        **live_of(snapshot, report),
        "figures": snapshot.model_dump(mode="json"),
        "source_refuses_writes": block.model_dump(mode="json") if block else None,
        "copies": waiting.model_dump(mode="json") if waiting else None,
        "taking_away": taking_away,
        "way_back": way_back,
        "started": report.started.isoformat(),
        "step": last.name if last else None,
        "step_attempts": last.attempts if last else 0,
        "step_error": last.error if last else None,
        "steps_done": snapshot.steps_done,
        "gates": [gate.model_dump(mode="json") for gate in report.gates],
        "message": report.message,
        "next": snapshot.next,
        "next_command": snapshot.next_command,
        "changes": sum(change.changed for change in report.changes),
        "log": log,
    }


def with_plan(found: dict[str, Any], called: Called | None) -> dict[str, Any]:
    """The same with its commands in full, so that they can be pasted.

    Args:
        called: how the command was called that shows it.
    """
    block = found["source_refuses_writes"]
    texts = ("message", "next", "next_command", "taking_away")
    named: dict[str, Any] = {key: in_full(found[key], called) for key in texts if found[key]}
    lifted = {**block, "lift": in_full(block["lift"], called)} if block else None
    return {**found, **named, "source_refuses_writes": lifted}


def status_view(found: dict[str, Any]) -> RenderableType:
    """The status as lines for people."""
    run = f"{title(found['verb'])} {found['run_id']} of plan {found['plan']}"
    lines = [
        *_block_lines(found),
        f"{run}: {found['stands']} ({process_words(found)})",
        *((common.EXCHANGED,) if found["back"] else ()),
        *_copies_lines(found),
        f"Steps done: {', '.join(found['steps_done']) or 'none'}",
    ]
    if found["step"] and found["step_error"]:
        lines.append(f"Last step: {found['step']}, attempt {found['step_attempts']}: {found['step_error']}")
    lines += live_lines(found)
    lines += [common.gate(GateReport.model_validate(gate)) for gate in found["gates"]]
    lines += [f"Falling back: {found['way_back']}"] if found["way_back"] else []
    lines += [found["message"]] if found["message"] else []
    lines += [_BY_THE_JOURNAL] if found["source_refuses_writes"] else []
    lines += [f"Log: {found['log']}"] if found["log"] else []
    lines += next_lines(found["next"], found["next_command"])
    return page(map(Text, lines))


def _block_lines(found: dict[str, Any]) -> list[str]:
    block = found["source_refuses_writes"]
    return (
        block_lines(SourceBlock.model_validate(block), found["held_by_a_process"], found["process"])
        if block
        else []
    )


def _copies_lines(found: dict[str, Any]) -> list[str]:
    away = "The seed rounds are being removed; until that is done, no round or cutover can run."
    lines = [away] if found["taking_away"] else []
    return [*lines, copies_line(WaitingCopies.model_validate(found["copies"]))] if found["copies"] else lines


def block_lines(block: SourceBlock, held: bool, process: int | None = None) -> list[str]:
    """Say first that a domain refuses writes, until when, and how to release it.

    Args:
        held: whether a running process holds the plan.
        process: its id; None where that is not known.
    """
    if block.guard and block.guard.state == GuardState.RELEASED:
        return _released_by(block, block.guard, process if held else None)
    many = counted(len(block.indices), "index", "indices")
    in_doubt = block.state == "releasing" and not held
    to_many = f" to {many}" if block.indices else ""
    said = f"{'may refuse' if in_doubt or not block.indices else 'refuses'} writes{to_many}"
    since = f"since {clock(block.since)}, by {block.verb} {block.run_id}"
    lines = [f"The {block.side} {said} {since}{_until(block, held)}.", *_guard_lines(block.guard, block.verb)]
    return [*lines, *_lifting(block, held, process)]


def _released_by(block: SourceBlock, guard: GuardReport, process: int | None) -> list[str]:
    """Say that the source takes writes again although the journal does not know it, and what is left.

    Args:
        process: that of the command, if it lives: then it hangs.
    """
    problem = f" It could not do the rest: {guard.problem}." if guard.problem else ""
    closed = " The copies on the target are closed again." if guard.copies_closed else ""
    said = f"The {block.side} takes writes again since {clock(guard.at)}: {guard.why}.{closed}{problem}"
    if process and process != guard.process:
        hangs = f"The command hangs; the rest is rolled back when it goes on, or ends: kill -9 {process}"
        return [said, hangs]
    if guard.alive:
        return [said, f"The guard (process {guard.process}) is rolling back the rest: wait for it."]
    return [said, f"To roll back the rest of {block.verb} {block.run_id}: {block.lift}"]


def _guard_lines(guard: GuardReport | None, verb: str) -> list[str]:
    """What the guard of the window does about it."""
    if guard and guard.state == GuardState.LEFT:
        return [f"Its guard could not release it: {guard.problem}"]
    if guard is None or not guard.alive:
        return []
    if guard.state == GuardState.RELEASING:
        problem = f"; last problem: {guard.problem}" if guard.problem else ""
        return [f"Its guard (process {guard.process}) is trying to release it, again and again{problem}"]
    if guard.state == GuardState.STOOD_DOWN:
        return []
    return [f"Its guard (process {guard.process}) releases it at once if the process of the {verb} dies."]


def _until(block: SourceBlock, held: bool) -> str:
    other = "target" if block.side == "source" else "source"
    if block.state == "kept":
        return f"; the {other} is open, and the {block.side} keeps refusing them"
    if block.state == "opening":
        return f"; the {other} is being opened"
    if not held and block.state == "releasing":
        return f", or take them again: it was being released when the process of the {block.verb} ended"
    if not held:
        if block.guard and block.guard.alive:
            return f"; the process of the {block.verb} is gone"
        passed = f" (deadline {clock(block.deadline)})" if block.deadline else ""
        return f"; no process works on it, so nothing ends this by itself{passed}"
    if block.deadline is None:
        return f"; the {block.verb} is being rolled back"
    return f", until {clock(block.deadline)} at the latest: then the {block.verb} is rolled back"


def _lifting(block: SourceBlock, held: bool, process: int | None) -> list[str]:
    """How to release the source; while a process holds the plan, only that process can."""
    if held and block.state != "kept":
        works = f"Process {process} works on it" if process else "A process works on it"
        if block.state != "window":
            return [f"{works}: wait for it."]
        kill = f": kill {process}" if process else ""
        return [
            f"{works}; it ends the window by itself at its deadline.",
            f"To roll back now, end that process with Ctrl-C or SIGTERM{kill}",
        ]
    if block.state == "releasing":
        return [f"The same command finishes the release: {block.lift}"]
    if block.state == "opening":
        return [f"To finish that: {block.lift}"]
    return [f"To release it: {block.lift}"]


def copies_line(waiting: WaitingCopies) -> str:
    """The copies in one line."""
    if waiting.left_by_fallback:
        left = "left by the fallback: open, and refusing writes"
        return f"Copies on the target: {number(waiting.copies)}, {left}; follow and cutover go on from them"
    since = f" as of {clock(waiting.as_of)}" if waiting.as_of else ""
    doubted = f"; the next round copies {number(waiting.doubted)} of them again" if waiting.doubted else ""
    which = f"round {waiting.round}" if waiting.round else "before the end of round 1"
    many = number(waiting.copies)
    return f"Copies on the target: {many}{since} ({which}), closed and refusing writes{doubted}"
