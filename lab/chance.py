"""Seeded chance: a draw depends on seed, name and number alone, not on the order of draws."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def drawn(seed: int, name: str, number: int, rate: float, choices: Sequence[T]) -> T | None:
    """Draw one of the choices with probability `rate`, else None, as the `number`-th draw of this name."""
    chance = random.Random(f"{seed}/{name}/{number}")
    return chance.choice(choices) if choices and chance.random() < rate else None
