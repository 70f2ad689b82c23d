"""Admission: check the signature, and refuse requests without one."""

from __future__ import annotations

from lab.door import answers, repositories
from lab.door.answers import Answer
from lab.door.exchange import Door, Exchange
from lab.door.signature import Refused, verify


async def refusal(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a caller without a valid signature; else set `exchange.caller` and return None."""
    request = exchange.received
    try:
        caller = verify(request, door.region, door.directory)
    except Refused as refused:
        return answers.signature_refused(refused.message)
    if caller is None:
        asked = repositories.registration(request)
        role = asked.role_arn if asked else None
        return answers.anonymous(request.method, role)
    exchange.caller = caller
    return None
