"""Install Debian's packages that tests need and no package registry of Python has, where this process may."""

from __future__ import annotations

import os
import shutil
import subprocess


def install(package: str) -> bool:
    """Install a package as root, or by a sudo that asks for no password; returns whether it was tried.

    Whoever calls this looks afterwards whether it is there.
    """
    if not shutil.which("apt-get"):
        return False
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if before and not shutil.which("sudo"):
        return False
    print(f"Installing {package}, for the tests ...", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wanted = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", package)
    for command in (("apt-get", "update", "--quiet"), wanted):  # the lists may be there already
        subprocess.run([*before, *command], env=environment, check=False, **quiet)
    return True
