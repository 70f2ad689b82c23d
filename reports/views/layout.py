"""Layout of plans and reports on a terminal: the same lines in the same sequence, so that they compare.

Clusters, repositories, snapshot; one row per index; what is left out; notes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from configs.values.listing import listed
from reports.views.fitting import Rows
from reports.words import common
from tasks.records.resolution import ClusterRecord, LeftOut, LeftOutReason, SnapshotOrigin
from tasks.records.verification import PASSING, DocumentDifference, Finding

ROWS = 20
"""How many entries of a long list are shown."""
STYLES = {
    "equal": "green",
    "as recorded": "green",
    "bracketed": "yellow",
    "different": "bold red",
    "not compared": "bold red",
    "not verified": "yellow",
}


@dataclass(frozen=True)
class Row:
    """One index.

    Args:
        source, target: its names.
        action: restore, rename, replace or skip; for a copy that was not restored, its kind of change.
        source_count, target_count: documents; None where not known.
        bytes: of its primaries (in a plan), fetched by the target (in a report).
        verdict: the outcome; `planned` before the run.
    """

    source: str
    target: str
    action: str
    shards: int
    source_count: int | None
    target_count: int | None
    bytes: int | None
    verdict: str


def clusters(
    source: ClusterRecord | None, target: ClusterRecord | None, origin: SnapshotOrigin | None = None
) -> Iterator[Text]:
    """One line per side; the source may be a snapshot."""
    if origin:
        yield Text(f"Source: {common.origin(origin)}")
    for side, record in (("Source", source), ("Target", target)):
        if record:
            region = record.region or "no Region"
            yield Text(f"{side}: {record.endpoint} ({record.cluster_name}, {record.version}, {region})")


def indices(rows: Sequence[Row]) -> Rows:
    """One row per index, at most twenty; indices that are not equal come first."""
    made = Rows(("Index", "Action", ">Shards", ">Source", ">Target", ">Size", "Verdict"))
    for row in sorted(rows, key=lambda row: row.verdict in PASSING)[:ROWS]:
        made.add(
            row.source if row.source == row.target else f"{row.source} → {row.target}",
            row.action,
            str(row.shards),
            common.number(row.source_count),
            common.number(row.target_count),
            common.size(row.bytes),
            Text(row.verdict, STYLES.get(row.verdict, "")),
        )
    made.below.extend(more(len(rows) - ROWS))
    return made


def more(count: int, what: str = "", indent: str = "") -> Iterator[Text]:
    """Say how many entries of a list are not shown, and where the whole list is; nothing if all are shown."""
    if count > 0:
        yield Text(f"{indent}… and {common.number(count)} more{what and f' {what}'}; --json shows all", "dim")


def first(lines: Iterable[Text], what: str = "", indent: str = "") -> Iterator[Text]:
    """The first twenty of many lines, and the number of the others."""
    found = list(lines)
    yield from found[:ROWS]
    yield from more(len(found) - ROWS, what, indent)


def reasons(named: Iterable[tuple[str, str]], style: str = "red") -> Iterator[Text]:
    """One line per reason, with the indices that share it."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in named:
        by_reason.setdefault(reason, []).append(name)
    for reason, names in list(by_reason.items())[:ROWS]:
        yield Text(f"{listed(names, 5)}: {reason}", style)
    yield from more(len(by_reason) - ROWS, "reasons")


def documents(named: Sequence[tuple[str, Sequence[DocumentDifference], int]]) -> Iterator[Text]:
    """One line per differing document, by index, at most twenty; then the number of the others."""
    known = [(name, each) for name, found, _ in named for each in found]
    for name, each in known[:ROWS]:
        yield Text(f"  {name}: {common.document(each)}", "red")
    unnamed = sum(count for _, _, count in named)
    yield from more(len(known) - ROWS, "documents", "  ")
    if unnamed:
        yield Text(f"  … and {common.number(unnamed)} more documents, as far as they were compared", "red")


def findings(found: Iterable[Finding]) -> Iterator[Text]:
    """One line per template or query that is not as expected, and the number of queries that passed."""
    told = list(found)
    unequal = (finding for finding in told if finding.outcome != "equal")
    lines = (Text(common.finding(each), "bold red" if each.fails else "yellow") for each in unequal)
    yield from first(lines, "templates and queries")
    answered = sum(finding.outcome == "equal" and finding.what == "query" for finding in told)
    if answered:
        yield Text(f"Acceptance queries passed: {answered}", "dim")


def left_out(items: Sequence[LeftOut]) -> Iterator[Text]:
    """At most a dozen names that were left out; those that the user decides on come first."""
    if not items:
        return
    ordered = sorted(items, key=lambda item: item.reason == LeftOutReason.SYSTEM)
    shown = listed((f"{item.name} – {common.left_out(item)}" for item in ordered), 12, "; ")
    yield Text(f"Left out ({len(items)}): {shown}", "dim")


def told(lines: Iterable[str]) -> Iterator[Text]:
    """One line per gate or hook."""
    return (Text(line, "dim") for line in lines)


def settled(lines: Iterable[str]) -> Iterator[Text]:
    """One line for what has become of renamed indices."""
    return first((Text(line) for line in lines), "indices")


def notes(lines: Iterable[str]) -> Iterator[Text]:
    """One line per note."""
    return first((Text(f"Note: {line}", "yellow") for line in lines), "notes")


def repository(side: str, said: str) -> Text:
    """The line of one side's registration."""
    return Text(f"Repository on {side}: {said}", "dim")


def snapshot(said: str) -> Text:
    """The snapshot's line."""
    return Text(f"Snapshot: {said}", "dim")
