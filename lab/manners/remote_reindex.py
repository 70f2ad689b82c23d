"""Reindexing from a remote domain: the service signs what its nodes send to the source for the caller.

Documented (grade A): the host needs its port; a source in another Region needs `region`; one that is no
domain of the service needs `external`, and then only basic authentication works; the caller must be allowed
to read the source. The engine's own module does the work. It can sign nothing, so the front door sends it
past the source's front door, once the caller was found to be allowed there. What the service answers where
something is missing is a guess (grade K).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lab.door import access_control, bodies
from lab.door.answers import Answer, engine_error
from lab.door.authorization import request_refused
from lab.door.exchange import Door, Exchange

PATH = "/_reindex"
OF_THE_SERVICE = ("region", "external")
READS = (("GET", "/"), ("POST", "/{index}/_search"), ("POST", "/_search/scroll"))


async def gate(exchange: Exchange, door: Door) -> Answer | None:
    """Refuse a source that the service would not reach for this caller; else have the engine reach it."""
    request = exchange.received
    if request.method != "POST" or request.path != PATH:
        return None
    try:
        document = bodies.document(request.content)
    except bodies.Unreadable:
        return None  # the engine's own error says more
    remote = _remote(document)
    if remote is None:
        return None
    refused = _refused(remote)
    if refused is not None:
        return refused
    source = door.neighbours.get(_address(str(remote["host"])))
    if source is not None and not remote.get("external"):
        refused = _refused_by_source(exchange, source, door, remote, document)
        if refused is not None:
            return refused
        remote |= _past_the_door(exchange, source)
    for key in OF_THE_SERVICE:
        remote.pop(key, None)
    exchange.instead = replace(exchange.for_engine, body=json.dumps(document).encode())
    return None


def _remote(document: Any) -> dict[str, Any] | None:
    source = document.get("source") if isinstance(document, dict) else None
    remote = source.get("remote") if isinstance(source, dict) else None
    return remote if isinstance(remote, dict) and "host" in remote else None


def _refused(remote: dict[str, Any]) -> Answer | None:
    if urlsplit(str(remote["host"])).port is None:
        return _invalid("[host] must be of the form [scheme]://[host]:[port]")
    if remote.get("external") and not remote.get("username"):
        return _invalid("external remote hosts need basic authentication")
    return None


def _refused_by_source(
    exchange: Exchange, source: Door, door: Door, remote: dict[str, Any], document: Any
) -> Answer | None:
    if remote.get("region", door.region) != source.region:
        return _invalid(f"Credential should be scoped to a valid Region, not '{door.region}'.")
    if exchange.caller is None:
        return None
    index = str(document["source"].get("index", ""))
    for method, path in READS:
        refused = request_refused(exchange.caller, method, path.format(index=index), source)
        if refused is not None:
            return refused
    return None


def _past_the_door(exchange: Exchange, source: Door) -> dict[str, Any]:
    """What leads the engine to the source's engine, as the same caller where that has access control."""
    secured = source.settings.access_control and exchange.caller is not None
    headers = access_control.caller_headers(exchange.caller) if secured and exchange.caller else {}
    return {"host": source.engine.url, "headers": headers}


def _address(host: str) -> str:
    parts = urlsplit(host)
    return f"{parts.hostname}:{parts.port}"


def _invalid(reason: str) -> Answer:
    return engine_error(400, "illegal_argument_exception", reason)
