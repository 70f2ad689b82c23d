"""Run checks in parallel and apply the plan's settings to their results."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from configs.plan import CheckSettings
from domains.domain import Side
from domains.errors import SnapferryError
from domains.http.documented import STUMBLING
from tasks.checks.check import Check, Finding, each_side, fail, skip, unknown
from tasks.records.checks import CheckRecord
from tasks.survey import Inapplicable, Survey, Unlooked

_AT_ONCE = 8
_USUAL = "check again; if that does not help, docs/access.md lists the rights that the caller needs"


def run_checks(survey: Survey, first: Sequence[Check], then: Sequence[Check]) -> tuple[CheckRecord, ...]:
    """Run all checks and return their results in order. Reads only; can be repeated.

    Args:
        first: checks that decide which sides can be queried at all (they call `survey.give_up`).
        then: all other checks.
    """
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check") as pool:
        rows: list[CheckRecord] = []
        for group in (first, then):
            work = tuple(each_side(group))
            made, sides = (each[0] for each in work), (each[1] for each in work)
            rows += pool.map(partial(_record, survey), made, sides)
    return tuple(rows)


def _record(survey: Survey, made: Check, side: Side | None) -> CheckRecord:
    found = _finding(survey, made, side)
    record = CheckRecord(
        id=made.id,
        group=made.group,
        name=made.name,
        side=side,
        status=found.status,
        detail=found.detail,
        hint=found.hint,
        items=found.items,
        source=made.source,
        unknown=found.unknown,
    )
    return judged_by_plan(record, survey.plan.checks)


def _finding(survey: Survey, made: Check, side: Side | None) -> Finding:
    """Run one check. If it breaks, only its own result is lost."""
    if side is not None and side not in survey.sides:
        return skip("the plan's source is a snapshot, not a domain")
    try:
        return made.judge(survey, side)
    except Inapplicable as error:
        return skip(f"not checked: {error.message}")
    except Unlooked as error:
        return replace(skip(f"not checked: {error.message}"), unknown=True)
    except SnapferryError as error:
        return unknown(error.message, error.hint or _USUAL)
    except STUMBLING as error:
        return _defect(made, error)


def _defect(made: Check, error: Exception) -> Finding:
    """Report a broken check; a migration does not start if that check is decisive."""
    said = f"{type(error).__name__}: {error} (a defect of Snapferry)"
    hint = "please report it, with the domains' versions"
    return fail(f"could not tell: {said}", hint) if made.decisive else unknown(said, hint)


def judged_by_plan(record: CheckRecord, settings: CheckSettings) -> CheckRecord:
    """Apply the plan's `checks`: a required check must be decided, a waived one only warns."""
    if record.unknown and record.id in settings.require:
        said = "the plan requires this check (checks.require)"
        record = record.model_copy(update={"status": "FAIL", "detail": f"{record.detail}; {said}"})
    reason = settings.waive.get(record.id)
    if record.status == "FAIL" and reason is not None:
        return record.model_copy(update={"status": "WARN", "waived": reason})
    return record
