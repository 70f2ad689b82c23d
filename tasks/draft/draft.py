"""Draft of a plan between two sides, from everything that can be read."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from configs.plan import ConflictSettings, IndexSelection, Side
from runs.journal import now
from tasks.draft import sides, storage
from tasks.draft.options import SideOptions
from tasks.draft.sides import InspectedSide
from tasks.errors import PreconditionError
from tasks.records.draft import Draft, IndicesFound, SideFound, StorageFound
from tasks.records.resolution import LeftOutReason
from tasks.selection import compatibility, conflicts
from tasks.selection.select import Selection, select
from tasks.survey import SIDES

_LONGEST = 60


def draft(asked: Mapping[Side, SideOptions], name: str | None) -> Draft:
    """Draft a plan by inspecting both sides and the account around them. Reads only; can be repeated.

    Args:
        asked: options of the given sides: both, one or none.
        name: name of the plan; None to derive one from the domains' names.

    Raises:
        SnapferryError: a side cannot be found or reached, or both are the same domain.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="side") as pool:
        wanted: list[Side] = [side for side in SIDES if side in asked]
        answers = pool.map(sides.inspect, wanted, [asked[side] for side in wanted])
        looked = dict(zip(wanted, answers, strict=True))
    source, target = looked.get("source"), looked.get("target")
    _require_two(source, target)
    called = name or _name(source, target)
    place = storage.inspect(looked, called)
    problem, way_out = _versions(source, target)
    return Draft(
        name=called,
        made=now(),
        source=source.found if source else None,
        target=target.found if target else None,
        storage=place,
        indices=_indices(source, target),
        version_problem=problem,
        version_way_out=way_out,
        to_fill_in=tuple(_to_fill_in(source, target, place)),
    )


def _require_two(source: InspectedSide | None, target: InspectedSide | None) -> None:
    if source is None or target is None:
        return
    one, other = source.found, target.found
    same_cluster = one.cluster_uuid and one.cluster_uuid == other.cluster_uuid
    if same_cluster or (one.arn and one.arn == other.arn):
        which = one.arn or f"cluster {one.cluster_name}"
        raise PreconditionError(
            f"source and target are the same domain ({which})",
            hint="name another one, or say with --target-region where the target is",
        )


def _name(source: InspectedSide | None, target: InspectedSide | None) -> str:
    """Derive a plan name from the domains' names and Regions."""
    one, other = (_called(side) for side in (source, target))
    if one and one == other and target and target.found.region:
        other = target.found.region
    made = f"{one or 'source'}-to-{other or 'target'}" if one or other else "my-migration"
    return made[:_LONGEST].strip("-_")


def _called(side: InspectedSide | None) -> str:
    if side is None:
        return ""
    found = side.found
    told = found.domain or found.arn.rpartition("/")[2] or found.cluster_name.rpartition(":")[2]
    return re.sub(r"[^a-z0-9_-]+", "-", told.lower()).strip("-_")


def _versions(source: InspectedSide | None, target: InspectedSide | None) -> tuple[str, str]:
    if not source or not target or not source.version or not target.version:
        return "", ""
    problem = compatibility.engine_problem(source.version, target.version)
    return (problem, compatibility.way_out(source.version, target.version)) if problem else ("", "")


def _indices(source: InspectedSide | None, target: InspectedSide | None) -> IndicesFound | None:
    if source is None or source.catalog is None:
        return None
    selection = select(source.catalog, IndexSelection())
    moving = [index for unit in selection.units for index in unit.indices]
    left = {reason: tuple(each.name for each in selection.left_out if each.reason == reason)
            for reason in (LeftOutReason.SYSTEM, LeftOutReason.CLOSED)}  # fmt: skip
    return IndicesFound(
        indices=len(moving),
        bytes=sum(index.bytes or 0 for index in moving),
        streams=tuple(unit.name for unit in selection.units if unit.is_stream),
        system=left[LeftOutReason.SYSTEM],
        closed=left[LeftOutReason.CLOSED],
        created_problems=tuple(_created(source, target, [index.name for index in moving])),
        conflicts=_conflicts(selection, target),
    )


def _created(source: InspectedSide, target: InspectedSide | None, names: list[str]) -> list[str]:
    if target is None or target.version is None or source.catalog is None or _versions(source, target)[0]:
        return []
    found = source.catalog.indices
    return list(
        compatibility.index_problems([(name, found[name].created_id) for name in names], target.version)
    )


def _conflicts(selection: Selection, target: InspectedSide | None) -> tuple[str, ...] | None:
    if target is None or target.catalog is None:
        return None
    decision = conflicts.decide(
        selection.units, target.catalog, ConflictSettings(), aliases=True, allowed=frozenset()
    )
    return decision.problems


def _to_fill_in(source: InspectedSide | None, target: InspectedSide | None, place: StorageFound) -> list[str]:
    missing: list[str] = []
    for side, looked in (("source", source), ("target", target)):
        if looked is None:
            missing.append(f"{side}.endpoint")
        elif looked.found.auth == "basic":
            missing.append(f"{side}.auth")
    if place.bucket is None:
        missing.append("repository.bucket")
    return missing + list(_missing_roles(source, target, place))


def _missing_roles(
    source: InspectedSide | None, target: InspectedSide | None, place: StorageFound
) -> list[str]:
    sides: list[SideFound | None] = [each.found if each else None for each in (source, target)]
    if not any(found is None or found.auth == "sigv4" for found in sides):
        return []
    missing = ["repository.role_arn"] if place.role is None or place.role.arn is None else []
    if place.target_role and place.target_role.arn is None:
        missing.append("repository.target_role_arn")
    return missing
