"""Registry of all checks, in display order."""

from collections.abc import Callable, Iterable

from configs.plan import CheckSettings, Plan
from domains.domain import Domain
from tasks.checks import safety, window
from tasks.checks.account import caller, role_rights, roles
from tasks.checks.bucket import bucket, encryption, ownership, state
from tasks.checks.check import Check, checks_in
from tasks.checks.domains import access_control, automated_snapshots, blocks, domains, native_paths
from tasks.checks.indices import (
    aliases,
    asked_settings,
    index_settings,
    indices,
    readability,
    reindexing,
    target_features,
)
from tasks.checks.room import allocation, replicas, room
from tasks.checks.run import run_checks
from tasks.migration import Consents
from tasks.records.checks import PreflightRecord
from tasks.survey import Survey

FIRST: tuple[Check, ...] = (
    *(caller.credentials, domains.dns, domains.tcp, domains.tls, domains.answer),
    blocks.reads,
)
"""Checks that decide which sides can be queried at all."""

WINDOW = checks_in(window)
"""Checks that only matter to a cutover: made by `check` and `cutover`, never by `migrate` or `rehearse`."""

THEN: tuple[Check, ...] = tuple(
    each
    for each in checks_in(
        *(caller, roles, role_rights, bucket, encryption, ownership, state),
        *(domains, native_paths, blocks, access_control, automated_snapshots),
        *(indices, reindexing, target_features, index_settings, asked_settings, readability),
        *(aliases, room, replicas, allocation, safety),
    )
    if each not in FIRST
)

ALL = (*FIRST, *THEN, *WINDOW)


def deciding(checks: Iterable[Check], chosen: CheckSettings) -> tuple[Check, ...]:
    """Select the checks that can make `migrate` refuse: the decisive ones and those the plan requires."""
    return tuple(made for made in checks if made.decisive or made.id in chosen.require)


def preflight(plan: Plan, source: Callable[[], Domain], target: Callable[[], Domain]) -> PreflightRecord:
    """Make every preflight check of a plan. Reads only; can be repeated.

    Args:
        source, target: functions that open the plan's domains.
    """
    assumed = Consents.assumed(plan)
    survey = Survey(plan, {"source": source, "target": target}, assumed, given=Consents())
    return PreflightRecord(checks=run_checks(survey, FIRST, THEN))
