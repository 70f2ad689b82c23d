"""The `check` verb: run the preflight checks. Reads only."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from configs.checks import IDS
from configs.plan import Plan
from configs.state import StateSettings
from domains.domain import Domain, Side
from flows.sessions.session import open_side
from runs.stores.registry import shared_settings
from tasks.checks.registry import FIRST, THEN, WINDOW
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import CheckRecord
from tasks.survey import SIDES, Survey


def run_check(
    plan: Plan, consents: Consents, only: Collection[str] = IDS, folder: Path | None = None
) -> tuple[CheckRecord, ...]:
    """Run preflight checks and return the results; a side that cannot be opened is one too. Reads only.

    Args:
        consents: what the user has consented to so far.
        only: the ids of the checks to run. Those that find out whether a side can be queried at all are made
            in any case; not being named, their results are returned only where they explain a failure.
        folder: where the state is; without it, where the plan says.
    """
    if folder is not None:
        shared = shared_settings(folder)
        state = StateSettings.model_validate(shared) if shared else None
        plan = plan.model_copy(update={"state": state})
    openers: dict[Side, Callable[[], Domain]] = {side: partial(open_side, plan, side) for side in SIDES}
    assumed = Consents.assumed(plan)
    then = tuple(check for check in (*THEN, *WINDOW) if check.id in only)
    records = run_checks(Survey(plan, openers, assumed, given=consents), FIRST, then)
    return tuple(record for record in records if record.id in only or record.status == "FAIL")
