"""The session of a cutover, and what a finished one shows again."""

from collections.abc import Generator
from contextlib import contextmanager

from configs.plan import Plan
from flows.sessions.exclusion import opened_by, require_not_taken_away
from flows.sessions.session import Options, require_same_clusters, working
from runs.begun_plan import require_same_plan
from runs.journal import Document, Journal, now
from runs.lifecycle import is_finished, is_opening, is_past_deadline
from runs.state import State
from runs.verbs import Verb
from tasks.cutover import freeze
from tasks.errors import PreconditionError
from tasks.migration import Migration


def finished_cutover(plan: Plan, options: Options) -> Journal | None:
    """The plan's cutover that has opened the target; None while there is none.

    Raises:
        PlanChanged: the plan has changed since.
    """
    current = opened_by(State(options.state, plan.name))
    if current is None or not is_finished(current.document):
        return None
    require_same_plan(current, plan, but=("cutover",))
    return current


def require_consent(plan: Plan, options: Options) -> None:
    """Refuses a cutover that would freeze the source, or go on in its window, without the consent to that.

    Putting back and opening need none: an unfinished cutover has come so far with it.

    Raises:
        PreconditionError: the consent is lacking.
    """
    unfinished = State(options.state, plan.name).unfinished(Verb.CUTOVER)
    if unfinished is None or not _only_ends(unfinished.document):
        freeze.require_consent(options.consents)


def _only_ends(run: Document) -> bool:
    """Whether all that the command can do to this cutover is to roll it back, or to open the target."""
    return run.aborting or is_opening(run) or is_past_deadline(run, now())


@contextmanager
def cutting_over(plan: Plan, options: Options) -> Generator[Migration]:
    """Holds plan and pair, yields the cutover to work on, and writes how it ended.

    Raises:
        PreconditionError: a seed round is unfinished, the rounds are being taken away, or the consent to
            freeze is lacking.
        PlanChanged: an unfinished cutover was begun under another plan.
        SnapferryError: from the steps, after it has been written down.
    """
    state = State(options.state, plan.name)

    def journal_of(uuids: tuple[str, str]) -> Journal:
        require_not_taken_away(state)
        current = state.unfinished(Verb.CUTOVER)
        if current:
            require_same_plan(current, plan, but=("cutover",))
            require_same_clusters(current, uuids)
            current.resume()
            return current
        _require_no_round(state)
        journal = state.begin(plan, Verb.CUTOVER)
        journal.document.sessions = 1
        return journal

    with working(plan, options, journal_of) as m:
        yield m


def _require_no_round(state: State) -> None:
    seed = state.unfinished(Verb.SEED)
    if seed:
        raise PreconditionError(
            f"seed round {seed.run_id} of plan {state.plan_name} is unfinished",
            hint="finish it with `snapferry seed PLAN --execute`; then cut over",
        )
