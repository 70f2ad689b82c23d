"""One session of a run: open the domains, hold the locks, begin or resume the journal, record the end.

Imports no Prefect: verbs without a flow use it too.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from functools import partial

from configs.plan import DomainSettings, Plan
from domains.domain import Domain, Side, open_domain
from domains.errors import AwsError, RoleRefused, SnapferryError, is_transient
from domains.known_secrets import cut_from
from flows.sessions.begin_or_resume import Clusters, Request, begin_or_resume
from flows.sessions.first_contact import contact
from flows.sessions.notifications import Notifier, require_notified, write_report
from flows.sessions.options import RunOptions
from flows.sessions.recording import MOVING, bound_record
from flows.sessions.verb_rules import MIGRATE
from runs.begun_plan import plan_record
from runs.errors import StateUnreachable
from runs.events import delivered_to
from runs.journal import FROM_OUTSIDE, Document, Journal, now
from runs.lifecycle import RunStatus, is_finished
from runs.live.progress_file import LiveRequests, live_progress
from runs.progress import Poll, Progress, report_progress, working_on
from runs.sampling.sampler import sampled
from runs.state import State
from runs.state_files import recorded_if_possible
from runs.verbs import Verb
from tasks import steps
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import Resolution

_NEW_ROLE_S = 60.0
_BETWEEN_S = 4.0


def open_domains(plan: Plan) -> tuple[Domain, Domain]:
    """Source and target, opened; nothing is sent to them."""
    return open_side(plan, "source"), open_side(plan, "target")


def open_patiently(side: Side, settings: DomainSettings) -> Domain:
    """One side for a verb that changes something: a role that was made just now may take a minute to work."""
    poll = Poll(_NEW_ROLE_S)
    while True:
        try:
            return open_domain(side, settings)
        except RoleRefused as error:
            if poll.expired:
                raise
            message = (
                "waiting: a role that was made just now may take a minute to work, so it is tried again: "
                f"{error.message}"
            )
        report_progress(Progress("begin", message, waiting=True))
        poll.sleep(_BETWEEN_S)


def open_side(plan: Plan, side: Side) -> Domain:
    """One side, opened; nothing is sent to it."""
    return open_domain(side, plan.domain(side))


@contextmanager
def session(plan: Plan, options: RunOptions, saved: PlanDocument | None = None) -> Generator[Migration]:
    """Hold plan and pair, yield the migration to work on, and write how it ended.

    Args:
        saved: the saved plan that is executed: a new run takes its id over.

    Raises:
        as `working`.
    """
    request = Request(plan, options, saved)
    with working(plan, options, partial(begin_or_resume, request, MIGRATE)) as m:
        replaced = request.state.current(Verb.MIGRATE) if options.new_run else None
        try:
            yield m
        finally:
            if replaced and not is_finished(replaced.document) and m.journal.changed_something:
                why = f"run {m.journal.run_id} was started with --new-run"
                replaced.settle(RunStatus.ABANDONED, why)


@contextmanager
def working(
    plan: Plan,
    options: RunOptions,
    journal_of: Callable[[Clusters], Journal],
    ended: tuple[RunStatus, str] = (RunStatus.DONE, ""),
) -> Generator[Migration]:
    """Hold plan and pair, open the domains, call the plan's hooks, and write how the session ended.

    Args:
        journal_of: begins or resumes the run, given the UUIDs of both clusters.
        ended: the status after a block that ran through, and why.

    Raises:
        Busy, PlanChanged, StateUnusable: the run cannot start or resume; nothing was changed.
        NoContact: a domain was not reached, or is none; nothing was changed.
        SnapferryError: from the steps or a hook, after it has been written down.
    """
    state = State(options.state, plan.name)
    with ExitStack() as stack:
        stack.enter_context(state.lock_plan())
        met = contact(plan, state, open_patiently)
        stack.enter_context(state.lock_pair(*met.uuids))
        journal = journal_of(met.uuids)
        stack.enter_context(working_on(journal.run_id))
        live = live_progress(state.live_of(journal.run_id), partial(_sent_so_far, met.domains))
        stack.enter_context(live)
        stack.enter_context(sampled(lambda: journal.document))
        teller = Notifier(plan, journal)
        try:
            with delivered_to(teller):
                teller.begin()
                yield Migration(plan, met.source, met.target, journal, options.consents)
        except BaseException as error:
            cut_from(error)
            status = status_after(error, journal)
            hint = error.hint if isinstance(error, SnapferryError) else ""
            with _recorded_or_reported():
                _settle(journal, met.domains, status, _message(error), hint, teller.owed(status))
                teller.end()  # whatever a hook makes of it, the error is what ends the session
            raise
        else:
            status, message = ended
            _settle(journal, met.domains, status, message, "", teller.owed(status))
            teller.end()
            require_notified(journal)


@contextmanager
def _recorded_or_reported() -> Generator[None]:
    """Record the end of a session that has failed, or say why that cannot be recorded."""
    with recorded_if_possible() as unrecorded:
        yield
    for problem in unrecorded.values():
        report_progress(Progress("journal", f"this could not be recorded: {problem.message}", finished=True))


def _message(error: BaseException) -> str:
    if isinstance(error, SnapferryError):
        return str(error)
    return f"{type(error).__name__}: {error}" if isinstance(error, Exception) else FROM_OUTSIDE


def decided_before(journal: Journal) -> Resolution | None:
    """What a run must keep to: its resolution, once snapshot, deletion or restore may have begun."""
    return bound_record(journal, steps.RESOLVE, MOVING)


def status_after(error: BaseException, journal: Journal) -> RunStatus:
    """The status of a run after this error."""
    if isinstance(error, VerificationFailed):
        return RunStatus.DIFFERENT
    passing = is_transient(error) or isinstance(error, TimedOut | AwsError | StateUnreachable)
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


def give_up_follow(m: Migration) -> None:
    """Give up an unfinished session of `follow`, which this run replaces."""
    followed = State.of(m.journal).unfinished(Verb.FOLLOW)
    if followed:
        started = f"{m.journal.document.verb.label.lower()} {m.journal.run_id} was started"
        followed.settle(RunStatus.ABANDONED, started)


def count_requests(journal: Journal, domains: Iterable[Domain]) -> None:
    """Add this session's requests to the journal's counts, without saving it."""
    for domain in domains:
        counted = domain.connection.requests
        kept = journal.document.requests.setdefault(domain.side, {})
        kept["reads"] = kept.get("reads", 0) + counted.reads
        kept["writes"] = kept.get("writes", 0) + counted.writes


def _sent_so_far(domains: Iterable[Domain]) -> dict[str, LiveRequests]:
    """What this session has sent to each domain."""
    counted = ((domain.side, domain.connection.requests) for domain in domains)
    return {
        side: LiveRequests(reads=each.reads, writes=each.writes, repeats=each.repeats)
        for side, each in counted
    }


def read_only_migration(plan: Plan, options: RunOptions, run_id: str) -> Migration:
    """A migration whose journal is never written; both domains have answered.

    Raises:
        NoContact: a domain was not reached, or is none.
        SnapferryError: credentials could not be resolved, or a domain refused to answer.
    """
    met = contact(plan, State(options.state, plan.name))
    document = Document(plan=plan_record(plan), run_id=run_id, verb=Verb.PREVIEW, started=now())
    journal = Journal(options.state / "unwritten.json", document)
    return Migration(plan, met.source, met.target, journal, options.consents)
