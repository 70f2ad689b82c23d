"""What a switch changes outside the front door, done when it is turned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx

from lab.door.exchange import Door
from lab.manners import automated, processing, standby, warm
from lab.manners.switches import Manners, NotTaken

Effect = Callable[[Door, Manners], Awaitable[None]]
EFFECTS: tuple[Effect, ...] = (warm.turn, standby.turn, automated.turn, processing.turn)


async def take_effect(door: Door, wanted: Manners) -> None:
    """Turn the switches of the domain to what is wanted.

    Raises:
        NotTaken: the engine does not go along; the switches stay as they were.
        httpx.HTTPError: the engine cannot be reached.
    """
    for effect in EFFECTS:
        await effect(door, wanted)
    door.manners.become(wanted)


async def reset(door: Door) -> None:
    """Turn every switch back to its default. An engine that does not go along is left as it is: whoever
    resets the lab empties it."""
    for effect in EFFECTS:
        with suppress(NotTaken, httpx.HTTPError):
            await effect(door, Manners())
    door.manners.become(Manners())
    for running in door.background.values():
        running.cancel()
    door.background.clear()
