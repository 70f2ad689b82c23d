"""Paths of the lab: the shared engine cache and a lab's own home."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CACHE_VARIABLE = "SNAPFERRY_CACHE"
SHARED = "shared"  # in a lab's home: where its engines' file repositories are
S3_FAULTS = "s3-faults.jsonl"  # in a lab's home: what S3 did wrong on purpose


def cache_folder() -> Path:
    """The folder of downloaded engines, shared by all labs of this user. Not created here."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override).expanduser().absolute() / "engines"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "snapferry" / "engines"


def default_home() -> Path:
    """The default home of a lab of `snapferry lab up`. Not created here."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "snapferry" / "lab"


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold an exclusive lock on the file for the block; wait for other holders. The file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_atomic(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace the file's content atomically; only its owner can read it unless `mode` allows more."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8"
    ) as handle:
        handle.write(text)
    part.replace(path)
