"""Compare the moved indices, failing closed: an index that cannot be compared counts as a failure.

docs/verification.md says what each level proves and what it does not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domains.engine.catalog import Catalog, catalog, refresh
from domains.errors import DomainError
from domains.shard_mark import Mark
from runs.journal import now
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.repair import RepairedIndex
from tasks.records.resolution import LeftOut, Resolution, SelectedIndex
from tasks.records.verification import (
    Contents,
    DocumentDifference,
    Figures,
    IndexContents,
    Limit,
    Outcome,
    Verdict,
    VerificationRecord,
    not_compared,
)
from tasks.verification import closed_indices, counts
from tasks.verification.comparison import NAMED, Comparison
from tasks.verification.content.compare import content
from tasks.verification.drift import Drift, drifted, without_gone
from tasks.verification.figures import Wanted, read_figures
from tasks.verification.operations import compare as operations
from tasks.verification.operations.compare import Marks
from tasks.verification.operations.drill_down import Budget
from tasks.verification.operations.ranges import Sides, sides_of

_INDICES_AT_ONCE = 1000


def verify(
    m: Migration,
    resolution: Resolution,
    marks: Mapping[str, tuple[Mark, ...]] = {},
    proved: Mapping[str, Verdict] = {},
    repaired: Mapping[str, RepairedIndex] = {},
    most_named: int = NAMED,
) -> VerificationRecord:
    """Compare every index that moved with its source at the plan's level.

    Changes no document; refreshes both sides. May be repeated at any time.

    Args:
        marks: by index of the source: its shards' marks before the snapshot of its copy.
        proved: by index of the source: verdicts on the operations of those that went by the tail.
        repaired: by index of the source: documents that `repair` wrote to its copy.
        most_named: documents that a verdict names, at most.

    Raises:
        DomainError: transient errors only; any other makes the indices concerned `not compared`.
    """
    indices, copied = (*resolution.indices, *resolution.copied), resolution.copied
    by_content = frozenset(index.name for index in copied)
    c = Comparison(
        m.source,
        m.target,
        indices,
        m.plan.verify,
        m.plan.restore,
        marks,
        by_content,
        proved,
        repaired,
        most_named,
    )
    record = compared(c, resolution.left_out)
    verdicts = _with_figures(c, record.verdicts)
    here, there = catalog(m.source), catalog(m.target)
    drift = without_gone(drifted(m.plan, resolution, here, there), m.source)
    judged = (_with(identified(verdict, here, there), drift) for verdict in verdicts)
    return record.model_copy(update={"verdicts": (*judged, *drift.appeared), "at": now()})


def _with_figures(c: Comparison, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Read what a certificate needs of indices that were not compared by the figures of their whole shards.

    Both sides' numbers of these differ: they went by the tail, were reindexed or repaired. What cannot be
    read is left out: it fails nothing, but then nothing is certified.
    """
    shards = {index.name: index.shards for index in c.indices if index.open}
    without = [each for each in verdicts if _lacks_figures(each, c) and each.source in shards]
    if not without:
        return verdicts
    try:
        sides = sides_of(c)
        here = [Wanted(each.source, shards[each.source], "operations") for each in without]
        there = [Wanted(each.target, shards[each.source], "operations") for each in without]
        source = read_figures(sides.source, sides.source_version, here)
        target = read_figures(sides.target, sides.target_version, there)
    except DomainError as error:
        if error.transient:
            raise
        return verdicts
    read = {
        each.source: Figures(kind="operations", source=source[each.source], target=target[each.target])
        for each in without
        if each.source in source and each.target in target
    }
    return tuple(
        each.model_copy(update={"figures": read.get(each.source, each.figures)}) for each in verdicts
    )


def _lacks_figures(verdict: Verdict, c: Comparison) -> bool:
    if verdict.outcome not in {"equal", "bracketed"}:
        return False
    return verdict.figures is None or (verdict.source in c.by_content and verdict.figures.kind == "counts")


def identified(verdict: Verdict, source: Catalog | None, target: Catalog) -> Verdict:
    """The verdict with the UUIDs of the index on both sides, as its figures need them."""
    if verdict.figures is None:
        return verdict
    here = source.indices.get(verdict.source) if source else None
    there = target.indices.get(verdict.target)
    uuids = {"source_uuid": here.uuid if here else "", "target_uuid": there.uuid if there else ""}
    return verdict.model_copy(update={"figures": verdict.figures.model_copy(update=uuids)})


def _with(verdict: Verdict, drift: Drift) -> Verdict:
    why = drift.changed.get(verdict.target)
    if why is None or verdict.outcome not in {"equal", "bracketed"}:
        return verdict
    return verdict.model_copy(update={"outcome": "different", "detail": why})


def compared(
    c: Comparison, skipped: tuple[LeftOut, ...] = (), step: StepName = StepName.VERIFY
) -> VerificationRecord:
    """Compare both domains at the level's depth, as a record. Refreshes both sides; may be repeated.

    Args:
        skipped: names left out of the comparison, listed in the record.
        step: the step whose progress it reports.

    Raises:
        DomainError: transient errors only; any other makes the indices concerned `not compared`.
    """
    verdicts = compare(c, step)
    contents = content(c, step)
    return VerificationRecord(
        level=c.settings.level,
        verdicts=with_contents(verdicts, contents, c.most_named),
        skipped=skipped,
        at=now(),
        general=contents.general,
        limits=limits(c),
    )


def compare(c: Comparison, step: StepName = StepName.VERIFY) -> tuple[Verdict, ...]:
    """Compare counts or operations of every index, in pieces; level content begins with operations.

    Changes no document; refreshes both sides. May be repeated.

    Args:
        step: the step whose progress it reports.

    Raises:
        DomainError: transient errors only; any other makes the indices concerned `not compared`.
    """
    if not c.indices:
        return ()
    try:
        sides, before = sides_of(c), operations.marks_now(c)
    except DomainError as error:
        if error.transient:
            raise
        return tuple(not_compared(index, str(error)) for index in c.indices)
    budget = Budget()
    verdicts: list[Verdict] = []
    for start in range(0, len(c.indices), _INDICES_AT_ONCE):
        verdicts += _piece(c, sides, c.indices[start : start + _INDICES_AT_ONCE], before, budget, step)
        report_progress(Progress(step, "comparing", len(verdicts), len(c.indices), "indices"))
    return tuple(verdicts)


def _piece(
    c: Comparison, sides: Sides, indices: Sequence[SelectedIndex], before: Marks, budget: Budget, step: str
) -> list[Verdict]:
    try:
        opened = [index for index in indices if index.open and index.name not in c.proved]
        stale = dict(_stale(c, opened))
        fresh = [index for index in opened if index.name not in stale]
        counted = [i for i in fresh if c.settings.level == "counts" or i.name in c.by_content]
        found = counts.compared(sides, counted) if counted else []
        found += [c.proved[index.name] for index in indices if index.name in c.proved]
        restored = [index for index in fresh if index not in counted]
        if restored:
            found += operations.compared(c, sides, restored, before, budget, step)
        found += closed_indices.compared(c, [index for index in indices if not index.open])
    except DomainError as error:
        if error.transient:
            raise
        return [not_compared(index, str(error)) for index in indices]
    by_name = {verdict.source: verdict for verdict in found}
    return [by_name.get(i.name) or not_compared(i, stale[i.name]) for i in indices]


def _stale(c: Comparison, indices: Sequence[SelectedIndex]) -> Iterator[tuple[str, str]]:
    """Refresh both sides; return the indices that could not be refreshed, with reasons."""
    source = refresh(c.source, [index.name for index in indices])
    target = refresh(c.target, [index.target for index in indices])
    for index in indices:
        for side, failed, name in (("source", source, index.name), ("target", target, index.target)):
            if name in failed:
                yield index.name, f"{side}: refresh failed: {failed[name]}"


def limits(c: Comparison) -> tuple[Limit, ...]:
    """The limits of this comparison."""
    opened = [index for index in c.indices if index.open and index.name not in c.by_content]
    marked = [index for index in opened if c.marks.get(index.name)]
    found: list[Limit] = []
    if opened and c.settings.level == "counts":
        found.append(Limit.COUNTS_ONLY)
    elif opened:
        found += [Limit.NO_MARKS] if len(marked) < len(opened) else []
        found += [Limit.OTHER_WRITERS] if marked else []
    if any(not index.open for index in c.indices):
        found.append(Limit.CLOSED_INDICES)
    if c.settings.level != "content" and any(index.name not in c.by_content for index in c.indices):
        found.append(Limit.NOT_CONTENT)
    elif opened and c.settings.sample < 1:
        found.append(Limit.SAMPLE_ONLY)
    is_whole = c.settings.level == "content" and c.settings.sample >= 1
    if not is_whole and any(_was_repaired(c, index) for index in opened):
        found.append(Limit.REPAIRED)
    return tuple(found)


def _was_repaired(c: Comparison, index: SelectedIndex) -> bool:
    return index.name in c.repaired and bool(c.repaired[index.name].documents)


_WORST: tuple[Outcome, ...] = ("different", "not compared", "bracketed", "equal")


def with_contents(verdicts: Iterable[Verdict], contents: Contents, most: int = NAMED) -> tuple[Verdict, ...]:
    """Merge the findings of level content into the verdicts: an index is equal only if all of it is.

    Args:
        most: documents that a verdict names, at most.
    """
    found = {each.target: each for each in contents.indices}
    return tuple(_merged(v, found[v.target], most) if v.target in found else v for v in verdicts)


def _merged(verdict: Verdict, contents: IndexContents, most: int) -> Verdict:
    outcome = min((verdict.outcome, contents.outcome), key=_WORST.index)
    findings = [f"{each.what}: {each.detail}" for each in contents.findings if each.outcome != "equal"]
    if not findings and outcome == "equal":
        findings = [each.detail for each in contents.findings if each.what == "document"]
    documents, more = _together(verdict, contents, most)
    detail = "; ".join(part for part in (verdict.detail, *findings) if part)
    return verdict.model_copy(
        update={"outcome": outcome, "detail": detail, "documents": documents, "more": more}
    )


def _together(
    verdict: Verdict, contents: IndexContents, most: int
) -> tuple[tuple[DocumentDifference, ...], int]:
    """The documents of both, each once; a finding about content replaces one about its operation."""
    named = {_key(each): each for each in verdict.documents}
    for each in contents.documents:
        before = named.get(_key(each))
        if before is None or before.kind == "other operation":
            named[_key(each)] = each
    documents = tuple(named.values())
    # the unnamed ones of both may be the same documents: only the larger number is certain
    unnamed = max(verdict.more, contents.more)
    return documents[:most], unnamed + max(0, len(documents) - most)


def _key(document: DocumentDifference) -> tuple[str, str | None, int | None]:
    return document.id, document.routing, document.shard
