"""Taking away what a rehearsal has left. Needs no Prefect: it is one step, and looks before it acts."""

from configs.plan import Plan
from flows.rehearsals import aborting, as_begun, as_rehearsed, require_leftover, settings_of, target_of
from flows.session import Options, open_domains
from runs.progress import Progress, tell
from runs.state import State
from tasks import removal
from tasks.migration import Migration
from tasks.patience import STEP
from tasks.records import Leftovers, RemovalRecord


def leftovers(plan: Plan, options: Options) -> Leftovers:
    """What the plan's latest rehearsal has left. Changes nothing on the domains.

    Raises:
        PreconditionError: it has left nothing.
    """
    journal = require_leftover(State(options.state, plan.name))
    begun = target_of(as_begun(plan, journal), settings_of(journal))
    source, target = open_domains(begun)
    return removal.leftovers(as_rehearsed(Migration(begun, source, target, journal)))


def abort(plan: Plan, options: Options) -> RemovalRecord:
    """Removes what the plan's latest rehearsal has left; may be repeated and continued.

    Raises:
        PreconditionError: it has left nothing.
        SnapferryError: a domain refused, or was busy for too long; how the run stands is in its journal.
    """
    with aborting(plan, options) as m:
        with m.journal.step(STEP):
            removed = removal.remove_made(as_rehearsed(m))
            removal.require_removed(as_rehearsed(m))
        m.journal.keep(STEP, removed)
        tell(Progress(STEP, "what the rehearsal has made is removed", finished=True))
    return removed
