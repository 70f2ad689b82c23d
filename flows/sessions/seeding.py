"""The session of a seed round."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from configs.plan import Plan
from flows.seed_copies import note_unfinished
from flows.sessions.exclusion import require_not_open, require_not_taken_away
from flows.sessions.session import Options, require_same_clusters, working
from runs.begun_plan import require_same_plan
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.seed_cycles import forget_abort
from runs.state import State
from runs.verbs import Verb
from tasks.cutover import automated_snapshots
from tasks.errors import PreconditionError
from tasks.migration import Migration


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
        current = state.unfinished(Verb.SEED)
        if current and options.new_run:
            given_up.append(current)
        elif current:
            require_same_plan(current, plan, but=("cutover",))
            require_same_clusters(current, uuids)
            current.resume()
            return current
        require_not_open(state, options.new_run)
        journal = state.begin(plan, Verb.SEED)
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
    cutover = state.unfinished(Verb.CUTOVER)
    if cutover and (cutover.document.window or cutover.document.aborting):
        raise PreconditionError(
            f"cutover {cutover.run_id} of plan {state.plan_name} is unfinished",
            hint="finish it with `snapferry cutover`, or put everything back with `snapferry abort`",
        )
    return cutover


def _give_up(m: Migration, journal: Journal) -> None:
    """Ends a run whose place this round takes; what it has brought to the target is known from then on."""
    if journal.document.verb is Verb.SEED:
        note_unfinished(m, journal)
        why = f"run {m.journal.run_id} was started with --new-run"
    else:
        automated_snapshots.resume(replace(m, journal=journal))
        why = f"it had frozen nothing, and seed round {m.journal.run_id} was started"
    journal.settle(RunStatus.ABANDONED, why)
