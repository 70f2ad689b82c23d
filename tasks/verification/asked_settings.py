"""Look for the index settings that the plan asks for on each copy: a restore accepts any name and value.

The engine sets aside what it does not know (`archived.…`), and says nothing about it.
"""

from collections.abc import Collection, Iterator, Mapping

from configs.restore import full_key, setting_text
from configs.values.listing import listed
from domains.domain import Domain
from domains.engine.indices.index_metadata import index_settings
from domains.errors import DomainError
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.verification import Verdict, VerificationRecord

_SHOWN = 3
_ASIDE = "archived."
_EXPANDS = "index.auto_expand_replicas"
_REPLICAS = "index.number_of_replicas"


def with_asked_settings(
    m: Migration,
    resolution: Resolution,
    record: VerificationRecord,
    but: Collection[str] = (),
    *,
    later: bool = False,
) -> VerificationRecord:
    """Judge each index also by the settings that the plan asks for: without one of them it is different.

    Reads only.

    Args:
        but: settings that a copy gets only when it is opened.
        later: some time after the restore, when the target's owner may have given a setting another value.

    Raises:
        DomainError: transient errors only; any other makes the indices `not compared`.
    """
    try:
        lacking = lacking_settings(
            m, [index.target for index in (*resolution.indices, *resolution.copied)], but, later=later
        )
    except DomainError as error:
        if error.transient:
            raise
        why = f"could not be compared: {error}"
        unread = (
            each.model_copy(update={"outcome": "not compared", "detail": why}) if _is_good(each) else each
            for each in record.verdicts
        )
        return record.model_copy(update={"verdicts": tuple(unread)})
    verdicts = (_judged(each, lacking.get(each.target, ())) for each in record.verdicts)
    return record.model_copy(update={"verdicts": tuple(verdicts)})


def _is_good(verdict: Verdict) -> bool:
    return verdict.outcome in {"equal", "as recorded", "bracketed"}


def _judged(verdict: Verdict, lacking: Collection[str]) -> Verdict:
    if not lacking:
        return verdict
    said = listed(lacking, _SHOWN, "; ")
    outcome = "different" if _is_good(verdict) else verdict.outcome
    detail = "; ".join(filter(None, (verdict.detail, said)))
    return verdict.model_copy(update={"outcome": outcome, "detail": detail})


def require_asked_settings(m: Migration, resolution: Resolution, but: Collection[str]) -> None:
    """Raise ExecutionError if a copy lacks a setting that the plan asks for, but for these. Reads only."""
    lacking = lacking_settings(m, [index.target for index in resolution.indices], but)
    if lacking:
        name, first = next(iter(lacking.items()))
        more = f" (nor did {listed([*lacking][1:], _SHOWN)})" if len(lacking) > 1 else ""
        raise ExecutionError(
            f"{name} on the target did not get what restore.index_settings asks for{more}: "
            f"{listed(first, _SHOWN, '; ')}",
            "correct restore.index_settings, then seed again with --new-run",
        )


def lacking_settings(
    m: Migration, targets: Collection[str], but: Collection[str] = (), *, later: bool = False
) -> dict[str, tuple[str, ...]]:
    """Indices on the target that lack a setting of the plan, with the differences in words. Reads only.

    Args:
        but, later: as in `with_asked_settings`.
    """
    wanted = {key: value for key, value in m.plan.restore.index_settings.items() if full_key(key) not in but}
    return lacking_on(m.target, wanted, targets, later=later)


def lacking_on(
    domain: Domain, wanted: Mapping[str, object], targets: Collection[str], *, later: bool = False
) -> dict[str, tuple[str, ...]]:
    """Indices of a domain that lack one of these settings, with the differences in words. Reads only."""
    asked = {full_key(key): setting_text(value) for key, value in wanted.items()}
    if not asked or not targets:
        return {}
    there = index_settings(domain, targets)
    told = {name: tuple(_lacking(asked, has, later=later)) for name, has in there.items()}
    return {name: lines for name, lines in told.items() if lines}


def _lacking(asked: Mapping[str, str], has: Mapping[str, object], *, later: bool) -> Iterator[str]:
    expands = str(has.get(_EXPANDS, "false")) != "false"
    for key, value in asked.items():
        there = has.get(key)
        if key == _REPLICAS and expands:
            continue  # the engine counts the nodes
        if there is None:
            aside = f": the engine set it aside as {_ASIDE}{key}" if f"{_ASIDE}{key}" in has else ""
            yield f"setting {key} is absent on the target, not {value}{aside}"
        elif setting_text(there) != value and not later:
            yield f"setting {key} is {setting_text(there)} on the target, not {value}"
