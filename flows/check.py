"""The `check` verb: run the preflight checks. Reads only."""

from collections.abc import Callable, Collection
from functools import partial

from configs.checks import IDS
from configs.plan import Plan
from domains.domain import Domain, Side
from flows.sessions.session import open_side
from tasks.checks.registry import FIRST, THEN, WINDOW
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import SIDES, Survey


def run_check(plan: Plan, consents: Consents, only: Collection[str] = IDS) -> tuple[CheckRecord, ...]:
    """Run preflight checks and return the results; a side that cannot be opened is one too. Reads only.

    Args:
        consents: what the user has consented to so far.
        only: the ids of the checks to run. Those that find out whether a side can be queried at all are made
            in any case; not being named, their results are returned only where they explain a failure.
    """
    openers: dict[Side, Callable[[], Domain]] = {side: partial(open_side, plan, side) for side in SIDES}
    assumed = Consents.assumed(plan)
    then = tuple(check for check in (*THEN, *WINDOW) if check.id in only)
    records = run_checks(Survey(plan, openers, assumed, given=consents), FIRST, then)
    return tuple(record for record in records if record.id in only or record.status == "FAIL")
