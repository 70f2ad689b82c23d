"""The plan that a run began with, compared with today's."""

import json
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from configs.plan import Plan
from runs.errors import PlanChanged
from runs.journal import Journal
from runs.step_names import StepName


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan as a journal keeps it. It holds names of secrets, never a secret."""
    return plan.model_dump(mode="json")


def plan_begun_with(journal: Journal) -> Plan | None:
    """The plan that a run began with; None where this version cannot read it any more."""
    try:
        return Plan.model_validate_json(json.dumps(journal.document.plan))
    except ValidationError:
        return None


def plan_as_now(record: dict[str, Any]) -> dict[str, Any]:
    """A plan's record with the defaults of keys that an earlier version did not have.

    Unchanged where this version cannot read it any more.
    """
    try:
        return plan_record(Plan.model_validate_json(json.dumps(record)))
    except ValidationError:
        return record


def require_same_plan(journal: Journal, plan: Plan, *, but: Collection[str] = ()) -> None:
    """Refuses to resume or show a run under another plan than it began with.

    Args:
        but: fields and sections that may differ, as `verify.level`. Those that do not decide what moves may
            always: checks, gates and hooks.

    Raises:
        PlanChanged: names the fields that differ.
    """
    before, after = _leaves(plan_as_now(journal.document.plan)), _leaves(plan_record(plan))
    mutable = tuple(f"{field}." for field in (*but, "checks", "gates", "hooks"))
    keys = [key for key in before.keys() | after.keys() if not f"{key}.".startswith(mutable)]
    changed = sorted(key for key in keys if before.get(key) != after.get(key))
    if changed:
        shown = "; ".join(f"{key}: {before.get(key)!r} → {after.get(key)!r}" for key in changed[:5])
        raise PlanChanged(
            f"the plan has changed since run {journal.run_id} began: {shown}",
            f"put it back to resume that run, {journal.document.verb.way_out}",
        )


def require_same_clusters(journal: Journal, uuids: tuple[str, str]) -> None:
    """Refuses to resume a run whose domains are others now than those it looked at.

    Args:
        uuids: of the source's and the target's cluster, as they answer now.

    Raises:
        PlanChanged: an endpoint leads to another cluster.
    """
    record = journal.record(StepName.RESOLVE)
    if record is None:
        return
    for side, uuid in zip(("source", "target"), uuids, strict=True):
        if record[side]["cluster_uuid"] != uuid:
            raise PlanChanged(
                f"the {side} is another cluster than in run {journal.run_id}: its UUID is {uuid}, "
                f"it was {record[side]['cluster_uuid']}",
                f"correct the endpoint or the tunnel, {journal.document.verb.way_out}",
            )


def as_begun(plan: Plan, journal: Journal) -> Plan:
    """The plan that a run began with, with today's logins and ways to the domains, and without hooks.

    Raises:
        PlanChanged: the two do not go together.
    """
    begun, today = dict(journal.document.plan), plan_record(plan)
    for side in ("source", "target"):
        begun[side] = begun[side] | {key: today[side][key] for key in ("auth", "connect_to", "ca_bundle")}
    try:
        return Plan.model_validate(begun | {"hooks": []})
    except ValidationError as error:
        raise PlanChanged(
            f"the plan's logins do not fit the domains of run {journal.run_id} any more",
            "put the plan back as it was when that run began, and run the same command again",
        ) from error


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            found |= _leaves(inner, f"{path}.{key}" if path else str(key))  # pyright: ignore[reportUnknownArgumentType]
        return found
    return {path: value}
