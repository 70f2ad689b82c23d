"""Results of the preflight checks, for people and for machines."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from configs.checks import IDS
from reports.views import layout
from reports.views.fitting import page
from reports.words import common
from tasks.records.checks import CheckRecord

_STYLES = {"FAIL": "bold red", "WARN": "yellow", "SKIP": "dim", "OK": "green"}
_ATTENTION = ("FAIL", "WARN")


def checks_document(records: Sequence[CheckRecord], chosen: Collection[str] = IDS) -> dict[str, Any]:
    """Every result, with the count of each status.

    Args:
        chosen: the ids of the checks that were to be run.
    """
    return {
        "passed": not any(record.status == "FAIL" for record in records),
        "counts": {status: _count(records, status) for status in ("OK", "WARN", "FAIL", "SKIP")},
        "checks": [record.model_dump(mode="json") for record in records],
        "not_run": [id for id in IDS if id not in chosen],
    }


def checks_view(
    records: Sequence[CheckRecord], chosen: Collection[str] = IDS, *, every: bool = False
) -> RenderableType:
    """Failures and warnings first, with what to do about each; then what was skipped, and the counts.

    Args:
        chosen: the ids of the checks that were to be run.
        every: whether to list the checks that passed, too.
    """
    ordered = sorted(records, key=lambda record: IDS.index(record.id))
    return page(_lines(ordered, len(IDS) - len(chosen), every))


def _lines(records: Sequence[CheckRecord], not_run: int, every: bool) -> Iterator[Text]:
    for status in _STYLES if every else _ATTENTION:
        yield from (line for record in records if record.status == status for line in _check(record))
    if not every:
        yield from _skipped(records)
    yield Text(summary(records), "bold red" if _count(records, "FAIL") else "bold green")
    if not every and _count(records, "OK"):
        yield Text("--all lists the checks that passed, too", "dim")
    if not_run:
        others = common.counted(not_run, "other check", "other checks")
        yield Text(f"Not run, because of --only: {others}", "yellow")


def _skipped(records: Sequence[CheckRecord]) -> Iterator[Text]:
    """One line per reason, with the checks that share it."""
    by_reason: dict[str, dict[str, None]] = {}
    for record in records:
        if record.status == "SKIP":
            by_reason.setdefault(record.detail, {})[record.id] = None
    return (Text(f"SKIP {', '.join(ids)}: {reason}", "dim") for reason, ids in by_reason.items())


def _check(record: CheckRecord) -> Iterator[Text]:
    side = f" ({record.side})" if record.side else ""
    yield Text.assemble(
        (f"{record.status:<4} ", _STYLES[record.status]),
        (f"{record.id}{side}", "" if record.status != "SKIP" else "dim"),
        (f": {record.detail}", "dim" if record.status in {"OK", "SKIP"} else ""),
    )
    if record.status not in {"WARN", "FAIL"}:
        return
    if len(record.items) > 1:
        yield from (Text(f"       - {item}") for item in record.items[: layout.ROWS])
        yield from layout.more(len(record.items) - layout.ROWS, indent="       ")
    if record.waived:
        yield Text(f"       waived by the plan: {record.waived}", "yellow")
    if record.hint:
        yield Text(f"       next: {record.hint}")


def summary(records: Iterable[CheckRecord]) -> str:
    """The counts in one line."""
    return common.check_counts(record.status for record in records)


def _count(records: Iterable[CheckRecord], status: str) -> int:
    return sum(record.status == status for record in records)
