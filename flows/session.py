"""One session of a run: domains opened, locks held, journal begun or continued, and the end written down.

Imports no Prefect: verbs without a flow use it too.
"""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from configs.plan import Plan
from domains.cluster import identity
from domains.domain import Domain, open_domain
from domains.errors import DomainError, SnapferryError
from reports.build import write_reports
from runs.errors import Busy
from runs.journal import Journal, Status
from runs.state import State, is_finished, require_same_plan
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Consents, Migration


@dataclass(frozen=True)
class Options:
    """What a user chose beside the plan.

    Args:
        state: the state folder.
        consents: the risks accepted.
        new_run: start another run although one exists.
    """

    state: Path
    consents: Consents = field(default_factory=Consents)
    new_run: bool = False


def open_domains(plan: Plan) -> tuple[Domain, Domain]:
    """Source and target, opened; nothing is sent to them."""
    return open_domain("source", plan.source), open_domain("target", plan.target)


def finished_before(plan: Plan, options: Options) -> Journal | None:
    """The finished run that the same command would only show again; None when there is work to do."""
    journal = State(options.state, plan.name).current("migrate")
    return journal if journal and is_finished(journal) and not options.new_run else None


@contextmanager
def session(plan: Plan, options: Options) -> Generator[Migration]:
    """Holds plan and pair, yields the migration to work on, and writes how it ended.

    Raises:
        Busy, PlanChanged, StateUnusable: the run may not start or go on; nothing was changed.
        SnapferryError: from the steps, after it has been written down.
    """
    state = State(options.state, plan.name)
    with ExitStack() as stack:
        stack.enter_context(state.lock_plan())
        source, target = open_domains(plan)
        journal = _journal(state, plan, options)
        try:
            stack.enter_context(state.lock_pair(identity(source).uuid, identity(target).uuid))
            yield Migration(plan, source, target, journal, options.consents)
        except BaseException as error:
            status = status_after(error, journal)
            hint = error.hint if isinstance(error, SnapferryError) else ""
            _settle(journal, (source, target), status, str(error) or type(error).__name__, hint)
            raise
        _settle(journal, (source, target), "done", "", "")


def _journal(state: State, plan: Plan, options: Options) -> Journal:
    current = state.current("migrate")
    if current and not options.new_run:
        if is_finished(current):  # between the look before and the lock another process finished it
            raise Busy(
                f"run {current.run_id} has just been finished by another process", "see `snapferry report`"
            )
        require_same_plan(current, plan)
        current.document.sessions += 1
        current.document.status = "running"
        current.save()
        return current
    if current and not is_finished(current):
        current.settle("abandoned", "another run was started with --new-run")
    journal = state.begin(plan, "migrate")
    journal.document.sessions = 1
    return journal


def status_after(error: BaseException, journal: Journal) -> Status:
    """How a run stands after this error."""
    if isinstance(error, VerificationFailed):
        return "different"
    transient = isinstance(error, DomainError) and error.transient
    if not isinstance(error, Exception) or isinstance(error, TimedOut) or transient:
        return "interrupted"
    if journal.changed_something or isinstance(error, ExecutionError):
        return "failed"
    return "refused"


def _settle(journal: Journal, domains: Iterable[Domain], status: Status, message: str, hint: str) -> None:
    for domain in domains:
        counted = domain.connection.requests
        kept = journal.document.requests.setdefault(domain.side, {})
        kept["reads"] = kept.get("reads", 0) + counted.reads
        kept["writes"] = kept.get("writes", 0) + counted.writes
    journal.settle(status, message, hint)
    write_reports(journal)
