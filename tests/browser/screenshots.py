"""`python -m tests.browser.screenshots`: pictures of the report's page, of each kind of run at three widths.

They go to docs/images, and show the tops of the pages of the runs in tests/fixtures/runs. Look at them before
you commit them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from reports.page.fleet import fleet_page
from reports.page.page import page
from tests.browser.chromium import started
from tests.support.real_runs import KINDS, real_fleet, real_report

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
HEIGHTS = {380: 1500, 800: 1400, 1400: 1400}
"""Width of the screen, and how much of the page is shown."""


def main() -> None:
    """Take every picture anew."""
    IMAGES.mkdir(exist_ok=True)
    with started() as browser, TemporaryDirectory() as folder:
        for kind in KINDS:
            file = Path(folder) / f"{kind}.html"
            file.write_text(page(real_report(kind)), encoding="utf-8")
            for width in HEIGHTS:
                take(browser, file, width, IMAGES / f"report-{kind}-{width}.png")
        file = Path(folder) / "fleet.html"
        file.write_text(fleet_page(real_fleet()), encoding="utf-8")
        for width in HEIGHTS:
            take(browser, file, width, IMAGES / f"report-fleet-{width}.png")
        take(browser, Path(folder) / "cutover.html", 1400, IMAGES / "report-dark.png", scheme="dark")


def take(browser: Browser, page_file: Path, width: int, image: Path, *, scheme: str = "light") -> None:
    """Take one picture of a page's top."""
    height = HEIGHTS[width]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    made = context.new_page()
    made.goto(page_file.as_uri())
    made.screenshot(path=str(image))
    context.close()
    print(f"{image.relative_to(ROOT)}: {image.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
