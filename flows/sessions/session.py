"""One session of a run: domains opened, locks held, journal begun or continued, and the end written down.

Imports no Prefect: verbs without a flow use it too.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from configs.plan import Plan
from domains.domain import Domain, Side, open_domain
from domains.engine.cluster import identity
from domains.errors import AwsError, SnapferryError, is_transient
from flows.sessions.exclusion import require_no_copies
from flows.sessions.notifications import Notifier, require_notified, write_report
from flows.sessions.recording import MOVING, bound_record
from runs.begun_plan import plan_record, require_same_plan
from runs.errors import Busy, PlanChanged
from runs.events import delivered_to
from runs.journal import Document, Journal, now
from runs.lifecycle import RunStatus, counts, is_finished
from runs.state import State
from runs.verbs import Verb
from tasks import steps
from tasks.errors import ExecutionError, PreconditionError, TimedOut, VerificationFailed
from tasks.migration import Consents, Migration
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution

_SAVE_ANEW = "save the plan anew: snapferry plan PLAN --new-run -o FILE"


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
    return open_side(plan, "source"), open_side(plan, "target")


def open_side(plan: Plan, side: Side) -> Domain:
    """One side, opened; nothing is sent to it."""
    return open_domain(side, plan.source if side == "source" else plan.target)


def run_before(state: State, options: Options, saved: PlanDocument | None = None) -> Journal | None:
    """The run that the same command goes on with, or shows again; None when it would start one.

    Raises:
        PreconditionError: a saved plan is to be executed while another run of its plan is unfinished, or its
            own run can neither go on nor begin again.
    """
    if saved:
        return _run_of_saved(state, saved.run_id, new_run=options.new_run)
    return None if options.new_run else state.current(Verb.MIGRATE)


def _run_of_saved(state: State, run_id: str, *, new_run: bool) -> Journal | None:
    own = state.run(run_id)
    own_counts = own is not None and counts(own.document)
    if own and own.changed_something and not own_counts:
        raise PreconditionError(
            f"run {run_id} of this saved plan was given up after it had changed something", hint=_SAVE_ANEW
        )
    if own_counts and new_run:
        raise PreconditionError(
            f"run {run_id} of this saved plan has begun already",
            hint=f"leave out --new-run to go on with it, or see its report; for another run {_SAVE_ANEW}",
        )
    current = None if new_run else state.current(Verb.MIGRATE)
    if current and current.run_id != run_id and not is_finished(current.document):
        raise PreconditionError(
            f"run {current.run_id} of plan {state.plan_name} is unfinished",
            hint="finish it with the plan it began with, or give it up for this one with --new-run",
        )
    return own if own_counts else None


def finished_before(plan: Plan, options: Options, saved: PlanDocument | None = None) -> Journal | None:
    """The finished run that the same command would only show again; None when there is work to do.

    Raises:
        PlanChanged: the plan has changed since.
        PreconditionError: as in `run_before`.
    """
    journal = run_before(State(options.state, plan.name), options, saved)
    if journal is None or not is_finished(journal.document):
        return None
    require_same_plan(journal, plan)
    return journal


@contextmanager
def session(plan: Plan, options: Options, saved: PlanDocument | None = None) -> Generator[Migration]:
    """Holds plan and pair, yields the migration to work on, and writes how it ended.

    Args:
        saved: the saved plan that is executed: a new run takes its id over.

    Raises:
        as `working`.
    """
    state = State(options.state, plan.name)
    replaced: list[Journal] = []

    def journal_of(uuids: tuple[str, str]) -> Journal:
        current = state.current(Verb.MIGRATE) if options.new_run else None
        replaced.extend([current] if current else [])
        return _journal(state, plan, options, uuids, saved)

    with working(plan, options, journal_of) as m:
        try:
            yield m
        finally:
            for journal in replaced:
                if not is_finished(journal.document) and m.journal.changed_something:
                    journal.settle(RunStatus.ABANDONED, f"run {m.journal.run_id} was started with --new-run")


@contextmanager
def working(
    plan: Plan,
    options: Options,
    journal_of: Callable[[tuple[str, str]], Journal],
    ended: tuple[RunStatus, str] = (RunStatus.DONE, ""),
) -> Generator[Migration]:
    """Holds plan and pair, opens the domains, writes how the session ended, and tells the plan's hooks.

    Args:
        journal_of: begins or continues the journal, given the UUIDs of both clusters.
        ended: how the run stands when the block came to its end, and why.

    Raises:
        Busy, PlanChanged, StateUnusable: the run may not start or go on; nothing was changed.
        SnapferryError: from the steps or a hook, after it has been written down.
    """
    state = State(options.state, plan.name)
    with ExitStack() as stack:
        stack.enter_context(state.lock_plan())
        source, target = open_domains(plan)
        uuids = identity(source).uuid, identity(target).uuid
        stack.enter_context(state.lock_pair(*uuids))
        journal = journal_of(uuids)
        teller = Notifier(plan, journal)
        try:
            with delivered_to(teller):
                teller.begin()
                yield Migration(plan, source, target, journal, options.consents)
        except BaseException as error:
            status = status_after(error, journal)
            hint = error.hint if isinstance(error, SnapferryError) else ""
            _settle(journal, (source, target), status, _message(error), hint, teller.owed(status))
            teller.end()  # whatever a hook makes of it, the error is what ends the session
            raise
        else:
            status, message = ended
            _settle(journal, (source, target), status, message, "", teller.owed(status))
            teller.end()
            require_notified(journal)


def _message(error: BaseException) -> str:
    if isinstance(error, SnapferryError):
        return str(error)
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else "interrupted from outside"


def _journal(
    state: State, plan: Plan, options: Options, uuids: tuple[str, str], saved: PlanDocument | None
) -> Journal:
    current = run_before(state, options, saved)
    if current is None:
        require_no_copies(state, options.new_run)
        journal = state.begin(plan, Verb.MIGRATE, saved.run_id if saved else None)
        journal.document.sessions = 1
        return journal
    if is_finished(current.document):  # between the look before and the lock another process finished it
        raise Busy(
            f"run {current.run_id} has just been finished by another process", "see `snapferry report`"
        )
    require_same_plan(current, plan)
    require_same_clusters(current, uuids)
    current.resume()
    return current


def require_same_clusters(journal: Journal, uuids: tuple[str, str]) -> None:
    """Refuses to go on with a run whose domains are others now than those it looked at.

    Raises:
        PlanChanged: an endpoint leads to another cluster.
    """
    record = journal.record("resolve")
    if record is None:
        return
    for side, uuid in zip(("source", "target"), uuids, strict=True):
        if record[side]["cluster_uuid"] != uuid:
            raise PlanChanged(
                f"the {side} is another cluster than in run {journal.run_id}: its UUID is {uuid}, "
                f"it was {record[side]['cluster_uuid']}",
                f"correct the endpoint or the tunnel, {journal.document.verb.way_out}",
            )


def decided_before(journal: Journal) -> Resolution | None:
    """What a run has decided, if it is bound to it: if snapshot, deletion or restore may have begun."""
    return bound_record(journal, steps.RESOLVE, MOVING)


def status_after(error: BaseException, journal: Journal) -> RunStatus:
    """How a run stands after this error."""
    if isinstance(error, VerificationFailed):
        return RunStatus.DIFFERENT
    passing = is_transient(error) or isinstance(error, TimedOut | AwsError)
    if passing or not isinstance(error, Exception):
        return RunStatus.INTERRUPTED
    if journal.changed_something or isinstance(error, ExecutionError):
        return RunStatus.FAILED
    return RunStatus.REFUSED


def _settle(
    journal: Journal, domains: Iterable[Domain], status: RunStatus, message: str, hint: str, unheard: str
) -> None:
    count_requests(journal, domains)
    journal.settle(status, message, hint, unheard)
    write_report(journal)


def count_requests(journal: Journal, domains: Iterable[Domain]) -> None:
    """Adds what these domains were asked in this session; the journal is not saved by it."""
    for domain in domains:
        counted = domain.connection.requests
        kept = journal.document.requests.setdefault(domain.side, {})
        kept["reads"] = kept.get("reads", 0) + counted.reads
        kept["writes"] = kept.get("writes", 0) + counted.writes


def read_only_migration(plan: Plan, options: Options, run_id: str) -> Migration:
    """A migration whose journal is never written."""
    source, target = open_domains(plan)
    document = Document(plan=plan_record(plan), run_id=run_id, verb=Verb.PREVIEW, started=now())
    journal = Journal(options.state / "unwritten.json", document)
    return Migration(plan, source, target, journal, options.consents)
