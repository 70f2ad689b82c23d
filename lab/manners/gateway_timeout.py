"""The gateway's timeout: it answers 504, while the engine keeps working on the request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
from starlette.responses import Response

from lab.door.exchange import Exchange
from lab.door.replies import content, own
from lab.manners import answers as manners_answers

_going_on: set[asyncio.Task[None]] = set()


async def within(
    seconds: float | None, exchange: Exchange, serving: Coroutine[Any, Any, Response]
) -> Response:
    """Return the reply of `serving`, or the gateway's own after these seconds (None: no limit).

    The engine's request is not cancelled: it takes effect, and its reply is lost.

    Raises:
        httpx.HTTPError: the engine cannot be reached.
    """
    if seconds is None:
        return await serving
    task = asyncio.ensure_future(serving)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        return task.result()
    exchange.injected.append(f"504 after {seconds:g} s")
    leftover = asyncio.ensure_future(_finished(task))
    _going_on.add(leftover)
    leftover.add_done_callback(_going_on.discard)
    return own(manners_answers.gateway_timeout())


async def _finished(task: asyncio.Future[Response]) -> None:
    """Read an abandoned reply to its end, to free its connection."""
    try:
        await content(await task)
    except httpx.HTTPError:
        return
