"""Taking something away from a domain that may be busy: a look and an act, until it works or is given up."""

from collections.abc import Callable, Sequence

from domains.domain import Domain
from domains.errors import Missing, Refused, is_transient
from runs.progress import Progress, tell
from tasks.errors import TimedOut
from tasks.migration import Migration

STEP = "clean"
_CONCURRENT = "concurrent_snapshot_execution_exception"


def patiently(
    m: Migration,
    domain: Domain,
    action: str,
    names: Sequence[str],
    waits: str,
    busy: Callable[[Refused], bool],
    act: Callable[[], None],
) -> None:
    """Looks and acts, and does so again while the domain is busy with something that passes.

    Also where something was gone between the two: the next look tells.
    """
    shown = names[0] if len(names) == 1 else f"{len(names)} indices"
    tell(Progress(STEP, f"{action} {shown}"))
    poll = m.poll(m.plan.snapshot.wait_for_running.total_seconds())
    with m.journal.intend(STEP, domain.side, action, {"names": list(names)}):
        while True:
            try:
                act()
                return
            except Refused as error:
                passes = busy(error) or is_transient(error) or isinstance(error, Missing)
                if not passes:
                    raise
                if poll.expired:
                    hint = "run the same command later: it goes on with what is left"
                    raise TimedOut(waits, hint) from error
                tell(Progress(STEP, f"waiting: {waits}", waiting=True))
            poll.pause()


def is_busy(error: Refused) -> bool:
    """Whether a snapshot stands in the way."""
    return error.says("snapshot_in_progress_exception", _CONCURRENT)


def is_in_use(error: Refused) -> bool:
    """Whether a repository is used by a snapshot or a restore."""
    return "currently used" in error.reply.text
