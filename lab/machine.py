"""Check memory and disk before a lab starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from lab.errors import LabError
from lab.settings import LabSettings

NEEDED_DISK_MB = 1024
BESIDES_HEAP_MB = 350  # an engine's memory beyond its heap


def require_room(home: Path, settings: LabSettings) -> None:
    """Raise LabError unless there are enough memory and disk for the lab; `home` must exist."""
    count = sum(domain.nodes for domain in settings.domains)
    needed = count * (settings.heap_mb + BESIDES_HEAP_MB)
    free = available_memory_mb()
    if free < needed:
        raise LabError(
            f"Not enough memory for {count} engine nodes: about {needed} MB needed, {free} MB available.",
            "Close other programs, or give the machine or container more memory.",
        )
    room = shutil.disk_usage(home).free >> 20
    if room < NEEDED_DISK_MB:
        raise LabError(
            f"Not enough disk space in {home}: {NEEDED_DISK_MB} MB needed, {room} MB free.",
            "Free some space, or choose another home for the lab.",
        )


def available_memory_mb() -> int:
    """Memory (MB) available to new processes, within a container's limit."""
    free = psutil.virtual_memory().available
    limit, used = (_number(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        free = min(free, limit - used + (_inactive_cache() or 0))
    return free >> 20


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None


def _inactive_cache() -> int | None:
    try:
        lines = Path("/sys/fs/cgroup/memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), None)
    except (OSError, ValueError):
        return None
