"""The first checks of every request: is it for this domain, and not too large."""

from __future__ import annotations

from lab.door.answers import Answer
from lab.door.exchange import Door, Exchange
from lab.manners import answers as manners_answers

LOOPBACK = ("127.0.0.1", "localhost")


async def wrong_host(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a Host header that is neither the domain's host name nor the front door's own address.

    The domain's name is accepted with any port, because a tunnel to the domain has its own.
    """
    host = exchange.received.headers.get("host", "").lower()
    name, _, _ = host.partition(":")
    own = host in tuple(f"{each}:{exchange.port}" for each in LOOPBACK)
    return None if own or name == door.host.lower() else manners_answers.invalid_host()


async def too_large(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a body that is too large for the domain's instances."""
    limit = door.manners.body_limit_bytes
    return manners_answers.body_too_large(limit) if len(exchange.received.body) > limit else None
