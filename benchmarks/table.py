"""Measurements as rows of a table, in text and in Markdown."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Row:
    """One thing that was timed, in seconds, and the rival to divide by (None: it is the rival itself)."""

    what: str
    times: tuple[float, ...]
    rival: Row | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.times)

    def cells(self) -> tuple[str, ...]:
        """The row in words."""
        spread = f"{min(self.times):.2f}–{max(self.times):.2f}"
        ratio = f"{self.median / self.rival.median:.2f}" if self.rival else "1"
        against = self.rival.what if self.rival else ""
        return self.what, f"{self.median:.2f}", spread, str(len(self.times)), ratio, against, self.note


HEADER = ("what", "median s", "range s", "runs", "ratio", "against", "note")


def markdown(title: str, rows: Sequence[Row]) -> str:
    """A section with one table."""
    lines = [f"### {title}", "", "| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def text(title: str, rows: Sequence[Row]) -> str:
    """The same for a terminal."""
    table = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in table
    ]
    return "\n".join([title, *(line.rstrip() for line in lines)]) + "\n"


def machine() -> str:
    """The machine's size, and nothing else about it."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory"


def append(path: Path, sections: Sequence[str]) -> None:
    """Append the sections of one run to the file."""
    heading = f"## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}"
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join([heading, "", *sections]).rstrip() + "\n")
