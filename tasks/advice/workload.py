"""Read what decides about a way of a domain's indices: sizes, age, states, writes. Reads only."""

from collections.abc import Callable, Sequence

from configs.plan import IndexSelection
from domains.domain import Domain
from domains.engine import catalog as names_on
from domains.engine.catalog import Catalog
from domains.engine.indices.index_requirements import IndexRequirements, index_requirements
from domains.engine.shard_stats import marks
from domains.shard_mark import Mark
from runs.progress import Poll
from tasks.advice.unread import Reading
from tasks.estimates.workload import sizes
from tasks.records.advice import WorkloadFacts
from tasks.records.resolution import SelectedIndex
from tasks.selection.select import select

_BOX_TYPE = "index.routing.allocation.require.box_type"
_DERIVED = "index.derived_source.enabled"
_ALL = IndexSelection(include=["*"], closed="move")
_UNDATED = "unknown"
Marks = dict[str, tuple[Mark, ...]]


def read_workload(domain: Domain, reading: Reading, observe_s: float) -> WorkloadFacts | None:
    """Read the domain's indices; None if they cannot be listed. What else cannot be read is noted.

    Args:
        observe_s: seconds between two readings that show whether the source is written to; 0: none.
    """
    listed = reading.attempt("its indices", lambda: names_on.catalog(domain))
    if listed is None:
        return None
    indices = [index for unit in select(listed, _ALL).units for index in unit.indices]
    needs = reading.attempt(
        "which of its indices keep _source, and which are warm", lambda: index_requirements(domain)
    )
    written, seconds = _writes(domain, reading, [index.name for index in indices], observe_s)
    return _facts(listed, indices, needs).model_copy(update={"operations": written, "observed_s": seconds})


def _facts(
    listed: Catalog, indices: Sequence[SelectedIndex], needs: dict[str, IndexRequirements] | None
) -> WorkloadFacts:
    names = [index.name for index in indices]
    size = sizes(indices)
    streams = {index.stream for index in indices if index.stream}
    return WorkloadFacts(
        **size,
        documents=sum(index.documents or 0 for index in indices),
        data_streams=len(streams),
        created=_created(indices),
        closed=tuple(index.name for index in indices if not index.open),
        red=tuple(name for name in names if listed.indices[name].health == "red"),
        warm=_named(names, needs, lambda each: each.setting(_BOX_TYPE) == "warm"),
        without_source=_named(names, needs, _keeps_no_source),
        derived=_named(names, needs, _derives_source),
    )


def _created(indices: Sequence[SelectedIndex]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for index in indices:
        found.setdefault(index.created or _UNDATED, []).append(index.name)
    return {version: tuple(names) for version, names in sorted(found.items())}


def _named(
    names: Sequence[str],
    needs: dict[str, IndexRequirements] | None,
    wanted: Callable[[IndexRequirements], bool],
) -> tuple[str, ...] | None:
    if needs is None:
        return None
    return tuple(name for name in names if name in needs and wanted(needs[name]))


def _derives_source(needs: IndexRequirements) -> bool:
    return needs.setting(_DERIVED) == "true"


def _keeps_no_source(needs: IndexRequirements) -> bool:
    return bool(needs.unreadable) and not _derives_source(needs)


def _writes(
    domain: Domain, reading: Reading, names: Sequence[str], observe_s: float
) -> tuple[int | None, float]:
    """The operations that arrive while the domain is observed, and for how long it was."""
    if not observe_s or not names:
        return (0 if not names else None), 0.0
    found = reading.attempt("whether it is being written to", lambda: _observed(domain, names, observe_s))
    return found or (None, 0.0)


def _observed(domain: Domain, names: Sequence[str], observe_s: float) -> tuple[int, float]:
    first, poll = marks(domain, names), Poll(observe_s)
    while not poll.expired:
        poll.sleep(min(1.0, max(0.05, observe_s - poll.waited_s)))
    seconds = poll.waited_s
    return operations_between(first, marks(domain, names)), round(seconds, 1)


def operations_between(first: Marks, second: Marks) -> int:
    """Count the operations between two readings; an index that only one of them has counts as one. Pure."""
    both = first.keys() & second.keys()
    moved = sum(_moved(first[name], second[name]) for name in both)
    return moved + len(first.keys() ^ second.keys())


def _moved(first: tuple[Mark, ...], second: tuple[Mark, ...]) -> int:
    """The operations of one index; an index that was made anew or restored counts as one at least."""
    before = {mark.shard: mark.max_seq_no for mark in first}
    moved = sum(max(0, mark.max_seq_no - before.get(mark.shard, -1)) for mark in second)
    is_another = [mark.history for mark in first] != [mark.history for mark in second]
    return max(moved, int(is_another))
