"""A plan's cutover that has come to its end. Imports no Prefect."""

from configs.plan import Plan
from flows.session import Options
from runs.journal import Journal
from runs.state import State, require_same_plan

VERB = "cutover"


def finished_cutover(plan: Plan, options: Options) -> Journal | None:
    """The plan's cutover that has opened the target; None while there is none.

    Raises:
        PlanChanged: the plan has changed since.
    """
    state = State(options.state, plan.name)
    current = state.current(VERB)
    if current is None or state.unfinished(VERB):
        return None
    require_same_plan(current, plan, but=("cutover",))
    return current
