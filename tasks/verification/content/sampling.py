"""Sample the operations of a shard for level content: all, or ranges chosen by a seed. Pure."""

import math
import random
from dataclasses import dataclass

_AT_LEAST = 100  # sequence numbers of each shard, however small the share is
_RANGES = 20  # of each shard, at most: each takes its own requests


@dataclass(frozen=True)
class Range:
    """Sequence numbers, both ends included; `last` is None for no end."""

    first: int
    last: int | None


def ranges(share: float, seed: int, index: str, shard: int, last: int) -> tuple[Range, ...]:
    """Choose the ranges to read, disjoint and sorted; the same for the same seed.

    Args:
        share: of the shard's sequence numbers; 1.0 for all.
        index: the index's name on the source.
        last: the highest sequence number of a live document on either side; -1 for none.
    """
    numbers = last + 1
    wanted = max(math.ceil(numbers * share), _AT_LEAST)
    if share >= 1 or wanted >= numbers:
        return (Range(0, None),)
    width = max(_AT_LEAST // 2, math.ceil(wanted / _RANGES))
    places = math.ceil(numbers / width)
    chosen = random.Random(f"{seed}/{shard}/{index}").sample(range(places), math.ceil(wanted / width))
    return tuple(Range(place * width, (place + 1) * width - 1) for place in sorted(chosen))
