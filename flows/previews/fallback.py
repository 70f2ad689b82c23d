"""Read-only preview of a fallback: what goes back, and what stands against it. Imports no Prefect."""

from collections.abc import Iterator, Sequence

from configs.plan import Plan
from domains.engine.shard_stats import marks
from flows.sessions.options import RunOptions
from flows.sessions.session import read_only_migration
from flows.sessions.which_run import require_way_back
from runs.state import State, new_run_id
from tasks.migration import Migration
from tasks.records.tail import FallbackPreview, TailIndex
from tasks.seeding.copies import ledger_of
from tasks.tail import way_back
from tasks.tail.places import base_of


def fallback_preview(plan: Plan, options: RunOptions) -> FallbackPreview:
    """Preview a fallback.

    Args:
        plan: with its domains exchanged.

    Raises:
        PreconditionError: no cutover has promised a way back, or it cannot be kept any more.
        SnapferryError: a domain could not be read.
    """
    state = State(options.state, plan.name)
    opening = require_way_back(state)
    m = read_only_migration(plan, options, new_run_id())
    m.journal.document.back = True
    m.journal.path = state.runs / "unwritten.json"
    resolution = way_back.resolve(m)
    new = {index.name for index in way_back.new_indices(m, resolution)}
    return FallbackPreview(
        plan=plan.name,
        opening=opening.run_id,
        source=resolution.source.endpoint if resolution.source else "",
        target=resolution.target.endpoint,
        indices=tuple(_behind(m, [index.name for index in resolution.indices if index.name not in new])),
        new=tuple(sorted(new)),
        notes=resolution.notes,
    )


def _behind(m: Migration, names: Sequence[str]) -> Iterator[TailIndex]:
    """How many operations each index has had since its promise, or since a session of `follow` ended."""
    copies = {copy.source: copy for copy in ledger_of(m).copies.values()}
    current = marks(m.source, names)
    for name in names:
        copy = copies[name]
        known = {mark.shard: mark.max_seq_no for mark in copy.marks or base_of(copy)}
        since = (m.max_seq_no - known[m.shard] for m in current.get(name, ()) if m.shard in known)
        yield TailIndex(name=name, target=copy.target, behind=sum(max(0, number) for number in since))
