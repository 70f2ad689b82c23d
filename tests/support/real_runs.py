"""Reports of real runs in the lab, one of each kind; and of runs with any number of indices."""

from __future__ import annotations

from pathlib import Path

from reports.build.report import report_of
from reports.model.fleet import FleetReport
from reports.model.report import IndexReport, Report
from runs.journal import Journal

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "runs"
KINDS = ("rehearsal", "migration", "seed", "cutover", "fallback")


def real_report(kind: str) -> Report:
    """The report of the run of this kind that tests/fixtures/runs holds."""
    return report_of(Journal.load(FOLDER / f"{kind}.json").document)


def real_fleet() -> FleetReport:
    """The report of a fleet of eight plans that lost a machine, as `make soak JOB=fleet` has left it."""
    return FleetReport.model_validate_json((FOLDER / "fleet.json").read_text(encoding="utf-8"))


def with_indices(count: int, *, different: int = 0) -> Report:
    """A migration's report with so many indices.

    Args:
        different: how many of them differ.
    """
    indices = [_an_index(number, equal=number >= different) for number in range(count)]
    report = real_report("migration")
    totals = report.totals.model_copy(
        update={
            "indices": count,
            "restored": count,
            "equal": count - different,
            "different": different,
            "documents": sum(index.target_count or 0 for index in indices),
            "bytes": sum(index.bytes or 0 for index in indices),
        }
    )
    outcome = "different" if different else "done"
    return report.model_copy(
        update={"indices": indices, "totals": totals, "outcome": type(report.outcome)(outcome)}
    )


def _an_index(number: int, *, equal: bool) -> IndexReport:
    name = f"logs-tenant-{number % 97:02d}-2026.{number % 12 + 1:02d}.{number:06d}"
    count = 1 + number * 7919 % 1_000_003
    return IndexReport(
        source=name,
        target=name,
        stream=None,
        action="rename" if number % 10 == 3 else "restore",
        verdict="equal" if equal else "different",
        source_count=count,
        target_count=count if equal else count - 1,
        shards=1 + number % 3,
        bytes=number * 104_729 % 5_000_000_007,
        restored=True,
        detail="" if equal else f"{count} documents on the source, {count - 1} on the target",
    )
