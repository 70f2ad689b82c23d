"""Find the Chromium that tests open pages in; `python -m tests.browser.chromium` installs Debian's if it may.

Playwright brings no browser along here: the machine's own is used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

VARIABLE = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "the tests of pages need Chromium, and there is none: install it (Debian: apt-get install chromium), "
    f"or say in the environment variable {VARIABLE} where it is"
)
OPTIONS = ("--no-sandbox", "--disable-gpu", "--font-render-hinting=none")
"""Without a sandbox, as in a container there is none; only the tests' own pages are opened."""
_INSTALL = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium")


def find() -> str | None:
    """Path of a Chromium; None if there is none."""
    named = os.environ.get(VARIABLE)
    found = (shutil.which(name) for name in ((named,) if named else NAMES))
    return next((path for path in found if path), None)


def install() -> bool:
    """Install Debian's package as root, or by a sudo that asks for no password; returns whether it worked."""
    if not shutil.which("apt-get") or os.environ.get(VARIABLE):
        return False
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if before and not shutil.which("sudo"):
        return False
    print("Installing Chromium, for the tests of pages ...", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "--quiet"),
        _INSTALL,
    ):  # the first may fail where the lists are there
        subprocess.run([*before, *command], env=environment, check=False, **quiet)
    return find() is not None


if __name__ == "__main__":
    if find() is None and not install():
        print(f"Note: {MISSING}.", file=sys.stderr)
