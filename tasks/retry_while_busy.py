"""Taking something away from a domain that may be busy: a look and an act, until it works or is given up."""

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
    """Looks and acts, and does so again while the domain is busy with something that passes.

    Also where something was gone between the two: the next look tells. Where nothing is to be sent, no intent
    is written.

    Args:
        look: looks at the domain, and returns what sends the request; None when none is needed any more.
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
                    hint = "run the same command later: it goes on with what is left"
                    raise TimedOut(waits, hint) from error
                report_progress(Progress(StepName.CLEAN, f"waiting: {waits}", waiting=True))
            poll.pause()


def _require_passing(error: Refused, busy: Callable[[Refused], bool]) -> None:
    if not (busy(error) or is_transient(error) or isinstance(error, Missing)):
        raise error


def is_busy(error: Refused) -> bool:
    """Whether a snapshot stands in the way."""
    return error.says("snapshot_in_progress_exception", _CONCURRENT)


def is_in_use(error: Refused) -> bool:
    """Whether a repository is used by a snapshot or a restore."""
    return "currently used" in error.reply.text
