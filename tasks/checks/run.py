"""Running checks side by side, and what the plan says of their results."""

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


def run_checks(survey: Survey, first: Sequence[Check], then: Sequence[Check]) -> tuple[CheckRecord, ...]:
    """The result of every check, in the order of the checks. Reads only; may be repeated.

    Args:
        first: checks whose results decide which sides can be asked at all (they call `survey.give_up`).
        then: the others.
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
    """What the check says. One that breaks costs its own result only."""
    try:
        return made.judge(survey, side)
    except Inapplicable as error:
        return skip(f"not looked at: {error.message}")
    except Unlooked as error:
        return replace(skip(f"not looked at: {error.message}"), unknown=True)
    except SnapferryError as error:
        return unknown(error.message, error.hint)
    except STUMBLING as error:
        return _defect(made, error)


def _defect(made: Check, error: Exception) -> Finding:
    """A migration does not begin on what a broken check would have decided."""
    said = f"{type(error).__name__}: {error} (a defect of Snapferry)"
    hint = "please report it, with the domains' versions"
    return fail(f"could not tell: {said}", hint) if made.decisive else unknown(said, hint)


def judged_by_plan(record: CheckRecord, settings: CheckSettings) -> CheckRecord:
    """The record after the plan's `checks`: what it requires must be known, what it waives only warns."""
    if record.unknown and record.id in settings.require:
        said = "the plan requires this check (checks.require)"
        record = record.model_copy(update={"status": "FAIL", "detail": f"{record.detail}; {said}"})
    reason = settings.waive.get(record.id)
    if record.status == "FAIL" and reason is not None:
        return record.model_copy(update={"status": "WARN", "waived": reason})
    return record
