"""Effects of a switch outside the front door, applied when it is turned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx

from lab.door.exchange import Door
from lab.manners import automated, native_paths, pause, processing, standby, warm
from lab.manners.switches import Manners, NotTaken


@dataclass(frozen=True)
class Effect:
    """The effect of these switches; `turn` does nothing if they already have the wanted values."""

    turn: Callable[[Door, Manners], Awaitable[None]]
    switches: tuple[str, ...]

    async def take(self, door: Door, wanted: Manners) -> None:
        """Turn the switches to the wanted values, and let the door show them.

        Raises:
            NotTaken: the engine rejects the change.
            httpx.HTTPError: the engine cannot be reached.
        """
        await self.turn(door, wanted)
        for name in self.switches:
            setattr(door.manners, name, getattr(wanted, name))


EFFECTS = (
    Effect(warm.turn, ("warm_indices",)),
    Effect(standby.turn, ("standby",)),
    Effect(automated.turn, ("automated_snapshots", "automated_interval_s")),
    Effect(processing.turn, processing.SWITCHES),
    Effect(native_paths.turn, native_paths.SWITCHES),
    Effect(pause.turn, ("pause_refused",)),
)


async def take_effect(door: Door, wanted: Manners) -> None:
    """Turn the domain's switches to the wanted values, all or none.

    Raises:
        NotTaken: the engine rejects a change. Changes already made are reverted; a switch that cannot be
            reverted keeps its new value, and is shown so.
        httpx.HTTPError: the engine cannot be reached; otherwise as before.
    """
    before = door.manners.model_copy()
    try:
        for effect in EFFECTS:
            await effect.take(door, wanted)
    except (NotTaken, httpx.HTTPError):
        await _turn_back(door, before)
        raise
    door.manners.become(wanted)


async def reset(door: Door) -> None:
    """Turn every switch back to its default. An engine that rejects this stays as it is: resetting the lab
    empties it anyway."""
    await _turn_back(door, Manners())
    door.manners.become(Manners())
    pause.forget(door)
    native_paths.forget(door)
    for running in door.background.values():
        running.cancel()
    door.background.clear()


async def _turn_back(door: Door, before: Manners) -> None:
    for effect in reversed(EFFECTS):
        with suppress(NotTaken, httpx.HTTPError):
            await effect.take(door, before)
