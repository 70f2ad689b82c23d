"""Requests whose outcome is unknown (killed, or reply lost): wait until they can no longer take effect."""

from domains.domain import Domain
from domains.engine.cluster import pending_tasks
from domains.errors import Denied
from runs.journal import DENIED, Intent, now
from runs.progress import Progress, report_progress
from tasks.migration import Migration

_ON_ITS_WAY_S = 15.0
_BLOCKING = ("index-block", "update-settings")
_IN_THE_QUEUE_S = 60.0  # twice as long as an engine keeps a request queued before dropping it


def await_in_flight(m: Migration, step: str) -> None:
    """Wait until every request with an unknown outcome has taken effect, or no longer can. Reads only.

    Args:
        step: the calling step, which takes care of its own requests.
    """
    unresolved = [intent for intent in m.journal.document.intents if _is_unresolved(m, intent, step)]
    _wait(m, step, unresolved, (m.snapshot, m.repository))


def await_blocks_in_flight(m: Migration, step: str) -> bool:
    """The same for requests that block writes on the source; returns whether any outcome was unknown."""
    unresolved = [intent for intent in m.journal.intents("block") if intent.result not in {"sent", DENIED}]
    _wait(m, step, unresolved, _BLOCKING)
    return bool(unresolved)


def _wait(m: Migration, step: str, unresolved: list[Intent], words: tuple[str, ...]) -> None:
    latest = max((intent.at for intent in unresolved), default=None)
    poll = m.poll(_IN_THE_QUEUE_S)
    while latest and not poll.expired:
        waited_s = (now() - latest).total_seconds()
        if waited_s >= _IN_THE_QUEUE_S or (
            waited_s >= _ON_ITS_WAY_S and not _is_queued(m, unresolved, words)
        ):
            return
        report_progress(
            Progress(step, "waiting: a request whose reply was lost may still take effect", waiting=True)
        )
        poll.pause()


def _is_unresolved(m: Migration, intent: Intent, step: str) -> bool:
    """Whether a request may still take effect: it was killed, or its reply settles nothing.

    A step that has finished since has checked for itself.
    """
    if intent.step == step or m.journal.record(intent.step):
        return False
    lost = intent.action in {"restore", "snapshot"} and intent.result not in {"sent", DENIED}
    return intent.result is None or lost


def _is_queued(m: Migration, intents: list[Intent], words: tuple[str, ...]) -> bool:
    """Whether a side's cluster manager still has such a task in its queue, or refuses to say."""
    sides = {intent.side for intent in intents}
    domains = [domain for domain in m.domains if domain.side in sides]
    return any(_holds(domain, words) for domain in domains)


def _holds(domain: Domain, names: tuple[str, ...]) -> bool:
    try:
        return any(name in task for task in pending_tasks(domain) for name in names)
    except Denied:
        return True
