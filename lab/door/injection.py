"""Inject a fault of the plan into one request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from lab.door import answers
from lab.door.answers import Answer
from lab.door.connections import Dripping, Severed, Truncated
from lab.door.exchange import Exchange
from lab.door.faults import Fault
from lab.door.replies import content, own
from lab.door.signature import SKEW, STAMP
from lab.manners import answers as manners_answers

Serve = Callable[[], Awaitable[Response]]
EXPIRED = "The security token included in the request is expired"
BY_STATUS: dict[int | None, Callable[[], Answer]] = {
    403: manners_answers.throttled_forbidden,
    429: manners_answers.throttled,
    502: manners_answers.bad_gateway_page,
    503: manners_answers.unavailable_page,
    504: manners_answers.gateway_timeout,
}


async def injected(fault: Fault, exchange: Exchange, serve: Serve) -> Response:
    """Reply to a request hit by this fault, and note it in the exchange; `serve` lets the domain answer."""
    place = len(exchange.injected)
    exchange.injected.append(fault.words)
    await asyncio.sleep(fault.delay_s)
    if fault.kind == "delay":
        return await serve()
    if fault.kind == "drip":
        reply = await serve()
        headers = dict(reply.headers)
        return Dripping(await content(reply), reply.status_code, headers, pause_s=fault.delay_s)
    if fault.kind == "truncate":
        reply = await serve()
        exchange.injected[place] += f", of {reply.status_code}"
        return await _truncated(fault, exchange, reply)
    if fault.when == "after":
        reply = await serve()
        await content(reply)
        exchange.injected[place] += f", in place of {reply.status_code}"
    if fault.kind in ("drop", "reset"):
        return Severed(reset=fault.kind == "reset")
    answer = own(_answer(fault, exchange))
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


async def _truncated(fault: Fault, exchange: Exchange, reply: Response) -> Response:
    whole = await content(reply)
    if exchange.received.method == "HEAD" or not whole:
        return Severed(reset=False)
    return Truncated(whole, reply.status_code, dict(reply.headers), chunked=fault.chunked)


def _answer(fault: Fault, exchange: Exchange) -> Answer:
    """The service's words; `manners_answers` documents how certain each is."""
    if fault.kind == "expired":
        return answers.signature_refused(EXPIRED)
    if fault.kind == "skewed":
        return answers.signature_refused(_skewed(exchange.received.headers.get("x-amz-date", "")))
    return BY_STATUS[fault.status]()


def _skewed(stamp: str) -> str:
    """The answer of a domain whose clock is a minute beyond the allowed difference."""
    try:
        signed = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        signed = datetime.now(UTC)
    now = signed + SKEW + timedelta(minutes=1)
    limit = (now - SKEW).strftime(STAMP)
    shown = signed.strftime(STAMP)
    return f"Signature expired: {shown} is now earlier than {limit} ({now.strftime(STAMP)} - 5 min.)"
