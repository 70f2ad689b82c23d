"""The `check` verb: run the preflight checks. Reads only."""

from collections.abc import Callable
from functools import partial

from configs.plan import Plan
from domains.domain import Domain, Side
from flows.sessions.session import open_side
from tasks.checks.registry import FIRST, THEN, WINDOW
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import SIDES, Survey


def run_check(plan: Plan, consents: Consents) -> tuple[CheckRecord, ...]:
    """Run every preflight check and return the results; a side that cannot be opened is one too. Reads only.

    Args:
        consents: what the user has consented to so far.
    """
    openers: dict[Side, Callable[[], Domain]] = {side: partial(open_side, plan, side) for side in SIDES}
    assumed = Consents.assumed(plan)
    return run_checks(Survey(plan, openers, assumed, given=consents), FIRST, (*THEN, *WINDOW))
