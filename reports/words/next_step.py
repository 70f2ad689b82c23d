"""The next thing to do about a run, by its verb and by where it stands."""

from reports.model.seeding import WindowReport
from reports.words.common import clock
from runs.journal import Document
from runs.lifecycle import ROLL_BACK
from runs.verbs import Verb
from tasks.records.cleanup import RemovalRecord

ABORT = "snapferry abort PLAN --execute"
RELEASE = "snapferry finish PLAN --source released --execute"
_NEXT = {
    "done": "point your clients at the target; `snapferry verify` compares again at any time",
    "interrupted": "run the same command again: it continues this run",
    "running": "run the same command again if its process is gone: it continues this run",
    "failed": "put the reason right, then run the same command again: it continues this run",
}
_SEEDED = (
    "another round, as often as you like, by the same command; or the window: `snapferry cutover PLAN` shows "
    "what it would be"
)
_OPENED = "`snapferry finish PLAN` settles registrations, snapshots and the source's block"


def next_step(document: Document, window: WindowReport | None) -> str:
    """What to do next; empty where there is nothing."""
    if document.unheard:
        return _about_hooks(document)
    if document.verb is Verb.CUTOVER and window:
        return _after_freeze(document, window)
    if document.status == "done" and document.verb is Verb.SEED:
        return _SEEDED
    if document.status == "different" and document.verb is Verb.SEED:
        return "seed again: the next round takes what differs"
    if document.verb is Verb.SEED and document.recorded("clean", RemovalRecord):
        return "nothing of the rounds is left; the next `snapferry seed PLAN` begins with round 1"
    if document.status == "done" and document.verb is Verb.REHEARSE:
        return _after_rehearsal(document)
    return document.hint or _NEXT.get(document.status, "")


def after_a_kill(window: WindowReport | None, after: str) -> str:
    """What to do about a run whose process is gone.

    Args:
        after: what was to be done about it as a run.
    """
    return after if window else _NEXT["interrupted"]


def _about_hooks(document: Document) -> str:
    if document.verb is Verb.MIGRATE:
        return "put the hook right, then run the same command again: it tells the hooks, and moves nothing"
    return "put the hook right; what it was to be told has come to its end"


def _after_rehearsal(document: Document) -> str:
    kept = (document.rehearsal or {}).get("keep") and not document.recorded("clean", RemovalRecord)
    if kept:
        return "look at what was kept; `snapferry abort` takes it away, `snapferry plan` shows the real run"
    return "`snapferry plan` shows the real run with what was measured here; `snapferry migrate` does it"


def _after_freeze(document: Document, window: WindowReport) -> str:
    since = f"the source refuses writes since {clock(window.frozen)}"
    if document.aborting and ROLL_BACK not in document.steps:
        why = "" if window.ended else f"{since}: "
        return f"{why}run the same command again: it goes on with putting everything back"
    if window.outcome == "put back":
        return _put_back(document, window)
    if window.outcome == "blocking":
        return (
            f"{since}: the same command finishes the cutover or puts everything back; "
            f"`{ABORT}` puts everything back"
        )
    if window.outcome == "opening" or document.status != "done":
        reason = f"{document.hint}; " if document.hint and document.status == "failed" else ""
        return f"{reason}run the same command again: it goes on with opening the target"
    where = window.repoint.endpoint if window.repoint else "the target"
    return f"point your clients at {where}; {_after_opening(document, window)}"


def _after_opening(document: Document, window: WindowReport) -> str:
    settled = document.steps.get("finish")
    if settled is None or settled.record is None or settled.error:
        return _OPENED
    return f"`{RELEASE}` lifts the source's block" if window.still_blocked else "nothing is left to settle"


def _put_back(document: Document, window: WindowReport) -> str:
    own = str((document.failure or {}).get("hint", ""))
    again = "the source takes writes again, and the next `snapferry cutover PLAN` goes on from the copies"
    if window.ended and window.ended >= window.deadline:
        again = "the source takes writes again"
    return f"{own}; {again}" if own else again
