"""Call a plan's hooks at the events of a run, and stop the run when one fails that may fail it.

Imports no Prefect.
"""

from collections.abc import Mapping
from dataclasses import replace

from configs.hooks import EventName
from configs.plan import Plan
from domains.errors import SnapferryError
from reports.build.report import report_of
from reports.files import report_files, write_reports
from reports.words.notices import notice
from reports.words.outcomes import headline
from runs.commands import in_full
from runs.errors import StateUnusable
from runs.events import Event
from runs.hooks import EXIT_CODES, hooks_of, message_for, run_hook, unusable_hooks
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.progress import Progress, report_progress
from runs.state import State
from tasks.errors import ExecutionError, PreconditionError

_ENDS: Mapping[RunStatus, EventName] = {
    RunStatus.DONE: "done",
    RunStatus.DIFFERENT: "different",
    RunStatus.FAILED: "failed",
    RunStatus.REFUSED: "refused",
    RunStatus.INTERRUPTED: "interrupted",
}
"""The event of each end of a session; a run that is given up has none."""
_NOT_TOLD = "not all hooks have been called at its end"


class Notifier:
    """Calls the hooks of one session of a run.

    Args:
        plan: whose hooks.
        journal: the run's.
    """

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self._plan = plan
        self._journal = journal

    def begin(self) -> None:
        """Call the hooks of the session's start.

        Raises:
            PreconditionError, ExecutionError: a hook that may fail the run cannot be run, or has failed.
        """
        problems = list(unusable_hooks(self._plan))
        if problems:
            raise self._failure(problems)
        if self._journal.document.sessions == 1:
            self(Event("run-started", f"run {self._journal.run_id} has started"))
        else:
            self(Event("run-continued", f"run {self._journal.run_id} was resumed"))

    def __call__(self, happening: Event) -> None:
        """Call the hooks of an event: all of them, before one that failed stops the run.

        Raises:
            PreconditionError, ExecutionError: a hook has failed; the second once something was changed.
        """
        problems = self._tell(happening)
        if problems:
            raise self._failure(problems)

    def owed(self, status: RunStatus) -> str:
        """Why the hooks of this end must still be called, before they are; empty where there are none.

        It is written together with the end of a finished run, so that a kill in between loses no call.
        """
        finished = status in {RunStatus.DONE, RunStatus.DIFFERENT}
        return _NOT_TOLD if finished and hooks_of(self._plan, status) else ""

    def end(self) -> str:
        """Call the hooks of the session's end, which the journal has already, and write the report again.

        A hook that has heard of a finished run's end is not called again.

        Returns:
            What went wrong with the hooks that may fail the run; empty when nothing did.
        """
        run = self._journal.document
        event = _ENDS.get(run.status)
        if event is None:
            return ""
        report = report_of(run)
        said = run.message or headline(report)
        hint = report.next if not run.unheard else ""  # it would be about the hooks
        told = len(run.hooks)
        problems = "; ".join(self._tell(Event(event, said, hint)))
        if run.unheard or len(run.hooks) > told:
            run.unheard = problems if run.unheard else ""
            self._journal.save()
            write_report(self._journal)
        return problems

    def _tell(self, happening: Event) -> list[str]:
        problems: list[str] = []
        for name, hook in hooks_of(self._plan, happening.event):
            if happening.event in EXIT_CODES and self._has_heard_the_end(name, happening):
                continue
            report_progress(Progress("hooks", f"calling hook {name}: {happening.event}"))
            said = _in_full(happening, self._journal)
            told = message_for(said, self._plan, self._journal, report_files(self._journal))
            run = self._journal.document
            people = notice(said, self._plan.name, run.verb, run.run_id)
            problem = run_hook(name, hook, told, self._plan, self._journal, people)
            if problem:
                said = f"hook {name} failed at {happening.event}: {problem}"
                problems += [said] if hook.may_fail(happening.event) else []
                report_progress(Progress("hooks", said, finished=True, short=True))
        return problems

    def _has_heard_the_end(self, name: str, happening: Event) -> bool:
        ended = self._journal.document.ended
        return any(
            entry.hook == name and entry.event == happening.event and not entry.problem
            for entry in self._journal.document.hooks
            if ended and entry.at >= ended
        )

    def _failure(self, problems: list[str]) -> SnapferryError:
        hint = "put the hook right, then run the same command again"
        if self._journal.changed_something:
            return ExecutionError("; ".join(problems), hint)
        return PreconditionError("; ".join(problems), hint=hint)


def _in_full(event: Event, journal: Journal) -> Event:
    """The event with commands that its reader can paste."""
    called = journal.document.called
    return replace(event, message=in_full(event.message, called), hint=in_full(event.hint, called))


def notify_end_again(plan: Plan, state: State, journal: Journal) -> None:
    """Call the hooks that have not heard of a finished run's end; do nothing else. May be repeated.

    Raises:
        Busy: another process holds the plan.
    """
    if not journal.document.unheard:
        return
    with state.lock_plan():
        journal.reload()
        Notifier(plan, journal).end()


def require_notified(journal: Journal) -> None:
    """Raise ExecutionError while a hook has not heard of a finished run's end."""
    if journal.document.unheard:
        raise ExecutionError(journal.document.unheard, report_of(journal.document).next)


def write_report(journal: Journal) -> None:
    """Write the report's files; a failure to write them is reported, and stops nothing."""
    try:
        write_reports(journal)
    except (OSError, StateUnusable) as error:
        report_progress(
            Progress("report", f"its files could not be written: {error}", finished=True, short=True)
        )
