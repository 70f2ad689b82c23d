"""The next thing to do about a run, by its verb and by where it stands."""

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
    RunStatus.FAILED: "put the reason right, then run the same command again: it continues this run",
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
    if document.status == RunStatus.DONE and document.verb is Verb.SEED:
        return _SEEDED
    if document.status == RunStatus.DIFFERENT and document.verb is Verb.SEED:
        return "seed again: the next round takes what differs"
    if document.verb is Verb.SEED and is_removed(document):
        return "nothing of the rounds is left; the next `snapferry seed PLAN` begins with round 1"
    if document.status == RunStatus.DONE and document.verb is Verb.REHEARSE:
        return _after_rehearsal(document)
    return document.hint or _NEXT.get(document.status, "")


def after_a_kill(window: WindowReport | None, after: str) -> str:
    """What to do about a run whose process is gone.

    Args:
        after: what was to be done about it as a run.
    """
    return after if window else _NEXT[RunStatus.INTERRUPTED]


def _about_hooks(document: Document) -> str:
    if document.verb is Verb.MIGRATE:
        return "put the hook right, then run the same command again: it tells the hooks, and moves nothing"
    return "put the hook right; what it was to be told has come to its end"


def _after_rehearsal(document: Document) -> str:
    if is_kept(document) and not is_removed(document):
        return "look at what was kept; `snapferry abort` takes it away, `snapferry plan` shows the real run"
    return "`snapferry plan` shows the real run with what was measured here; `snapferry migrate` does it"


def _after_freeze(document: Document, window: WindowReport) -> str:
    since = f"the source refuses writes since {clock(window.frozen)}"
    if is_rolling_back(document):
        why = "" if window.ended else f"{since}: "
        return f"{why}run the same command again: it goes on with putting everything back"
    if window.outcome == "put back":
        return _put_back(document, window)
    if window.outcome == "blocking":
        return (
            f"{since}: the same command finishes the cutover or puts everything back; "
            f"`{ABORT}` puts everything back"
        )
    if window.outcome == "opening" or document.status != RunStatus.DONE:
        reason = f"{document.hint}; " if document.hint and document.status == RunStatus.FAILED else ""
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
