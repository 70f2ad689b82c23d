"""What the real migration would meet, looked at before it is rehearsed."""

from tasks.checks.catalogue import FIRST, THEN
from tasks.checks.records import OutlookRecord
from tasks.checks.run import run_checks
from tasks.migration import Consents, Migration
from tasks.survey import Survey


def outlook(m: Migration) -> OutlookRecord:
    """Makes every preflight check of the plan itself. Reads only; may be repeated."""
    assumed = Consents(frozenset(m.plan.conflicts.delete), partial=True)
    survey = Survey(
        m.plan, {"source": lambda: m.source, "target": lambda: m.target}, assumed, given=m.consents
    )
    return OutlookRecord(checks=run_checks(survey, FIRST, THEN))
