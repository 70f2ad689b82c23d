"""Compare the plan a run began with to the current one."""

import json
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from configs.plan import Plan
from runs.errors import PlanChanged
from runs.journal import Journal
from runs.step_names import StepName

_WAYS = {"auth", "connect_to", "ca_bundle"}
_DECIDE_NO_DATA = ("checks", "gates", "hooks", "metadata", "queries", "state")


def plan_record(plan: Plan) -> dict[str, Any]:
    """Serialize the plan for the journal. It contains names of secrets, never a secret."""
    return plan.model_dump(mode="json")


def plan_begun_with(journal: Journal) -> Plan | None:
    """Load the plan a run began with; None if this version can no longer read it."""
    try:
        return Plan.model_validate_json(json.dumps(journal.document.plan))
    except ValidationError:
        return None


def plan_as_now(record: dict[str, Any]) -> dict[str, Any]:
    """Fill in a plan record with defaults for keys that an earlier version did not have.

    Returned unchanged if this version can no longer read it.
    """
    try:
        return plan_record(Plan.model_validate_json(json.dumps(record)))
    except ValidationError:
        return record


def require_same_plan(journal: Journal, plan: Plan, *, but: Collection[str] = ()) -> None:
    """Refuse to resume or show a run if the plan has changed since the run began.

    Args:
        but: fields and sections that may differ, such as `verify.level`. Checks, gates, hooks, metadata, the
            query gate and where the state is may always differ: they do not decide which data moves.

    Raises:
        PlanChanged: the plan differs; the error names the fields.
    """
    changed = differences(journal, plan, but=but)
    if changed:
        raise PlanChanged(
            f"the plan has changed since run {journal.run_id} began: {'; '.join(changed[:5])}",
            f"revert the change to resume that run, {journal.document.verb.way_out}",
        )


def differences(journal: Journal, plan: Plan, *, but: Collection[str] = ()) -> list[str]:
    """Fields in which a plan differs from the one that a run began with, each with both values.

    Args:
        but: as in `require_same_plan`.
    """
    plan = in_direction_of(journal, plan)
    before, after = _leaves(plan_as_now(journal.document.plan)), _leaves(plan_record(plan))
    mutable = tuple(f"{field}." for field in (*but, *_DECIDE_NO_DATA))
    keys = [key for key in before.keys() | after.keys() if not f"{key}.".startswith(mutable)]
    changed = sorted(key for key in keys if before.get(key) != after.get(key))
    return [f"{key}: {before.get(key)!r} → {after.get(key)!r}" for key in changed]


def exchanged(plan: Plan) -> Plan:
    """The plan with its domains exchanged: from its target to its source."""
    return plan.model_copy(update={"source": plan.target, "target": plan.source})


def in_direction_of(journal: Journal, plan: Plan) -> Plan:
    """The plan in the direction of a run: with its domains exchanged where the run goes back."""
    if not journal.document.back:
        return plan
    begun, today = journal.document.plan, plan_record(plan)
    forward = _place(begun["source"]) == _place(today["source"])
    return plan if forward else exchanged(plan)


def require_same_sides(journal: Journal, plan: Plan) -> None:
    """Refuse a run between two other domains: another plan of this name has begun it.

    One side may have moved, as to a new endpoint or a tunnel.

    Raises:
        PlanChanged: neither side is the run's.
    """
    begun, today = journal.document.plan, plan_record(in_direction_of(journal, plan))
    if any(_place(begun[side]) == _place(today[side]) for side in ("source", "target")):
        return
    sides = (f"{side} {' '.join(filter(None, _place(begun[side])))}" for side in ("source", "target"))
    raise PlanChanged(
        f"run {journal.run_id} is between other domains ({', '.join(sides)}): "
        f"another plan with the name {plan.name} began it",
        "give the plan that it began with; and give each plan a name of its own",
    )


def _place(side: dict[str, Any]) -> tuple[str, str]:
    """Where a side of a plan is: its endpoint, its domain's name and Region, or the snapshot that it is."""
    if "snapshot" in side:
        return "snapshot", str(side["snapshot"])
    endpoint = side.get("endpoint")
    return (str(endpoint), "") if endpoint else (str(side.get("domain")), str(side.get("region")))


def require_same_clusters(journal: Journal, uuids: tuple[str, str]) -> None:
    """Refuse to resume a run if an endpoint now leads to a different cluster.

    Args:
        uuids: current cluster UUIDs of the source and the target.

    Raises:
        PlanChanged: an endpoint leads to a different cluster.
    """
    record = journal.record(StepName.RESOLVE)
    if record is None:
        return
    for side, uuid in zip(("source", "target"), uuids, strict=True):
        before = (record[side] or {"cluster_uuid": ""})["cluster_uuid"]
        if before != uuid:
            raise PlanChanged(
                f"the {side} is a different cluster than in run {journal.run_id}: its UUID is {uuid}, "
                f"it was {before}",
                f"correct the endpoint or the tunnel, {journal.document.verb.way_out}",
            )


def as_begun(plan: Plan, journal: Journal) -> Plan:
    """Combine the plan a run began with and the current logins and network routes; drop the hooks.

    Raises:
        PlanChanged: the current logins do not fit the run's domains.
    """
    begun, today = dict(journal.document.plan), plan_record(in_direction_of(journal, plan))
    for side in ("source", "target"):
        ways = [
            key for key in ("auth", "connect_to", "ca_bundle") if key in begun[side] and key in today[side]
        ]
        begun[side] = begun[side] | {key: today[side][key] for key in ways}
    try:
        return Plan.model_validate(begun | {"hooks": []})
    except ValidationError as error:
        raise PlanChanged(
            f"the plan's logins no longer fit the domains of run {journal.run_id}",
            "restore the plan that the run began with, then run the same command again",
        ) from error


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            found |= _leaves(inner, f"{path}.{key}" if path else str(key))  # pyright: ignore[reportUnknownArgumentType]
        return found
    return {path: value}
