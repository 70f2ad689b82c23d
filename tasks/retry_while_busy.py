"""Remove something from a domain that may be busy: check, send, and retry until it works or time runs out."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from domains.domain import Domain
from domains.errors import Missing, Refused, is_transient
from runs.journal import REFUSED, Intent
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import TimedOut
from tasks.migration import Migration

_CONCURRENT = "concurrent_snapshot_execution_exception"


def retry_while_busy(
    m: Migration,
    domain: Domain,
    action: str,
    names: Sequence[str],
    waits: str,
    busy: Callable[[Refused], bool],
    look: Callable[[], Callable[[], None] | None],
) -> None:
    """Check and send, and retry while the domain is busy with something temporary.

    It also retries when something disappeared between the check and the request: the next check shows what is
    left. If there is nothing to send, no intent is recorded.

    Args:
        look: checks the domain and returns a function that sends the request; None when nothing is left to
            do.
    """
    shown = names[0] if len(names) == 1 else f"{len(names)} indices"
    poll = m.poll(m.plan.snapshot.wait_for_running.total_seconds())
    intent: Intent | None = None
    refused_alone = True
    with ExitStack() as stack:
        while True:
            try:
                send = look()
                if send is None:
                    if intent and refused_alone:
                        intent.result = REFUSED
                    return
                if intent is None:
                    report_progress(Progress(StepName.CLEAN, f"{action} {shown}"))
                    detail = {"names": list(names)}
                    intent = stack.enter_context(
                        m.journal.intend(StepName.CLEAN, domain.side, action, detail)
                    )
                send()
                return
            except Refused as error:
                refused_alone = refused_alone and busy(error)
                _require_passing(error, busy)
                if poll.expired:
                    hint = "run the same command later: it resumes with what is left"
                    raise TimedOut(waits, hint) from error
                report_progress(Progress(StepName.CLEAN, f"waiting: {waits}", waiting=True))
            poll.pause()


def _require_passing(error: Refused, busy: Callable[[Refused], bool]) -> None:
    if not (busy(error) or is_transient(error) or isinstance(error, Missing)):
        raise error


def is_busy(error: Refused) -> bool:
    """Whether a running snapshot is in the way."""
    return error.says("snapshot_in_progress_exception", _CONCURRENT)


def is_in_use(error: Refused) -> bool:
    """Whether a snapshot or a restore is using the repository."""
    return "currently used" in error.reply.text
