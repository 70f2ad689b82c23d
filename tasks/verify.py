"""Comparing what moved, failing closed: an index that cannot be compared counts as a failure.

Level counts compares live documents. Level operations compares, for each shard, count, sum and maximum of
`_seq_no`, read from primaries: these survive snapshot and restore. What the levels do not prove is told in
docs/verification.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domains import figures
from domains.catalog import catalog, refresh
from domains.cluster import identity
from domains.domain import Domain
from domains.errors import DomainError
from domains.figures import Ask, Figures, ShardStats
from runs.journal import now
from runs.progress import Progress, tell
from tasks.drift import Drift, drifted
from tasks.migration import Migration
from tasks.records import Resolution, SelectedIndex, Verdict, VerificationRecord

_STEP = "verify"
_INDICES_AT_ONCE = 500


@dataclass(frozen=True)
class _Side:
    """One side's figures of an index: by shard, or under None for the index as a whole."""

    figures: dict[int | None, Figures]

    @property
    def problem(self) -> str:
        return next(
            (
                f"shard {k}: {f.problem}" if k is not None else f.problem
                for k, f in self.figures.items()
                if f.problem
            ),
            "",
        )

    @property
    def count(self) -> int | None:
        return None if self.problem or not self.figures else sum(f.count for f in self.figures.values())


def verify(m: Migration, resolution: Resolution) -> VerificationRecord:
    """Compares every index that moved with its source at the plan's level.

    Changes no document; refreshes both sides. May be repeated at any time.

    Raises:
        DomainError: transient errors only; any other makes the indices concerned `not compared`.
    """
    verdicts: list[Verdict] = []
    everything = resolution.indices
    for start in range(0, len(everything), _INDICES_AT_ONCE):
        piece = everything[start : start + _INDICES_AT_ONCE]
        verdicts += _compared(m, piece)
        tell(Progress(_STEP, "comparing", len(verdicts), len(everything), "indices"))
    drift = drifted(m.plan, resolution, catalog(m.source), catalog(m.target))
    return VerificationRecord(
        level=m.plan.verify.level,
        verdicts=(*(_with(verdict, drift) for verdict in verdicts), *drift.appeared),
        skipped=resolution.left_out,
        at=now(),
    )


def _with(verdict: Verdict, drift: Drift) -> Verdict:
    why = drift.changed.get(verdict.target)
    if why is None or verdict.outcome != "equal":
        return verdict
    return verdict.model_copy(update={"outcome": "different", "detail": why})


def _compared(m: Migration, indices: Sequence[SelectedIndex]) -> list[Verdict]:
    opened = [index for index in indices if index.open]
    closed = [index for index in indices if not index.open]
    try:
        sources = _read(m, m.source, [(index.name, index.shards) for index in opened])
        targets = _read(m, m.target, [(index.target, index.shards) for index in opened])
        verdicts = [_verdict(index, sources[index.name], targets[index.target]) for index in opened]
        return verdicts + _closed_verdicts(m, closed)
    except DomainError as error:
        if error.transient:
            raise
        return [_not_compared(index, str(error), None, None) for index in indices]


def _read(m: Migration, domain: Domain, indices: Sequence[tuple[str, int]]) -> dict[str, _Side]:
    """The figures of one side, after a refresh."""
    names = [name for name, _ in indices]
    stale = refresh(domain, names)
    version = identity(domain).version
    if m.plan.verify.level == "counts":
        found = {name: _Side({None: f}) for name, f in figures.counts(domain, version, names).items()}
    else:
        asks = [Ask(name, shard) for name, shards in indices for shard in range(shards)]
        answers = figures.operations(domain, version, asks)
        found = {name: _Side({n: answers[Ask(name, n)] for n in range(shards)}) for name, shards in indices}
    return found | {
        name: _Side({None: Figures(problem=f"refresh failed: {why}")}) for name, why in stale.items()
    }


def _verdict(index: SelectedIndex, source: _Side, target: _Side) -> Verdict:
    for side, found in (("source", source), ("target", target)):
        if found.problem or not found.figures:
            why = found.problem or "no shard was asked"
            return _not_compared(index, f"{side}: {why}", source.count, target.count)
    differing = [key for key in source.figures if source.figures[key] != target.figures.get(key)]
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="different" if differing else "equal",
        source_count=source.count,
        target_count=target.count,
        shards=index.shards,
        detail="; ".join(_difference(key, source, target) for key in differing[:3]),
    )


def _difference(shard: int | None, source: _Side, target: _Side) -> str:
    left, right = source.figures[shard], target.figures[shard]
    place = "" if shard is None else f"shard {shard}: "
    later = (left.maximum or 0) > (right.maximum if right.maximum is not None else -1)
    hint = (
        " (the source has newer operations: was it written to after the snapshot?)"
        if later and left.maximum
        else ""
    )
    if left.count != right.count:
        return f"{place}{left.count} documents on the source, {right.count} on the target{hint}"
    return f"{place}same count, but other operations (_seq_no sum {left.sum} and {right.sum}){hint}"


def _not_compared(index: SelectedIndex, why: str, source: int | None, target: int | None) -> Verdict:
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="not compared",
        source_count=source,
        target_count=target,
        detail=f"could not be compared: {why}",
    )


def _closed_verdicts(m: Migration, indices: Sequence[SelectedIndex]) -> list[Verdict]:
    """Closed indices answer no search, but each shard tells its Lucene documents and last sequence number."""
    if not indices:
        return []
    sources = figures.shard_stats(m.source, [index.name for index in indices])
    targets = figures.shard_stats(m.target, [index.target for index in indices])
    return [
        _closed_verdict(index, sources.get(index.name, {}), targets.get(index.target, {}))
        for index in indices
    ]


def _closed_verdict(
    index: SelectedIndex, source: dict[int, ShardStats], target: dict[int, ShardStats]
) -> Verdict:
    for side, found in (("source", source), ("target", target)):
        if len(found) != index.shards or not found:
            return _not_compared(
                index, f"{side}: {len(found)} of {index.shards} closed shards told their figures", None, None
            )
    differing = [n for n in sorted(source) if source[n] != target[n]]
    return Verdict(
        source=index.name,
        target=index.target,
        outcome="different" if differing else "equal",
        source_count=sum(stats.documents for stats in source.values()),
        target_count=sum(stats.documents for stats in target.values()),
        shards=index.shards,
        detail="; ".join(
            [f"shard {n}: {source[n].documents} and {target[n].documents} documents" for n in differing[:3]]
            or ["closed: compared by Lucene documents and last sequence number of each shard"]
        ),
    )
