"""One seed round as a Prefect flow: for the command, and for deployments that run it on a schedule."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from prefect import flow

from configs.plan import Plan
from flows.artifacts import shown_in_prefect
from flows.beside import require_not_open
from flows.copies import closed, note_unfinished
from flows.migrate import ConsentParameters, asked, kept, register, run_name
from flows.rounds import ROUND, carried_out, compared, decided, round_told
from flows.session import Options, require_same_clusters, working
from flows.steps import run_step
from reports import round_words as words
from runs.journal import Journal
from runs.state import State, require_same_plan
from tasks.cutover import automated
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records import Resolution, SnapshotRecord
from tasks.rounds import copies
from tasks.rounds.generations import forget_abort, require_not_taken_away
from tasks.rounds.ledger import COPIES
from tasks.rounds.records import ChangesRecord
from tasks.rounds.units import only

VERB = "seed"


@flow(name="seed", flow_run_name=run_name, persist_result=False)
def seed(
    plan: Plan,
    execute: bool = False,
    consents: ConsentParameters = ConsentParameters(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
) -> str:
    """Takes one round of what has changed to closed copies on the target; goes on with an unfinished one.

    Args:
        plan: the plan, as in its YAML file. It names secrets, it holds none.
        execute: without it the flow refuses: nothing that changes a domain runs unasked.
        consents: the risks accepted; a round freezes nothing.
        new_run: give up an unfinished round and begin another.
        state: the state folder, on the machine that runs the flow; None for the default one.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    options = asked(execute, consents, state, new_run=new_run)
    with shown_in_prefect(plan.name, seeding(plan, options)) as m:
        chain(m)
    return m.journal.run_id


@contextmanager
def seeding(plan: Plan, options: Options) -> Generator[Migration]:
    """Holds plan and pair, yields the round to work on, and writes how it ended.

    Raises:
        PreconditionError: a cutover is unfinished that has frozen the source; or the rounds are being taken
            away.
        PlanChanged: an unfinished round was begun under another plan.
        SnapferryError: from the steps, after it has been written down.
    """
    state = State(options.state, plan.name)
    given_up: list[Journal] = []

    def journal_of(uuids: tuple[str, str]) -> Journal:
        if options.new_run:
            forget_abort(state)
        else:
            require_not_taken_away(state)
        standing = _standing_cutover(state)
        given_up.extend([standing] if standing else [])
        current = state.unfinished(VERB)
        if current and options.new_run:
            given_up.append(current)
        elif current:
            require_same_plan(current, plan, but=("cutover",))
            require_same_clusters(current, uuids)
            current.resume()
            return current
        require_not_open(state, options.new_run)
        journal = state.begin(plan, VERB)
        journal.document.sessions = 1
        return journal

    with working(plan, options, journal_of) as m:
        for journal in given_up:
            _give_up(m, journal)
        yield m


def _standing_cutover(state: State) -> Journal | None:
    """An unfinished cutover that has frozen nothing: a new round takes its place.

    Raises:
        PreconditionError: it has frozen the source, or is being put back.
    """
    cutover = state.unfinished("cutover")
    if cutover and (cutover.document.window or cutover.document.aborting):
        raise PreconditionError(
            f"cutover {cutover.run_id} of plan {state.plan_name} is unfinished",
            hint="finish it with `snapferry cutover`, or put everything back with `snapferry abort`",
        )
    return cutover


def _give_up(m: Migration, journal: Journal) -> None:
    """Ends a run whose place this round takes; what it has brought to the target is known from then on."""
    if journal.document.verb == VERB:
        note_unfinished(m, journal)
        why = f"run {m.journal.run_id} was started with --new-run"
    else:
        automated.resume(replace(m, journal=journal))
        why = f"it had frozen nothing, and seed round {m.journal.run_id} was started"
    journal.settle("abandoned", why)


def chain(m: Migration) -> None:
    """The steps in their order. A continued round goes through all of them again."""
    _, work, taken = round_taken(m)
    round_closed(m, work, taken)


def round_taken(m: Migration) -> tuple[Resolution, ChangesRecord, SnapshotRecord | None]:
    """What has changed, restored onto its copies."""
    resolution = decided(m)
    register(m, resolution)
    work = compared(m, resolution)
    names = {change.name for change in work.restored}
    return resolution, work, carried_out(m, resolution, work, lambda whole: only(whole, names))


def round_closed(
    m: Migration, work: ChangesRecord, taken: SnapshotRecord | None, doubted: frozenset[str] = frozenset()
) -> None:
    """Every copy closed again, and how the round went."""
    now = run_step(m.journal, COPIES, lambda: copies.require_waiting(m, closed(m, work, doubted)))
    kept(m, COPIES, now, words.copies(now))
    told = run_step(m.journal, ROUND, lambda: round_told(m, work, taken))
    kept(m, ROUND, told, words.round_told(told))
