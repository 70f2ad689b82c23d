"""Find the Chromium that tests open pages in; `python -m tests.browser.chromium` installs Debian's if it may.

Playwright brings no browser along here: the machine's own is used.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support import debian

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VARIABLE = "CHROMIUM"
PACKAGES = ("chromium-headless-shell", "chromium")
"""Of Debian. The first draws no windows, and so takes a third of the time; older releases lack it."""
NAMES = (*PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "the tests of pages need Chromium, and there is none: install it (Debian: apt-get install chromium), "
    f"or say in the environment variable {VARIABLE} where it is"
)
OPTIONS = ("--no-sandbox", "--disable-gpu", "--font-render-hinting=none")
"""Without a sandbox, as in a container there is none; only the tests' own pages are opened."""


def find() -> str | None:
    """Path of a Chromium; None if there is none."""
    named = os.environ.get(VARIABLE)
    found = (shutil.which(name) for name in ((named,) if named else NAMES))
    return next((path for path in found if path), None)


@contextmanager
def started() -> Generator[Browser]:
    """Chromium without a window, for the block.

    Raises:
        SystemExit: there is none; says what to do.
    """
    from playwright.sync_api import sync_playwright

    path = find()
    if path is None:
        sys.exit(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


def install() -> bool:
    """Install a package of Debian, if this process may; returns whether that worked."""
    if os.environ.get(VARIABLE):
        return False
    return any(debian.install(package) and find() is not None for package in PACKAGES)


if __name__ == "__main__":
    if find() is None and not install():
        print(f"Note: {MISSING}.", file=sys.stderr)
