"""Find the Chromium that tests open pages in; `python -m tests.browser.chromium` installs Debian's if it may.

Playwright brings no browser along here: the machine's own is used.
"""

from __future__ import annotations

import os
import shutil
import sys

from tests.support import debian

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


def install() -> bool:
    """Install a package of Debian, if this process may; returns whether that worked."""
    if os.environ.get(VARIABLE):
        return False
    return any(debian.install(package) and find() is not None for package in PACKAGES)


if __name__ == "__main__":
    if find() is None and not install():
        print(f"Note: {MISSING}.", file=sys.stderr)
