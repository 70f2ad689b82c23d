"""Run the benchmarks, print their tables, and append them to docs/benchmarks.md.

`python -m benchmarks estimates` compares projected with actual durations instead: docs/estimates.md. `window`
measures the window of a cutover, one-shot and seeded; `tail`, by the tail against restores; `many`, rounds
and verification of a thousand indices; `limit`, the whole command against the bare REST calls of its job;
`page`, the report's page with up to 10,000 indices in Chromium.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import estimates, limit, many, moving, startup, table, tail, window

_DOCUMENTS = Path(__file__).resolve().parents[1] / "docs"
_DOCUMENT = _DOCUMENTS / "benchmarks.md"
_ESTIMATES = _DOCUMENTS / "estimates.md"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=["ratios", "estimates", "window", "tail", "many", "limit", "page"],
        default="ratios",
    )
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try it; ignored by ratios")
    parser.add_argument("--runs", type=int, help="how often each thing is timed (default: 3; limit: 5)")
    parser.add_argument("--documents", type=int, nargs="*", default=[120_000], help="sizes of the lab's data")
    parser.add_argument("--no-lab", action="store_true", help="only what needs no lab")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    options = parser.parse_args()
    options.runs = options.runs or (5 if options.what == "limit" else 3)
    if options.what == "estimates":
        _estimates(estimates.TINY if options.tiny else estimates.SIZES, write=not options.dry)
        return
    if options.what == "many":
        _figures(many.measured(*((30, 5) if options.tiny else (1000, 50))), write=not options.dry)
        return
    if options.what == "page":
        from benchmarks import page  # Chromium is asked for by this part alone

        _figures(page.measured((25,) if options.tiny else page.SIZES, options.runs), write=not options.dry)
        return
    if options.what == "limit":
        rows = limit.measured(8_000 if options.tiny else 1_000_000, options.runs)
        _ratios(list(rows), write=not options.dry)
        return
    if options.what == "tail":
        sizes = (8_000, 24_000) if options.tiny else (1_000_000, 3_000_000)
        _ratios(tail.measured(*sizes, options.runs), write=not options.dry)
        return
    if options.what == "window":
        rows = window.measured(4_000 if options.tiny else 1_000_000, options.runs)
        _ratios(list(rows), write=not options.dry)
        return
    sections = [("Start-up", startup.measured(max(options.runs, 5)))]
    sections += moving.measured(() if options.no_lab else options.documents, options.runs)
    _ratios(sections, write=not options.dry)


def _ratios(sections: Iterable[tuple[str, list[table.Row]]], *, write: bool) -> None:
    kept: list[str] = []
    for title, rows in sections:
        print(table.text(title, rows), flush=True)
        kept.append(table.markdown(title, rows))
    _written(kept, write=write)


def _figures(measured: Iterable[tuple[str, Iterable[tuple[str, str]]]], *, write: bool) -> None:
    sections: list[str] = []
    for title, rows in measured:
        kept: list[tuple[str, str]] = []
        for what, result in rows:
            kept.append((what, result))
            print(f"{title}: {what}: {result}", flush=True)
        sections.append(many.markdown(title, kept))
    _written(sections, write=write)


def _written(sections: Sequence[str], *, write: bool) -> None:
    if write:
        table.append(_DOCUMENT, sections)
        print(f"Written to {_DOCUMENT.name}.")


def _estimates(sizes: Sequence[estimates.Size], *, write: bool) -> None:
    results: list[estimates.Result] = []
    for result in estimates.measured(sizes):
        results.append(result)
        print(" | ".join(result.cells()), flush=True)
    print(estimates.markdown(results))
    if write:
        text = _ESTIMATES.read_text(encoding="utf-8")
        _ESTIMATES.write_text(estimates.written(text, results), encoding="utf-8")
        print(f"Written to {_ESTIMATES.name}.")
    if not estimates.good_enough(results):
        raise SystemExit("fewer than eight of ten ranges held the actual duration, or one is too wide")


if __name__ == "__main__":
    main()
