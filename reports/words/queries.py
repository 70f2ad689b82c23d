"""The query gate in words."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePath

from reports.words import common
from tasks.records.queries import Cause, Latency, QueriesRead, QueryComparison, QueryResult, RankChange

_CAUSES = {
    Cause.SIMILARITY: "another similarity",
    Cause.ANALYSIS: "another analysis of text",
    Cause.MAPPING: "another mapping",
    Cause.DOCUMENTS: "documents that only one side finds",
    Cause.SHARDS: "another number of shards",
    Cause.DELETED: "deleted documents that are not merged away yet",
    Cause.UNKNOWN: "unknown",
}


def searches(count: int) -> str:
    """A number of recorded searches."""
    return common.counted(count, "recorded search", "recorded searches")


def conclusion(record: QueryComparison) -> str:
    """What the gate comes to, in one sentence."""
    if record.problem:
        return f"the query gate could not compare: {record.problem}"
    counts = record.counts
    alike = counts.get("equal", 0) + counts.get("explained", 0)
    wrong = counts.get("different", 0), counts.get("not compared", 0)
    said = [f"{alike} of {searches(record.compared)} {'rank' if record.compared != 1 else 'ranks'} alike"]
    said += [f"{wrong[0]} {'ranks' if wrong[0] == 1 else 'rank'} otherwise"] if wrong[0] else []
    said += [f"{wrong[1]} could not be compared"] if wrong[1] else []
    said += [f"{record.unranked} without a rank to compare"] if record.unranked else []
    said += [f"{record.saying_nothing} with nothing to compare at all"] if record.saying_nothing else []
    said += ["the target is too slow"] if record.is_too_slow else []
    said += [record.untimed] if record.untimed_fails else []
    return ", ".join(said)


def failure(record: QueryComparison) -> str:
    """Why the gate fails a verification, with the first documents."""
    named = [
        f"{place(result)}: {change(each)}" for result in record.failing[:3] for each in result.changes[:2]
    ]
    return "; ".join((conclusion(record), *named))


def expected(count: int, seconds: float, window: timedelta) -> str:
    """How much of a window the gate will take."""
    said = (
        f"the query gate will run {searches(count)} inside the window, for about {common.duration(seconds)}"
    )
    too_long = seconds > window.total_seconds() / 2
    return f"{said}: more than half of it; record fewer, or use a longer window" if too_long else said


def read(found: QueriesRead) -> str:
    """What the file of recorded searches held."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items())) or "none known"
    said = [
        f"{PurePath(found.file).name}: {common.counted(found.entries, 'entry', 'entries')} ({kinds})",
        f"{common.number(found.distinct)} different",
    ]
    said += [f"{found.merged} repeated"] if found.merged else []
    said += [f"{found.unusable_count} not usable"] if found.unusable_count else []
    said += [f"{found.sampled_out} beyond the most that are run"] if found.sampled_out else []
    return ", ".join(said)


def place(result: QueryResult) -> str:
    """Where a search is recorded, and what it is about."""
    return f"{result.place}, {result.index}"


def likeness(value: float | None) -> str:
    """An overlap."""
    return "–" if value is None else f"{value:.2f}"


def difference(result: QueryResult) -> str:
    """What differs, or why it was not compared."""
    said = [result.problem] if result.problem else []
    if "total hits" in result.parts:
        said.append(f"{result.source_total} hits on the source, {result.target_total} on the target")
    said += [f"its {part} differ" for part in result.parts if part != "total hits"]
    if result.causes:
        said.append(f"cause: {', '.join(_CAUSES[each] for each in result.causes)}")
    return "; ".join((*said, *result.evidence))


def change(found: RankChange) -> str:
    """A document that is not where it was."""
    scores = (found.source_score, found.target_score)
    told = "" if None in scores else f" (score {scores[0]:.4g} and {scores[1]:.4g})"
    if found.kind == "lost":
        return f"document {found.id}: lost, rank {found.source_rank} on the source"
    if found.kind == "gained":
        return f"document {found.id}: gained, rank {found.target_rank} on the target"
    return f"document {found.id}: moved from rank {found.source_rank} to {found.target_rank}{told}"


def latency(found: Latency) -> str:
    """The times of all searches."""
    end = "" if not found.is_slower else ": too slow" if found.fails else ": slower than the plan allows"
    return (
        f"95th percentile of {found.runs} timed runs a side: {found.source_p95_ms:g} ms on the source, "
        f"{found.target_p95_ms:g} ms on the target, ratio {found.ratio:.2f} of at most {found.most:g}{end}"
    )


def notes(record: QueryComparison) -> Iterator[str]:
    """What is to know besides: what was not run, and what limits the comparison."""
    if record.not_moving:
        yield f"not part of the verdict, as nothing of it moves: {searches(record.not_moving)}"
    if record.untimed and not record.untimed_fails:
        yield record.untimed
    if record.read:
        yield from (f"not usable: {each.place}: {each.why}" for each in record.read.unusable)
    by_note: dict[str, list[str]] = {}
    for result in record.results:
        for note in result.notes:
            by_note.setdefault(note, []).append(result.place)
    yield from (f"{common.names(places, 5)}: {note}" for note, places in by_note.items())
