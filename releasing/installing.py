"""A wheel of the project, and clean environments with it: no checkout near, no variable set, another home."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("configs", "domains", "runs", "tasks", "reports", "flows", "lab", "snapferry", "deployments")
_COMPILED = shutil.ignore_patterns("__pycache__")
UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True)
class CleanEnvironment:
    """An environment with the wheel.

    Args:
        folder: the environment.
        place: an empty folder, where commands are run; the home is beside it.
    """

    folder: Path
    place: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def home(self) -> Path:
        """The home of whoever uses it."""
        return self.place.parent / "home"

    @property
    def packages(self) -> Path:
        """The folder with the packages that are installed in it."""
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def run(self, program: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment as somebody who has nothing else."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.defpath}"
        return subprocess.run(
            [str(self.folder / "bin" / program), *map(str, arguments)],
            cwd=self.place,
            env={"PATH": path, "HOME": str(self.home), **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )


def built_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of its sources, where no other build is in the way, without a network.

    Args:
        folder: for the copy and, in `dist` below it, the wheel.
    """
    sources = folder / "sources"
    for room in ROOMS:
        shutil.copytree(ROOT / room, sources / room, symlinks=True, ignore=_COMPILED)
    shutil.copytree(ROOT / "docs" / "man", sources / "docs" / "man")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    out = folder / "dist"
    _uv(
        "build",
        "--wheel",
        "--no-build-isolation",
        "--offline",
        "--python",
        sys.executable,
        "-o",
        out,
        sources,
    )
    (wheel,) = out.glob("*.whl")
    return wheel


def installed(wheel: Path, folder: Path, extra: str = "") -> CleanEnvironment:
    """Install the wheel with what the lock names, by its hashes.

    Everything is in uv's cache since the project's own environment was made; only where that was removed,
    the index is asked.

    Args:
        extra: an optional extra; none if empty.
    """
    environment = CleanEnvironment(folder / "environment", folder / "empty")
    environment.place.mkdir(parents=True)
    environment.home.mkdir()
    _uv("venv", "--offline", "--python", sys.executable, environment.folder)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wanted = f"snapferry{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}#sha256={digest}"
    lock = ROOT / "requirements.txt"
    install = ("pip", "install", "--python", environment.python, "--require-hashes", "-c", lock, wanted)
    try:
        _uv(*install, "--offline")
    except subprocess.CalledProcessError:
        _uv(*install)
    return environment


def _uv(*arguments: object) -> None:
    subprocess.run([UV, "--quiet", *map(str, arguments)], check=True, capture_output=True, cwd=ROOT.parent)
