"""The table of a run's indices, whatever their number: those that are not equal come first."""

from collections import Counter
from collections.abc import Iterator, Sequence

from reports.model.report import IndexReport, Report
from reports.page.elements import Block, Cell, Column, Facts, Table, Tone
from reports.views.layout import STYLES
from reports.words import common
from runs.verbs import Verb
from tasks.records.verification import PASSING

_TONES: dict[str, Tone] = {"green": "good", "yellow": "mixed", "bold red": "bad"}
TONES: dict[str, Tone] = {
    **{verdict: _TONES[style] for verdict, style in STYLES.items()},
    "copied": "good",
    "unchanged": "good",
}
"""What each verdict on an index means."""
_COLUMNS = (
    Column("index", "name"),
    Column("action", choice=True),
    Column("verdict", "verdict", choice=True),
    Column("source documents", "number"),
    Column("target documents", "number"),
    Column("fetched", "size"),
    Column("detail"),
)


def index_blocks(report: Report) -> Iterator[Block]:
    """How many indices there are of each verdict, what that does not prove, and each of them."""
    if not report.indices:
        return
    found = Counter(index.verdict for index in report.indices)
    ordered = sorted(found.items(), key=lambda item: (item[0] in PASSING, -item[1]))
    counts = ", ".join(f"{common.number(count)} {verdict}" for verdict, count in ordered)
    facts = [("", f"{common.counted(len(report.indices), 'index', 'indices')}: {counts}")]
    facts += [("verified at level", report.level)] if report.level else []
    facts += [("limits", limit) for limit in report.limits]
    yield Facts(facts)
    yield Table(
        "table-indices", "Every index that was to move", *_filled(report), ("index", "indices"), TONES
    )


def _filled(report: Report) -> tuple[Sequence[Column], list[list[Cell]]]:
    """Columns and rows, without columns in which nothing stands: a seed round counts no documents."""
    ordered = sorted(report.indices, key=lambda index: (index.verdict in PASSING, index.source))
    rows = [_row(index) for index in ordered]
    uncounted = report.verb is Verb.SEED and all(row[3] is None and row[4] is None for row in rows)
    empty = {3, 4} if uncounted else set[int]()
    empty |= {6} if not any(row[6] for row in rows) else set()
    kept = [at for at in range(len(_COLUMNS)) if at not in empty]
    return [_COLUMNS[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _row(index: IndexReport) -> list[Cell]:
    name = index.source if index.source == index.target else f"{index.source} → {index.target}"
    stream = f"data stream {index.stream}" if index.stream else ""
    detail = "; ".join(filter(None, (index.detail, stream)))
    counts = (index.source_count, index.target_count)
    return [name, index.action, index.verdict, *counts, index.bytes, detail]
