"""How much more the disks of a domain take, by the engine's watermarks and the service's reserve. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domains.engine.nodes import Node
from domains.engine.sizes import bytes_of

_DISK = "cluster.routing.allocation.disk"
_UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40}
_RESERVE = 0.2
_RESERVE_AT_MOST = 20 * 2**30
_DEFAULTS = {"low": "85%", "high": "90%"}
Settings = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Room:
    """Bytes that data nodes take.

    Args:
        hard: of each node, until the engine puts no shard there any more.
        soft: of each node, until it gets tight: the low watermark, or the service's reserve.
        words: which limits these are.
    """

    hard: tuple[int, ...]
    soft: tuple[int, ...]
    words: str


def room(nodes: Sequence[Node], settings: Settings, *, managed: bool) -> Room:
    """The room of these data nodes, all of which must tell the sizes of their disks.

    Args:
        settings: the domain's, see `cluster_features.cluster_settings`.
        managed: whether the service keeps a reserve on each disk. The engine is taken not to count it.

    Raises:
        ValueError: a watermark is none that is documented.
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
    """Whether the engine looks at watermarks: unless told to, it does not with a single data node."""
    if settings.get(f"{_DISK}.threshold_enabled") == "false":
        return False
    return nodes > 1 or settings.get(f"{_DISK}.watermark.enable_for_single_data_node") == "true"


def floor(total: int, watermark: str) -> float:
    """Bytes of a disk of this size that must stay free under a watermark such as `85%`, `0.85` or `50gb`.

    Raises:
        ValueError: it is none of these.
    """
    share = re.fullmatch(r"(\d+(?:\.\d+)?)%", watermark)
    if share:
        return total * (1 - float(share[1]) / 100)
    try:
        return total * (1 - float(watermark))
    except ValueError:
        return bytes_of(watermark)


def size(count: float) -> str:
    """Bytes in words."""
    for unit in ("tb", "gb", "mb", "kb"):
        if count >= _UNITS[unit]:
            return f"{count / _UNITS[unit]:,.1f} {unit[0].upper()}iB"
    return f"{count:.0f} B"
