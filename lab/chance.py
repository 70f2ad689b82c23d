"""Seeded chance: what is drawn depends on seed, name and number alone, whatever else happens meanwhile."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def drawn(seed: int, name: str, number: int, rate: float, choices: Sequence[T]) -> T | None:
    """One of the choices for the `number`-th draw of this name, with a probability of `rate`; else None."""
    chance = random.Random(f"{seed}/{name}/{number}")
    return chance.choice(choices) if choices and chance.random() < rate else None
