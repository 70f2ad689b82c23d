"""Requests of a run that a kill, or a lost reply, has left in doubt: they may still take effect."""

from domains.domain import Domain
from domains.engine.cluster import pending_tasks
from domains.errors import Denied
from runs.journal import DENIED, Intent, now
from runs.progress import Progress, report_progress
from tasks.migration import Migration

_ON_ITS_WAY_S = 15.0
_BLOCKING = ("index-block", "update-settings")
_IN_THE_QUEUE_S = 60.0  # twice what an engine keeps a request waiting before it gives it up


def await_in_flight(m: Migration, step: str) -> None:
    """Waits until every request in doubt has taken effect, or cannot any more. Reads only.

    Args:
        step: the step that asks: its own requests are looked after by itself.
    """
    doubtful = [intent for intent in m.journal.document.intents if _is_doubtful(m, intent, step)]
    _wait(m, step, doubtful, (m.snapshot, m.repository))


def await_blocks_in_flight(m: Migration, step: str) -> bool:
    """The same for requests that make the source refuse writes; returns whether there was any doubt."""
    doubtful = [intent for intent in m.journal.intents("block") if intent.result not in {"sent", DENIED}]
    _wait(m, step, doubtful, _BLOCKING)
    return bool(doubtful)


def _wait(m: Migration, step: str, doubtful: list[Intent], words: tuple[str, ...]) -> None:
    latest = max((intent.at for intent in doubtful), default=None)
    poll = m.poll(_IN_THE_QUEUE_S)
    while latest and not poll.expired:
        waited_s = (now() - latest).total_seconds()
        if waited_s >= _IN_THE_QUEUE_S or (waited_s >= _ON_ITS_WAY_S and not _is_queued(m, doubtful, words)):
            return
        report_progress(
            Progress(step, "waiting: a request whose reply was lost may still take effect", waiting=True)
        )
        poll.pause()


def _is_doubtful(m: Migration, intent: Intent, step: str) -> bool:
    """Whether a request may take effect later: it was killed, or its reply decides nothing.

    A step that has come to its end since has looked.
    """
    if intent.step == step or m.journal.record(intent.step):
        return False
    lost = intent.action in {"restore", "snapshot"} and intent.result not in {"sent", DENIED}
    return intent.result is None or lost


def _is_queued(m: Migration, intents: list[Intent], words: tuple[str, ...]) -> bool:
    """Whether a side's manager still has a task with such a word in its queue, or does not tell."""
    sides = {intent.side for intent in intents}
    domains = [domain for domain in (m.source, m.target) if domain.side in sides]
    return any(_holds(domain, words) for domain in domains)


def _holds(domain: Domain, names: tuple[str, ...]) -> bool:
    try:
        return any(name in task for task in pending_tasks(domain) for name in names)
    except Denied:
        return True
