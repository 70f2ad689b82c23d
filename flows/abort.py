"""Taking away what a rehearsal has left. Needs no Prefect: it is one step, and looks before it acts."""

from dataclasses import replace

from configs.plan import Plan
from flows.rehearsals import aborting, require_leftover, settings_of, target_of
from flows.session import Options, open_domains
from runs.progress import Progress, tell
from runs.state import State
from tasks import removal
from tasks.migration import Migration
from tasks.records import Leftovers, RemovalRecord, Resolution
from tasks.rehearsal import rehearsal_plan


def leftovers(plan: Plan, options: Options) -> Leftovers:
    """What the plan's latest rehearsal has left. Reads only.

    Raises:
        PreconditionError: it has left nothing.
    """
    journal = require_leftover(State(options.state, plan.name))
    source, target = open_domains(target_of(plan, settings_of(journal)))
    return removal.leftovers(_as_rehearsed(Migration(plan, source, target, journal)))


def abort(plan: Plan, options: Options) -> RemovalRecord:
    """Removes what the plan's latest rehearsal has left; may be repeated and continued.

    Raises:
        PreconditionError: it has left nothing.
        SnapferryError: a domain refused, or was busy for too long.
    """
    with aborting(plan, options) as m:
        with m.journal.step(removal.STEP):
            removed = removal.remove_made(_as_rehearsed(m))
            removal.require_removed(_as_rehearsed(m))
        m.journal.keep(removal.STEP, removed)
        tell(Progress(removal.STEP, "everything of the rehearsal is removed", finished=True))
    m.journal.settle("abandoned", "taken away by `snapferry abort`")
    return removed


def _as_rehearsed(m: Migration) -> Migration:
    record = m.journal.record("resolve")
    names = [unit.name for unit in Resolution.model_validate(record).units] if record else []
    plan = rehearsal_plan(m.plan, names or m.plan.indices.include, settings_of(m.journal).prefix)
    return replace(m, plan=plan)
