"""The results of the preflight checks, for people and for machines."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from configs.checks import IDS
from reports.words.common import check_counts
from tasks.records.checks import CheckRecord

_STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red", "SKIP": "dim"}
_ITEMS = 10


def checks_document(records: Sequence[CheckRecord]) -> dict[str, Any]:
    """Every result, with the count of each status."""
    return {
        "passed": not any(record.status == "FAIL" for record in records),
        "counts": {status: _count(records, status) for status in _STYLES},
        "checks": [record.model_dump(mode="json") for record in records],
    }


def checks_view(records: Sequence[CheckRecord]) -> RenderableType:
    """One line per check, by groups; under a warning or failure, what to do."""
    return Group(*_lines(sorted(records, key=lambda record: IDS.index(record.id))))


def _lines(records: Sequence[CheckRecord]) -> Iterator[RenderableType]:
    for group, members in groupby(records, key=lambda record: record.group):
        yield Text(group, "bold")
        for record in members:
            yield from _check(record)
    yield Text(summary(records), "bold red" if _count(records, "FAIL") else "bold green")


def _check(record: CheckRecord) -> Iterator[Text]:
    side = f" ({record.side})" if record.side else ""
    yield Text.assemble(
        (f"  {record.status:<4} ", _STYLES[record.status]),
        (f"{record.id}{side}", "" if record.status != "SKIP" else "dim"),
        (f": {record.detail}", "dim" if record.status in {"OK", "SKIP"} else ""),
    )
    if record.status not in {"WARN", "FAIL"}:
        return
    if len(record.items) > 1:
        yield from (Text(f"         - {item}") for item in record.items[:_ITEMS])
        if len(record.items) > _ITEMS:
            yield Text(f"         … and {len(record.items) - _ITEMS} more, all with --json")
    if record.waived:
        yield Text(f"         waived by the plan: {record.waived}", "yellow")
    if record.hint:
        yield Text(f"         next: {record.hint}")


def summary(records: Iterable[CheckRecord]) -> str:
    """The counts in one line."""
    return check_counts(record.status for record in records)


def _count(records: Iterable[CheckRecord], status: str) -> int:
    return sum(record.status == status for record in records)
