"""What to do next about a run, by its verb and status."""

from reports.model.seeding import WindowReport
from reports.words.common import clock
from runs.journal import Document
from runs.lifecycle import RunStatus, is_kept, is_removed, is_rolling_back
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


def next_step(document: Document, window: WindowReport | None) -> str:
    """What to do next; empty if there is nothing to do."""
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
