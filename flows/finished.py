"""A plan's cutover that has come to its end. Imports no Prefect."""

from configs.plan import Plan
from flows.beside import opened_by
from flows.session import Options
from runs.journal import Journal, now
from runs.state import State, is_finished, require_same_plan
from tasks.cutover import freeze

VERB = "cutover"


def finished_cutover(plan: Plan, options: Options) -> Journal | None:
    """The plan's cutover that has opened the target; None while there is none.

    Raises:
        PlanChanged: the plan has changed since.
    """
    current = opened_by(State(options.state, plan.name))
    if current is None or not is_finished(current):
        return None
    require_same_plan(current, plan, but=("cutover",))
    return current


def require_consent(plan: Plan, options: Options) -> None:
    """Refuses a cutover that would freeze the source, or go on in its window, without the consent to that.

    Putting back and opening need none: an unfinished cutover has come so far with it.

    Raises:
        PreconditionError: the consent is lacking.
    """
    unfinished = State(options.state, plan.name).unfinished(VERB)
    window = unfinished.document.window if unfinished else None
    ends = window is not None and (window.opening is not None or now() >= window.deadline)
    if not ends and not (unfinished and unfinished.document.aborting):
        freeze.require_consent(options.consents)
