"""The report's page for few and for many indices: the time to make, show and filter it, and its size."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from reports.page.page import page
from tests.browser.chromium import started
from tests.support.real_runs import with_indices

SIZES = (25, 1_000, 10_000)
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_LOADED = "performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart"
_FILTER = """text => new Promise((done) => {
  const field = document.getElementById('table-indices-filter');
  const began = performance.now();
  field.value = text;
  field.dispatchEvent(new Event('input'));
  document.body.offsetHeight;  // with its layout
  const script = performance.now() - began;
  requestAnimationFrame(() => setTimeout(() => done([script, performance.now() - began]), 0));
})"""
_SORT = """() => {
  const began = performance.now();
  document.getElementById('table-indices-sort-4').click();
  document.body.offsetHeight;
  return performance.now() - began;
}"""
_FIRST = (
    "import time, reports.files; began = time.perf_counter(); from reports.page.page import page; "
    "print(time.perf_counter() - began)"
)


def measured(sizes: tuple[int, ...], runs: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A section for each number of indices."""
    with started() as browser, TemporaryDirectory() as folder:
        for count in sizes:
            yield f"The report's page with {count:,} indices", list(_of(count, browser, Path(folder), runs))


def _of(count: int, browser: Browser, folder: Path, runs: int) -> Iterator[tuple[str, str]]:
    report = with_indices(count, different=min(count, 3))
    file = folder / f"{count}.html"
    yield "importing what no other report needs, once a process", _ms([_imported() for _ in range(runs)])
    yield "making it", _ms([_timed(lambda: file.write_text(page(report), "utf-8")) for _ in range(runs)])
    yield "its size", f"{file.stat().st_size / 1e6:.2f} MB"
    paints: list[float] = []
    loads: list[float] = []
    filters: list[float] = []
    frames: list[float] = []
    sorts: list[float] = []
    for _ in range(runs):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        made = context.new_page()
        made.goto(file.as_uri())
        made.wait_for_function(f"() => {_PAINT.replace('[0].startTime', '.length')}")
        paints.append(made.evaluate(_PAINT))
        loads.append(made.evaluate(_LOADED))
        for text in ("t", "te", "tenant-07", "2026.05", "no such index", ""):
            script, frame = made.evaluate(_FILTER, text)
            filters.append(script)
            frames.append(frame)
        sorts.append(made.evaluate(_SORT))
        context.close()
    yield "first paint", _ms(paints)
    yield "ready to be used", _ms(loads)
    yield "a letter in the filter, until the rows stand there", _ms(filters)
    yield "a letter in the filter, until the next frame", _ms(frames)
    yield "sorting by a column", _ms(sorts)


def _imported() -> float:
    shown = subprocess.run([sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True)
    return float(shown.stdout) * 1000


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _ms(values: list[float]) -> str:
    return f"{median(values):,.0f} ms ({min(values):,.0f}–{max(values):,.0f}, {len(values)} times)"
