"""What to do next about a run, by its verb and status."""

from collections.abc import Mapping

from reports.model.seeding import WindowReport
from reports.words.common import clock
from runs.journal import Document
from runs.lifecycle import RunPhase, RunStatus, is_kept, is_removed, is_rolling_back, phase
from runs.step_names import StepName
from runs.verbs import Verb

ABORT = "snapferry abort PLAN --execute"
RELEASE = "snapferry finish PLAN --source released --execute"
_NEXT = {
    RunStatus.DONE: "point your clients at the target; `snapferry verify` compares again at any time",
    RunStatus.INTERRUPTED: "run the same command again: it continues this run",
    RunStatus.RUNNING: "run the same command again if its process is gone: it continues this run",
    RunStatus.FAILED: "fix the cause, then run the same command again: it continues this run",
}
_SEEDED = (
    "run the same command for another round, as often as you like; `snapferry cutover PLAN` previews the "
    "cutover and its window"
)
_OPENED = "`snapferry finish PLAN` cleans up registrations, snapshots and the source's block"


_WHERE_TO_LOOK: Mapping[str, str] = {
    StepName.RESOLVE: "`snapferry check PLAN` shows what it meets",
    StepName.REGISTER_ON_SOURCE: "`snapferry check PLAN` shows what the bucket and the role lack",
    StepName.FREEZE: "GET _tasks and GET _cat/shards on the source show what is in the way",
    StepName.START_SNAPSHOT: "GET _snapshot/_status on the source shows what it is busy with",
    StepName.SNAPSHOT: "the source's error log tells why; to find an index that cannot be in a snapshot, "
    "narrow indices.include until one succeeds",
    StepName.FIND_ON_TARGET: "GET _snapshot/REPOSITORY/_all on both domains shows what each of them reads",
    StepName.RESTORE: "GET _cluster/allocation/explain and the error log of the target tell why",
    StepName.OPEN_COPIES: "GET _cluster/allocation/explain on the target tells why",
    StepName.VERIFY: "`snapferry report PLAN` names each index, and why it differs or cannot be compared",
    StepName.SET_ALIASES: "the message names what the target refuses",
}
"""Where the cause is found, by the step that failed."""
_ANYWHERE = "`snapferry report PLAN` shows what was sent and answered; the domain's error log may say more"


def next_step(document: Document, window: WindowReport | None) -> str:
    """What to do next; empty if there is nothing to do.

    If the same end has come before, the usual advice has not helped: first it says where to find the cause.
    """
    usual = _usual(document, window)
    times = document.times_in_a_row
    if times == 1 or phase(document) is RunPhase.AT_GATE or document.status is RunStatus.DONE:
        return usual
    look = _WHERE_TO_LOOK.get(_failed_step(document), _ANYWHERE)
    said = f"the last {times} attempts ended like this, so the same command alone is unlikely to help: {look}"
    return f"{said}; then: {usual}" if usual else said


def _failed_step(document: Document) -> str:
    """The step that ended the latest session; empty if none did."""
    failed = [(entry.ended, name) for name, entry in document.steps.items() if entry.error and entry.ended]
    return max(failed, default=(None, ""))[1]


def _usual(document: Document, window: WindowReport | None) -> str:
    if document.unheard:
        return _about_hooks(document)
    if document.verb is Verb.CUTOVER and window:
        return _after_freeze(document, window)
    if document.status == RunStatus.DONE and document.verb is Verb.SEED:
        return _SEEDED
    if document.status == RunStatus.DIFFERENT and document.verb is Verb.SEED:
        return "seed again: the next round copies the differing indices again"
    if document.verb is Verb.SEED and is_removed(document):
        return "nothing is left of the rounds; the next `snapferry seed PLAN` starts with round 1"
    if document.status == RunStatus.DONE and document.verb is Verb.REHEARSE:
        return _after_rehearsal(document)
    return document.hint or _NEXT.get(document.status, "")


def after_a_kill(window: WindowReport | None, after: str) -> str:
    """What to do about a run whose process is gone.

    Args:
        after: what the report says to do next.
    """
    return after if window else _NEXT[RunStatus.INTERRUPTED]


def _about_hooks(document: Document) -> str:
    if document.verb is Verb.MIGRATE:
        return "fix the hook, then run the same command again: it calls the hooks and moves nothing"
    return "fix the hook; the run itself has finished"


def _after_rehearsal(document: Document) -> str:
    if is_kept(document) and not is_removed(document):
        return "inspect what was kept; `snapferry abort` removes it, `snapferry plan` shows the real run"
    return "`snapferry plan` shows the real run, estimated from this rehearsal; `snapferry migrate` does it"


def _after_freeze(document: Document, window: WindowReport) -> str:
    since = f"the source has refused writes since {clock(window.frozen)}"
    if is_rolling_back(document):
        why = "" if window.ended else f"{since}: "
        if document.hint and document.status == RunStatus.FAILED:
            return f"{why}{document.hint}"
        return f"{why}run the same command again: it resumes the roll-back"
    if window.outcome == "put back":
        return _after_roll_back(document, window)
    if window.outcome == "blocking":
        return f"{since}: the same command finishes the cutover or rolls it back; `{ABORT}` rolls it back"
    if window.outcome == "opening" or document.status != RunStatus.DONE:
        reason = f"{document.hint}; " if document.hint and document.status == RunStatus.FAILED else ""
        return f"{reason}run the same command again: it resumes opening the target"
    where = window.repoint.endpoint if window.repoint else "the target"
    return f"point your clients at {where}; {_after_opening(document, window)}"


def _after_opening(document: Document, window: WindowReport) -> str:
    finish = document.steps.get("finish")
    if finish is None or finish.record is None or finish.error:
        return _OPENED
    return f"`{RELEASE}` releases the source" if window.still_blocked else "nothing is left to clean up"


def _after_roll_back(document: Document, window: WindowReport) -> str:
    own = str((document.failure or {}).get("hint", ""))
    again = "the source takes writes again, and the next `snapferry cutover PLAN` continues from the copies"
    if window.ended and window.ended >= window.deadline:
        again = "the source takes writes again"
    return f"{own}; {again}" if own else again
