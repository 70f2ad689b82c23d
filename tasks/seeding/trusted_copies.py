"""Seeded copies on the target that the next round can build on. Reads only.

A copy is identified by the UUID recorded when it was restored. It is trusted for as long as it refuses
writes, as every copy is set to: then nobody has changed it. A copy that takes writes is in the way like any
other index.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from configs.plan import Plan
from domains.engine.catalog import Catalog, Index, catalog
from domains.engine.indices.write_blocks import Blocks, blocks
from tasks.errors import PreconditionError
from tasks.migration import Consents, Migration
from tasks.records.resolution import Resolution, Unit
from tasks.records.seeding import Copy, Ledger
from tasks.selection.conflicts import Decision
from tasks.survey import Survey, by_policy


def trusted(target: Catalog, blocked: dict[str, Blocks], found: Ledger) -> dict[str, Copy]:
    """The copies that are on the target and refuse writes, whether closed or still open.

    One that a killed run of the tail has left without its block counts, too: it is blocked again first.
    """
    return {
        name: copy
        for name, copy in found.copies.items()
        if name in target.indices
        and _is_own(target.indices[name], copy)
        and (name in found.lifted or _refuses(blocked.get(name)))
    }


def _is_own(index: Index, copy: Copy) -> bool:
    return index.uuid == copy.target_uuid and index.stream is None


def _refuses(block: Blocks | None) -> bool:
    return block is not None and block.write


def drop_untrusted_bases(m: Migration, resolution: Resolution, found: Ledger) -> Resolution:
    """Keep only the bases that are still trusted.

    A copy that was made writable since the decision is in the way of the restore, like any other index.
    """
    if not any(unit.base for unit in resolution.units):
        return resolution
    own = trusted(catalog(m.target), blocks(m.target), found)
    units = tuple(
        unit.model_copy(
            update={
                "base": {n: uuid for n, uuid in unit.base.items() if n in own and own[n].target_uuid == uuid}
            }
        )
        for unit in resolution.units
    )
    return resolution.model_copy(update={"units": units})


def require_own_snapshots(m: Migration) -> None:
    """Raise PreconditionError if the plan names a snapshot: a round takes its own."""
    if m.source_domain is None:
        raise PreconditionError(
            f"the plan's source is snapshot {m.plan.existing_snapshot}: nothing changes there any more, and "
            "nobody writes to it",
            hint="move it with `snapferry migrate PLAN`",
        )
    if m.plan.existing_snapshot:
        raise PreconditionError(
            f"snapshot.existing names {m.plan.existing_snapshot}, but a round takes its own snapshot",
            hint="remove the key from the plan, or move that snapshot with `snapferry migrate PLAN`",
        )


def survey_ignoring_copies(m: Migration, found: Ledger) -> Survey:
    """A survey that does not count the plan's own copies as conflicts."""

    def decide(units: Sequence[Unit], target: Catalog, plan: Plan, consents: Consents) -> Decision:
        own = trusted(target, blocks(m.target), found) if found.copies else {}
        others = {name: index for name, index in target.indices.items() if name not in own}
        decision = by_policy(units, replace(target, indices=others), plan, consents)
        distrusted = {
            name: each for name, each in found.copies.items() if name not in own and _is_same(target, each)
        }
        problems = (
            *decision.problems,
            *_renamed_streams(decision.units),
            *_distrusted(units, decision, distrusted),
        )
        return Decision(tuple(_with_base(unit, own) for unit in decision.units), problems)

    return Survey.of(m, decide)


def _with_base(unit: Unit, own: dict[str, Copy]) -> Unit:
    base = {index.target: own[index.target].target_uuid for index in unit.indices if index.target in own}
    return unit.model_copy(update={"base": base})


def _renamed_streams(units: Sequence[Unit]) -> list[str]:
    return [
        f"{unit.name}: a data stream cannot be seeded under another name; move it with a separate plan"
        for unit in units
        if unit.is_stream and unit.action == "rename"
    ]


def _is_same(target: Catalog, copy: Copy) -> bool:
    return copy.target in target.indices and target.indices[copy.target].uuid == copy.target_uuid


def _distrusted(units: Sequence[Unit], decision: Decision, distrusted: Mapping[str, Copy]) -> Iterator[str]:
    """Report copies that are no longer trusted but are in the way: skipping or renaming would hide that."""
    replaced = {index.name for unit in decision.units if unit.action == "replace" for index in unit.indices}
    named = {index.name: {index.target} for unit in units for index in unit.indices}
    for unit in decision.units:
        for index in unit.indices:
            named[index.name].add(index.target)
    for name, copy in distrusted.items():
        if copy.source not in replaced and name in named.get(copy.source, ()):
            yield (
                f"{name}: a round of this plan made it, and it has been made writable since: "
                "check what it holds, delete it on the target, and seed again"
            )
