"""Have the target copy documents by a `_reindex` task of its own, and follow the task to its end.

The task goes on without us. After a kill it is found again by its id in the journal, or by a look at the
tasks that run; a task that its node has lost is started again: what it has copied is left as it is.
"""

from dataclasses import dataclass

from domains.engine.reindexing import ReindexTask, running_tasks, started, task
from domains.errors import DomainError, is_transient
from domains.http.requests import Request
from runs.journal import Intent
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration

_ATTEMPTS = 3
_NOT_ALLOWED = ("not allowlisted", "not whitelisted")
_AGAIN = "fix the cause, then run the same command again: what is copied is not copied again"
_ALLOW = (
    "add the source's host and port to reindex.remote.allowlist of the target's nodes; on the managed "
    "service, a source in a VPC is reached by a connection between the domains"
)


@dataclass(frozen=True)
class Copying:
    """Documents to copy.

    Args:
        source: the index that they are in.
        into: the index, or its alias, that the request names.
        request: starts the task.
    """

    step: StepName
    source: str
    into: str
    request: Request


def copy_documents(m: Migration, copying: Copying) -> ReindexTask:
    """Copy all documents, or follow the task that does, and return how it ended: without a failure.

    May be repeated.

    Raises:
        ExecutionError: the target refuses, or documents could not be copied.
        TimedOut: nothing moved for `patience_s`; the task continues by itself.
        DomainError: transient, or denied.
    """
    for _ in range(_ATTEMPTS):
        ended = _followed(m, copying, _known(m, copying) or _start(m, copying))
        _forget(m, copying)
        if ended is None:
            continue
        if ended.failures or ended.done < ended.total:
            why = "; ".join(ended.failures) or f"{ended.done} of {ended.total} documents were copied"
            raise ExecutionError(f"the documents of {copying.source} could not be copied: {why}", _AGAIN)
        return ended
    raise ExecutionError(
        f"the target has lost the task that copies {copying.source} {_ATTEMPTS} times",
        "check whether its nodes restart; the same command copies what is missing",
    )


def _intents(m: Migration, copying: Copying) -> list[Intent]:
    """The requests of this run that have started such a task, oldest first."""
    wanted = [copying.source], [copying.into]
    found = m.journal.intents("reindex")
    return [each for each in found if (each.detail["names"], each.detail["targets"]) == wanted]


def _known(m: Migration, copying: Copying) -> str:
    """The task that this run has started and not seen the end of; empty if there is none."""
    noted = [str(each.detail.get("task") or "") for each in _intents(m, copying)]
    running = () if noted and noted[-1] else running_tasks(m.target, copying.into)
    return next(iter(running), noted[-1] if noted else "")


def _forget(m: Migration, copying: Copying) -> None:
    """The task has ended: another attempt starts a new one."""
    for each in _intents(m, copying):
        each.detail["task"] = ""
    m.journal.save()


def _start(m: Migration, copying: Copying) -> str:
    detail = {"names": [copying.source], "targets": [copying.into]}
    try:
        with m.journal.intend(copying.step, "target", "reindex", detail) as intent:
            identifier = started(m.target, copying.request)
            intent.detail["task"] = identifier
            return identifier
    except DomainError as error:
        if not is_transient(error):
            raise _refused(copying, error) from error
        found = running_tasks(m.target, copying.into)
        if not found:
            raise
        return found[0]


def _refused(copying: Copying, error: DomainError) -> ExecutionError:
    is_forbidden = any(words in error.message for words in _NOT_ALLOWED)
    hint = _ALLOW if is_forbidden else error.hint or _AGAIN
    return ExecutionError(f"the target does not copy {copying.source}: {error.message}", hint)


def _followed(m: Migration, copying: Copying, identifier: str) -> ReindexTask | None:
    """Wait until the task ends; None if the target does not know it any more."""
    poll = m.poll(m.patience_s)
    moved = -1
    while True:
        found = task(m.target, identifier)
        if found is None or found.completed:
            return found
        message = f"copying {copying.source}"
        report_progress(Progress(copying.step, message, found.done, found.total, "documents"))
        if found.done != moved:
            moved = found.done
            poll.restart()
        if poll.expired:
            raise TimedOut(
                f"copying {copying.source}: nothing has moved for {poll.waited_s:.0f} s",
                "the copying continues by itself; the same command resumes",
            )
        poll.pause()
