"""Compute free room on a domain's disks from the engine's watermarks and the service's reserve. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domains.engine.nodes import Node, bytes_of

_DISK = "cluster.routing.allocation.disk"
_UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_RESERVE = 0.2
_RESERVE_AT_MOST = 20 * 2**30
_DEFAULTS = {"low": "85%", "high": "90%"}
Settings = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Room:
    """Bytes that data nodes can still take.

    Args:
        hard: for each node, until the engine stops placing shards there.
        soft: for each node, until space gets tight: the low watermark, or the service's reserve.
        words: description of these limits.
    """

    hard: tuple[int, ...]
    soft: tuple[int, ...]
    words: str


def room(nodes: Sequence[Node], settings: Settings, *, managed: bool) -> Room:
    """Compute the room on these data nodes, all of which must report their disk sizes.

    Args:
        settings: the domain's, see `cluster_features.cluster_settings`.
        managed: whether the service reserves part of each disk. The engine is assumed not to count it.

    Raises:
        ValueError: a watermark has no documented form.
    """
    low, high = (_watermark(settings, name) for name in ("low", "high"))
    counts = _counts(settings, len(nodes))
    hard: list[int] = []
    soft: list[int] = []
    for node in nodes:
        total, free = node.total_bytes or 0, node.available_bytes or 0
        kept = min(total * _RESERVE, _RESERVE_AT_MOST) if managed else 0
        hard.append(max(0, int(free - (floor(total, high) if counts else 0))))
        soft.append(max(0, int(free - max(kept, floor(total, low) if counts else 0))))
    marks = f"watermarks {low} and {high}" if counts else "no watermark counts"
    words = f"{marks}, a reserve of 20 % (at most 20 GiB) a node" if managed else marks
    return Room(tuple(hard), tuple(soft), words)


def _watermark(settings: Settings, name: str) -> str:
    return str(settings.get(f"{_DISK}.watermark.{name}") or _DEFAULTS[name])


def _counts(settings: Settings, nodes: int) -> bool:
    """Whether the engine applies watermarks: by default it does not with a single data node."""
    if settings.get(f"{_DISK}.threshold_enabled") == "false":
        return False
    return nodes > 1 or settings.get(f"{_DISK}.watermark.enable_for_single_data_node") == "true"


def floor(total: int, watermark: str) -> float:
    """Return the bytes that must stay free on a disk under a watermark such as `85%`, `0.85` or `50gb`.

    Raises:
        ValueError: the watermark has none of these forms.
    """
    share = re.fullmatch(r"(\d+(?:\.\d+)?)%", watermark)
    if share:
        return total * (1 - float(share[1]) / 100)
    try:
        return total * (1 - float(watermark))
    except ValueError:
        return bytes_of(watermark)


def size(count: float) -> str:
    """Format a number of bytes."""
    for unit in ("tb", "gb", "mb", "kb"):
        if count >= _UNITS[unit]:
            return f"{count / _UNITS[unit]:,.1f} {unit[0].upper()}iB"
    return f"{count:.0f} B"
