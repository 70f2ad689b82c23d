"""Compare the moved indices, failing closed: an index that cannot be compared counts as a failure.

docs/verification.md says what each level proves and what it does not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domains.engine.catalog import catalog, refresh
from domains.errors import DomainError
from domains.shard_mark import Mark
from runs.journal import now
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.migration import Migration
from tasks.records.resolution import LeftOut, Resolution, SelectedIndex
from tasks.records.verification import (
    Contents,
    DocumentDifference,
    IndexContents,
    Limit,
    Outcome,
    Verdict,
    VerificationRecord,
    not_compared,
)
from tasks.verification import closed_indices, counts
from tasks.verification.comparison import Comparison
from tasks.verification.content.compare import content
from tasks.verification.content.documents import NAMED
from tasks.verification.drift import Drift, drifted, without_gone
from tasks.verification.operations import compare as operations
from tasks.verification.operations.compare import Marks
from tasks.verification.operations.drill_down import Budget
from tasks.verification.operations.ranges import Sides, sides_of

_INDICES_AT_ONCE = 1000


def verify(
    m: Migration,
    resolution: Resolution,
    marks: Mapping[str, tuple[Mark, ...]] = {},
) -> VerificationRecord:
    """Compare every index that moved with its source at the plan's level.

    Changes no document; refreshes both sides. May be repeated at any time.

    Args:
        marks: by index of the source: its shards' marks before the snapshot of its copy.

    Raises:
        DomainError: transient errors only; any other makes the indices concerned `not compared`.
    """
    c = Comparison(m.source, m.target, resolution.indices, m.plan.verify, m.plan.restore, marks)
    record = compared(c, resolution.left_out)
    drift = without_gone(drifted(m.plan, resolution, catalog(m.source), catalog(m.target)), m.source)
    verdicts = (*(_with(verdict, drift) for verdict in record.verdicts), *drift.appeared)
    return record.model_copy(update={"verdicts": verdicts, "at": now()})


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
        verdicts=with_contents(verdicts, contents),
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
        opened = [index for index in indices if index.open]
        stale = dict(_stale(c, opened))
        fresh = [index for index in opened if index.name not in stale]
        if c.settings.level == "counts":
            found = counts.compared(sides, fresh)
        else:
            found = operations.compared(c, sides, fresh, before, budget, step)
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
    opened = [index for index in c.indices if index.open]
    marked = [index for index in opened if c.marks.get(index.name)]
    found: list[Limit] = []
    if opened and c.settings.level == "counts":
        found.append(Limit.COUNTS_ONLY)
    elif opened:
        found += [Limit.NO_MARKS] if len(marked) < len(opened) else []
        found += [Limit.OTHER_WRITERS] if marked else []
    if len(opened) < len(c.indices):
        found.append(Limit.CLOSED_INDICES)
    if c.settings.level != "content":
        found.append(Limit.NOT_CONTENT)
    elif opened and c.settings.sample < 1:
        found.append(Limit.SAMPLE_ONLY)
    return tuple(found)


_WORST: tuple[Outcome, ...] = ("different", "not compared", "bracketed", "equal")


def with_contents(verdicts: Iterable[Verdict], contents: Contents) -> tuple[Verdict, ...]:
    """Merge the findings of level content into the verdicts: an index is equal only if all of it is."""
    found = {each.target: each for each in contents.indices}
    return tuple(_merged(v, found[v.target]) if v.target in found else v for v in verdicts)


def _merged(verdict: Verdict, contents: IndexContents) -> Verdict:
    outcome = min((verdict.outcome, contents.outcome), key=_WORST.index)
    findings = [f"{each.what}: {each.detail}" for each in contents.findings if each.outcome != "equal"]
    if not findings and outcome == "equal":
        findings = [each.detail for each in contents.findings if each.what == "document"]
    documents, more = _together(verdict, contents)
    detail = "; ".join(part for part in (verdict.detail, *findings) if part)
    return verdict.model_copy(
        update={"outcome": outcome, "detail": detail, "documents": documents, "more": more}
    )


def _together(verdict: Verdict, contents: IndexContents) -> tuple[tuple[DocumentDifference, ...], int]:
    """The documents of both, each once; a finding about content replaces one about its operation."""
    named = {_key(each): each for each in verdict.documents}
    for each in contents.documents:
        before = named.get(_key(each))
        if before is None or before.kind == "other operation":
            named[_key(each)] = each
    documents = tuple(named.values())
    # the unnamed ones of both may be the same documents: only the larger number is certain
    unnamed = max(verdict.more, contents.more)
    return documents[:NAMED], unnamed + max(0, len(documents) - NAMED)


def _key(document: DocumentDifference) -> tuple[str, str | None, int | None]:
    return document.id, document.routing, document.shard
