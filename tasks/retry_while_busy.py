"""Close or remove what is the run's own, although the domain is busy, or a block on it refuses that.

Check, send, and retry until it works or time runs out.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from domains.domain import Domain
from domains.engine import catalog as names_on
from domains.engine.indices.index_opening import require_acknowledged
from domains.engine.indices.write_blocks import settings_requests
from domains.errors import Blocked, Missing, Refused, is_transient
from domains.http.block_refusals import Block, blocks_in
from runs.journal import REFUSED, Intent
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import TimedOut
from tasks.migration import Migration

_CONCURRENT = "concurrent_snapshot_execution_exception"
_UNBLOCKING_S = 30.0
_PASSING_S = 120.0
_REMOVABLE = frozenset({"index.blocks.read_only", "index.blocks.metadata"})
"""Blocks that keep an index from being closed or deleted, and that the engine does not set by itself."""


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
                if not take_blocks_off(m, domain, error, StepName.CLEAN):
                    _require_passing(error, busy, late=poll.expired or poll.waited_s > _PASSING_S)
                if poll.expired:
                    hint = "run the same command later: it resumes with what is left"
                    raise TimedOut(waits, hint) from error
                why = error.message if is_transient(error) and not busy(error) else waits
                report_progress(Progress(StepName.CLEAN, f"waiting: {why}", waiting=True))
            poll.pause()


def _require_passing(error: Refused, busy: Callable[[Refused], bool], *, late: bool) -> None:
    """Raise the error if waiting cannot help: it is permanent, or it has not passed in time."""
    if busy(error) or isinstance(error, Missing):
        return
    if late or not is_transient(error):
        raise error


def is_busy(error: Refused) -> bool:
    """Whether a running snapshot is in the way."""
    return error.says("snapshot_in_progress_exception", _CONCURRENT)


def is_in_use(error: Refused) -> bool:
    """Whether a snapshot or a restore is using the repository."""
    return "currently used" in error.reply.text


def close(m: Migration, domain: Domain, names: Sequence[str], step: str) -> None:
    """Close indices that are the run's own; a block that somebody has set on one is taken off first.

    Raises:
        DomainError: as `domains.engine.catalog.close`.
    """
    poll = m.poll(_UNBLOCKING_S)
    while True:
        try:
            with m.journal.intend(step, domain.side, "close", {"names": list(names)}):
                names_on.close(domain, names)
            return
        except Refused as error:
            if poll.expired or not take_blocks_off(m, domain, error, step):
                raise
            poll.pause()


def take_blocks_off(m: Migration, domain: Domain, error: Refused, step: str) -> bool:
    """Take the blocks off that refuse a request about the run's own indices; return whether there were any.

    Args:
        error: the refusal of a request that names the run's own indices alone.
    """
    told = blocks_in(error.reply.text) if isinstance(error, Blocked) else ()
    found = [block for block in told if block.index and block.setting in _REMOVABLE]
    for block in found:
        _take_off(m, domain, block, step)
    return bool(found)


def _take_off(m: Migration, domain: Domain, block: Block, step: str) -> None:
    message = f"taking {block.setting} off {block.index}, which somebody has set"
    report_progress(Progress(step, message, waiting=True))
    detail = {"names": [block.index], "setting": block.setting}
    with m.journal.intend(step, domain.side, "unblock", detail):
        for request in settings_requests([block.index], {block.setting: None}):
            require_acknowledged(domain, f"take {block.setting} off", domain.connection.send(request))
