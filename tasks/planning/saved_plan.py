"""Check a saved plan: its file must be as it was written, and the domains as they were. Pure."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from configs.values.listing import listed
from runs.begun_plan import plan_as_now
from tasks.errors import PreconditionError
from tasks.records.plan_document import PlanDocument
from tasks.records.resolution import ClusterRecord, Resolution, SelectedIndex, Unit

_NAMES = 20
_LATER = (
    "settings",
    "aliases",
    "snapshot_uuid",
    "queries_digest",
)  # not in files of the first versions, nor in their hash


_LATER_DECIDED = ("reindexed", "switches", "merges")


def seal(document: PlanDocument) -> PlanDocument:
    """Add the hash of everything that determines the migration."""
    return document.model_copy(update={"hash": _hash(document)})


def is_intact(document: PlanDocument) -> bool:
    """Whether the document is still as it was when it was sealed."""
    return document.hash == _hash(document)


def _hash(document: PlanDocument) -> str:
    text = json.dumps(_basis(document), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _basis(document: PlanDocument) -> dict[str, Any]:
    """Everything that determines the migration; sizes, counts and the document's layout do not."""
    content = document.model_dump(mode="json", exclude={"hash", "made", "estimate", "counts"})
    resolved = content["resolution"]
    if resolved["origin"] is None:
        del resolved["origin"]  # not in files of the first versions, nor in their hash
    for unit in (*resolved["units"], *resolved["reindexed"]):
        for index in unit["indices"]:
            del index["bytes"], index["documents"]
    content["resolution"] = {key: part for key, part in resolved.items() if part or key not in _LATER_DECIDED}
    return {key: part for key, part in content.items() if part or key not in _LATER}


def differences(saved: PlanDocument, fresh: PlanDocument) -> tuple[str, ...]:
    """List what has changed on the domains since the plan was saved, one line each; empty if nothing has.

    Growth does not count. Any other difference does, even if there are no specific words for it here.
    """
    found = tuple(_differences(saved, fresh))
    if found or _decisive(saved) == _decisive(fresh):
        return found
    return ("the migration would differ from the saved one; save the plan again and compare the files",)


def require_unchanged(saved: PlanDocument, fresh: PlanDocument) -> None:
    """Refuse to execute a saved plan on domains that have changed.

    Raises:
        PreconditionError: they have; it lists every difference.
    """
    found = differences(saved, fresh)
    if found:
        raise PreconditionError(
            f"the domains have changed since this plan was saved ({saved.made:%Y-%m-%d %H:%M} UTC):",
            found,
            "review it and save it again: `snapferry plan PLAN --new-run -o PLAN`",
        )


def _decisive(document: PlanDocument) -> dict[str, Any]:
    """The part of the basis that must be the same now. What has been registered since makes no difference."""
    basis = _basis(document)
    del basis["run_id"], basis["requests"], basis["changes"], basis["consents"]
    del basis["resolution"]["notes"], basis["resolution"]["snapshot"], basis["resolution"]["left_out"]
    basis.pop("snapshot_uuid", None)  # one that could not be read is not a difference
    return {**basis, "plan": plan_as_now(basis["plan"])}


def _differences(saved: PlanDocument, fresh: PlanDocument) -> Iterator[str]:
    before, after = saved.resolution, fresh.resolution
    yield from _cluster("source", before.source, after.source)
    yield from _cluster("target", before.target, after.target)
    yield from _units(before, after)
    if saved.mappings and not (saved.settings and saved.aliases):
        yield "~ it was saved by an earlier version, which did not record the indices' settings and aliases"
    yield from _indices(saved, fresh)
    if saved.snapshot_uuid and saved.snapshot_uuid != fresh.snapshot_uuid:
        yield from _snapshot(before.snapshot, saved.snapshot_uuid, fresh.snapshot_uuid)
    if saved.queries_digest != fresh.queries_digest:
        yield "~ the recorded searches: the file that queries.from names has changed"
    if before.bucket_region != after.bucket_region:
        yield f"~ the bucket's Region: {before.bucket_region} → {after.bucket_region}"


def _snapshot(name: str, before: str, after: str | None) -> Iterator[str]:
    if after is None:
        yield f"~ snapshot {name}: no domain can read it any more"
    else:
        yield f"~ snapshot {name}: it is a different snapshot of that name (UUID {before} → {after})"


def _cluster(side: str, before: ClusterRecord | None, after: ClusterRecord | None) -> Iterator[str]:
    if before is None or after is None:
        return  # the source is a snapshot, whose UUID is compared
    if before.cluster_uuid != after.cluster_uuid:
        yield f"~ the {side} is a different cluster: UUID {before.cluster_uuid} → {after.cluster_uuid}"
    if before.version != after.version:
        yield f"~ the {side}'s version: {before.version} → {after.version}"


def _units(before: Resolution, after: Resolution) -> Iterator[str]:
    then, now = ({unit.name: unit for unit in each.every_unit} for each in (before, after))
    for name in now.keys() - then.keys():
        yield f"+ {name}: it is new on the source"
    for name in then.keys() - now.keys():
        yield f"- {name}: it is gone from the source, or no longer moves"
    for name in then.keys() & now.keys():
        yield from _unit(then[name], now[name])


def _unit(before: Unit, after: Unit) -> Iterator[str]:
    if (before.action, before.target) != (after.action, after.target):
        what = after.conflict or before.conflict or "names on the target have changed"
        yield f"~ {after.name}: {_unit_text(before)} → {_unit_text(after)} ({what})"
    elif before.takes != after.takes:
        yield f"~ {after.name}: it needs other deletions on the target: {after.conflict}"
    elif before.conflict != after.conflict:
        yield f"~ {after.name}: the target has {after.conflict or 'none of its names any more'}"


def _unit_text(unit: Unit) -> str:
    return f"{unit.action} as {unit.target}" if unit.action != "skip" else "skip"


def _indices(saved: PlanDocument, fresh: PlanDocument) -> Iterator[str]:
    then, now = (_by_name(each.resolution) for each in (saved, fresh))
    moved = {unit.name for unit in saved.resolution.every_unit} & {
        unit.name for unit in fresh.resolution.every_unit
    }
    for name, index in now.items():
        old = then.get(name)
        if old is None and index.stream in moved:
            yield f"+ {name}: data stream {index.stream} has a new backing index"
        elif old is not None:
            yield from _index(old, index)
            if old.uuid == index.uuid:
                yield from _attributes(name, saved, fresh, same_aliases=old.aliases == index.aliases)
    for name in then.keys() - now.keys():
        if then[name].stream in moved:
            yield f"- {name}: data stream {then[name].stream} has lost this backing index"


def _by_name(resolution: Resolution) -> dict[str, SelectedIndex]:
    return {index.name: index for unit in resolution.every_unit for index in unit.indices}


def _attributes(name: str, saved: PlanDocument, fresh: PlanDocument, *, same_aliases: bool) -> Iterator[str]:
    if saved.mappings.get(name) != fresh.mappings.get(name):
        yield f"~ {name}: its mapping has changed"
    if saved.settings and saved.settings.get(name) != fresh.settings.get(name):
        yield f"~ {name}: its settings have changed"
    if same_aliases and saved.aliases and saved.aliases.get(name) != fresh.aliases.get(name):
        yield f"~ {name}: an alias of it has changed: its filter, routing or write index"


def _index(old: SelectedIndex, new: SelectedIndex) -> Iterator[str]:
    if old.uuid != new.uuid:
        yield f"~ {new.name}: it was recreated on the source (UUID {old.uuid} → {new.uuid})"
    if old.open != new.open:
        yield f"~ {new.name}: it is {'open' if new.open else 'closed'} now"
    if old.replicas != new.replicas:
        yield f"~ {new.name}: {old.replicas} replicas → {new.replicas}"
    if old.aliases != new.aliases:
        yield f"~ {new.name}: its aliases were {_list(old.aliases)} and are {_list(new.aliases)}"
    if old.target != new.target:
        yield f"~ {new.name}: its name on the target: {old.target} → {new.target}"


def _list(names: tuple[str, ...]) -> str:
    return listed(names, _NAMES) or "none"
