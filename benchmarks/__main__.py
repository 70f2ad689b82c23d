"""Runs the benchmarks, prints their tables, and writes them down in docs/benchmarks.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import moving, startup, table

_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often each thing is timed (default: 3)")
    parser.add_argument("--documents", type=int, nargs="*", default=[120_000], help="sizes of the lab's data")
    parser.add_argument("--no-lab", action="store_true", help="only what needs no lab")
    parser.add_argument("--dry", action="store_true", help="print, write nothing down")
    chosen = parser.parse_args()
    sections = [("Start-up", startup.measured(max(chosen.runs, 5)))]
    sections += moving.measured(() if chosen.no_lab else chosen.documents, chosen.runs)
    for title, rows in sections:
        print(table.text(title, rows))
    if not chosen.dry:
        table.append(_DOCUMENT, [table.markdown(title, rows) for title, rows in sections])
        print(f"Written to {_DOCUMENT.name}.")


if __name__ == "__main__":
    main()
