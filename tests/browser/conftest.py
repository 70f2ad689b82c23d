"""One Chromium for all tests of pages; each test has a context of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import started
from playwright.sync_api import Browser, Page
from support.real_runs import KINDS, real_fleet, real_report, with_indices

from reports.page.fleet import fleet_page
from reports.page.page import page

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of each kind of run, and of runs with 0, 1, 1,000 and 10,000 indices."""
    folder = tmp_path_factory.mktemp("pages")
    for kind in KINDS:
        (folder / f"{kind}.html").write_text(page(real_report(kind)), encoding="utf-8")
    (folder / "fleet.html").write_text(fleet_page(real_fleet()), encoding="utf-8")
    for count, different in ((0, 0), (1, 0), (1000, 3), (10_000, 3)):
        made = page(with_indices(count, different=different))
        (folder / f"{count}.html").write_text(made, encoding="utf-8")
    return folder


@pytest.fixture
def open_page(browser: Browser, pages: Path) -> Iterator[Open]:
    """Opens a page, by name or by path. The test fails if the page complains, or loads anything."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def opened(name: str | Path, width: int = 1400, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        made = context.new_page()
        path = name if isinstance(name, Path) else pages / f"{name}.html"
        made.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        made.on(
            "request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None
        )
        made.goto(path.as_uri())
        return made

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
