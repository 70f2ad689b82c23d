"""Read both domains again, and say whether they still are as a certificate has them."""

from collections.abc import Iterable, Iterator, Sequence

from configs.plan import Side
from domains.domain import Domain
from domains.engine.catalog import Catalog, catalog, refresh
from domains.engine.cluster import identity
from domains.errors import DomainError
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.records.certificates import AgainstRecord, Answer, CertifiedIndex, Change, ChangedIndex
from tasks.records.verification import ShardFigures
from tasks.verification.figures import Shards, Wanted, read_figures

_AT_ONCE = 1000


def read_again(source: Domain | None, target: Domain, indices: Sequence[CertifiedIndex]) -> AgainstRecord:
    """Compare what both domains hold now with what was certified. Refreshes the indices; else reads only.

    Args:
        source: None where there was none, or where the plan's source was a snapshot.

    Raises:
        DomainError: transient errors only; of any other the indices concerned are unknown.
    """
    changed = [*_changed(target, "target", indices)]
    if source is not None:
        changed = [*_changed(source, "source", [each for each in indices if each.figures.source]), *changed]
    return AgainstRecord(answer=answer(changed), indices=len(indices), changed=tuple(changed))


def answer(changed: Iterable[ChangedIndex]) -> Answer:
    """The one answer to all that has changed. Pure."""
    found = [*changed]
    if any(each.side == "target" and each.change in {"written to", "gone", "made anew"} for each in found):
        return Answer.NO_LONGER_TRUE
    if any(each.change in {"not read", "closed since"} for each in found):
        return Answer.UNKNOWN
    return Answer.MOVED_ON if found else Answer.STILL_TRUE


def _changed(domain: Domain, side: Side, indices: Sequence[CertifiedIndex]) -> Iterator[ChangedIndex]:
    try:
        there = catalog(domain)
    except DomainError as error:
        if error.transient:
            raise
        yield from (_not_read(side, each, str(error)) for each in indices)
        return
    for start in range(0, len(indices), _AT_ONCE):
        yield from _of_piece(domain, side, indices[start : start + _AT_ONCE], there)
        done = min(start + _AT_ONCE, len(indices))
        report_progress(Progress(StepName.VERIFY, f"reading the {side} again", done, len(indices), "indices"))


def _of_piece(
    domain: Domain, side: Side, indices: Sequence[CertifiedIndex], there: Catalog
) -> Iterator[ChangedIndex]:
    standing = list[CertifiedIndex]()
    for each in indices:
        change = _identity_changed(side, each, there)
        if change:
            yield ChangedIndex(side=side, name=_name(side, each), change=change)
        else:
            standing.append(each)
    if standing:
        yield from _by_figures(domain, side, standing, there)


def _identity_changed(side: Side, index: CertifiedIndex, there: Catalog) -> Change | None:
    now = there.indices.get(_name(side, index))
    uuid = index.figures.source_uuid if side == "source" else index.figures.target_uuid
    if now is None:
        return "gone"
    if now.uuid != uuid or now.shards != _count(side, index, now.shards):
        return "made anew"
    return "closed since" if not now.open and index.figures.kind != "closed" else None


def _count(side: Side, index: CertifiedIndex, now: int) -> int:
    return now if index.figures.kind == "counts" else len(_then(side, index))


def _by_figures(
    domain: Domain, side: Side, indices: Sequence[CertifiedIndex], there: Catalog
) -> Iterator[ChangedIndex]:
    wanted = [
        Wanted(_name(side, each), there.indices[_name(side, each)].shards, each.figures.kind)
        for each in indices
    ]
    try:
        stale = refresh(domain, [each.name for each in wanted if there.indices[each.name].open])
        read = read_figures(domain, identity(domain).version, wanted)
    except DomainError as error:
        if error.transient:
            raise
        yield from (_not_read(side, each, str(error)) for each in indices)
        return
    for each in indices:
        name = _name(side, each)
        if name in stale:
            yield _not_read(side, each, f"refresh failed: {stale[name]}")
        elif name not in read:
            yield _not_read(side, each, "not every shard answered")
        elif read[name] != _then(side, each):
            yield _written(side, each, read[name])


def _written(side: Side, index: CertifiedIndex, now: Shards) -> ChangedIndex:
    then = _then(side, index)
    shards = tuple(n for n, (one, other) in enumerate(zip(then, now, strict=True)) if one != other)
    return ChangedIndex(
        side=side,
        name=_name(side, index),
        change="written to",
        shards=() if index.figures.kind == "counts" else shards,
        then=_together([then[n] for n in shards]),
        now=_together([now[n] for n in shards]),
    )


def _together(shards: Sequence[ShardFigures]) -> ShardFigures:
    numbers = [each.last for each in shards if each.last is not None]
    return ShardFigures(documents=sum(each.documents for each in shards), last=max(numbers, default=None))


def _not_read(side: Side, index: CertifiedIndex, why: str) -> ChangedIndex:
    return ChangedIndex(side=side, name=_name(side, index), change="not read", why=why)


def _name(side: Side, index: CertifiedIndex) -> str:
    return index.source if side == "source" else index.target


def _then(side: Side, index: CertifiedIndex) -> Shards:
    return index.figures.source if side == "source" else index.figures.target
