"""What the real migration would meet, looked at before it is rehearsed."""

from collections.abc import Callable

from configs.plan import Plan
from domains.domain import Domain
from tasks.checks.catalogue import FIRST, THEN
from tasks.checks.records import OutlookRecord
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.survey import Survey


def outlook(plan: Plan, source: Callable[[], Domain], target: Callable[[], Domain]) -> OutlookRecord:
    """Makes every preflight check of a plan. Reads only; may be repeated.

    Args:
        source, target: open the plan's domains.
    """
    assumed = Consents(frozenset(plan.conflicts.delete), partial=True)
    survey = Survey(plan, {"source": source, "target": target}, assumed, given=Consents())
    return OutlookRecord(checks=run_checks(survey, FIRST, THEN))
