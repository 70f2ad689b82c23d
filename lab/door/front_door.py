"""The service's front door before one domain: refuse what the service refuses, answer what it answers itself,
pass everything else to the engine unchanged, and log every request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from lab.door import (
    access_control,
    admission,
    answers,
    authorization,
    injection,
    remembered,
    repositories,
    translation,
    trouble,
)
from lab.door.answers import Answer
from lab.door.engine_link import NoAddress
from lab.door.exchange import Door, Exchange, Gate
from lab.door.replies import content, own
from lab.door.request_log import Entry, shown
from lab.door.rules import Rule
from lab.door.signature import Received
from lab.manners import (
    allow_list,
    automated,
    concurrency,
    gateway,
    gateway_timeout,
    remote_reindex,
    warm,
)
from lab.plugins import gate as plugins

BEFORE_RULES: tuple[Gate, ...] = (
    gateway.wrong_host,
    gateway.too_large,
    admission.refusal,
    authorization.refusal,
)
AFTER_RULES: tuple[Gate, ...] = (
    allow_list.refusal,
    automated.refusal,
    concurrency.refusal,
    warm.gate,
    remote_reindex.gate,
    plugins.gate,
)
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
     "transfer-encoding", "upgrade")
)  # fmt: skip
NOT_FORWARDED = (
    HOP_BY_HOP
    | {"host", "content-length", "authorization", "x-amz-security-token"}
    | access_control.HAND_OVER
)


class FrontDoor:
    """The ASGI application of one domain."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI); lifespan messages are acknowledged."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            task = asyncio.current_task()
            assert task is not None  # each request is served in a task of its own
            self.door.under_way.add(task)
            try:
                await self._reply(scope, receive, send)
            finally:
                self.door.under_way.discard(task)

    async def _reply(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(await _received(scope, receive), scope["server"][1])
        response = await self._answer(exchange)
        self._log(exchange, response.status_code)
        await response(scope, receive, send)

    async def _answer(self, exchange: Exchange) -> Response:
        request, door = exchange.received, self.door
        refused = await self._turned_away(exchange, BEFORE_RULES)
        if refused is not None:
            return refused
        exchange.rule = rule = door.rules.take((door.side, door.domain), request.method, request.path)
        if rule is not None and rule.delay_s:
            await asyncio.sleep(rule.delay_s)
        if rule is not None and rule.status is not None:
            if rule.when == "after":
                await content(await self._served(exchange))
            return own(_ruled(rule, rule.status))
        fault = door.faults.take((door.side, door.domain), request.method, request.path)
        if fault is not None:
            return await injection.injected(fault, exchange, lambda: self._served(exchange))
        return await self._served(exchange)

    async def _served(self, exchange: Exchange) -> Response:
        try:
            refused = await self._turned_away(exchange, AFTER_RULES)
            limit = self.door.manners.request_timeout_s
            return refused or await gateway_timeout.within(limit, exchange, self._serve(exchange))
        except httpx.HTTPError as error:
            return own(answers.bad_gateway(type(error).__name__))
        except NoAddress:
            return own(answers.malformed())

    async def _turned_away(self, exchange: Exchange, gates: tuple[Gate, ...]) -> Response | None:
        for gate in gates:
            refused = await gate(exchange, self.door)
            if refused is not None:
                return own(refused)
        return None

    async def _serve(self, exchange: Exchange) -> Response:
        request, door = exchange.received, self.door
        asked = repositories.registration(request)
        if asked is not None:
            return await self._register(exchange, asked)
        name = repositories.used_repository(request.path) or ""
        if name in door.registered:
            use = repositories.use(request.method, request.path)
            found = trouble.found(name, door.registered[name], use, door, request)
            if found is not None:
                return own(found)
            remembered.used(door, name, use, request.method)
        response = await self._forward(exchange, exchange.for_engine.body)
        if request.method == "DELETE" and response.status_code == 200:
            remembered.removed(door, request.path)
        return response

    async def _register(self, exchange: Exchange, asked: repositories.Registration) -> Response:
        door = self.door
        refused = repositories.refusal(asked)
        if refused is not None:
            return own(refused)
        body = translation.for_engine(asked, door.folder) or exchange.received.body
        found = trouble.found(asked.name, asked.settings, "verify", door) if asked.is_s3 else None
        url = door.engine.address(exchange.received.path, exchange.received.query)
        if found is not None:
            # The service stores a registration before verifying it: a failed one stays.
            url = url.copy_set_param("verify", "false")
        try:
            response = await _whole(await self._engine(exchange, body, url))
        except httpx.ConnectError:
            raise
        except httpx.HTTPError:
            remembered.unanswered(door, asked)
            raise
        remembered.answered(door, asked, response.status_code, bytes(response.body))
        verified = not repositories.skips_verification(exchange.received.query)
        return own(found) if found is not None and response.status_code == 200 and verified else response

    async def _forward(self, exchange: Exchange, body: bytes) -> Response:
        request = exchange.for_engine
        if translation.shows_registrations(request.method, request.path):
            return await self._show(exchange, body)
        response = await self._engine(exchange, body, self.door.engine.address(request.path, request.query))
        return StreamingResponse(_raw(response), response.status_code, _kept_headers(response))

    async def _show(self, exchange: Exchange, body: bytes) -> Response:
        exchange.instead, shown = translation.whole(exchange.for_engine)
        url = self.door.engine.address(exchange.instead.path, exchange.instead.query)
        response = await self._engine(exchange, body, url)
        shown = shown if response.status_code < 400 else None  # an error is shown as it is
        return await _whole(response, lambda whole: translation.put_right(whole, shown))

    async def _engine(self, exchange: Exchange, body: bytes, url: httpx.URL) -> httpx.Response:
        request = exchange.for_engine
        headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
        if body != exchange.received.body:
            headers.pop("content-encoding", None)  # the body in its place is a plain one
        if self.door.settings.access_control and exchange.caller is not None:
            headers |= access_control.caller_headers(exchange.caller)
        return await self.door.engine.send(request.method, url, headers, body)

    def _log(self, exchange: Exchange, status: int) -> None:
        request = exchange.received
        took = round((time.monotonic() - exchange.started) * 1000, 1)
        rule = exchange.rule.name if exchange.rule else None
        self.door.log.write(
            Entry(exchange.time, self.door.domain, request.method, request.path, request.query, status,
                  exchange.who, took, shown(request.body), rule, exchange.injected)
        )  # fmt: skip


async def _received(scope: Scope, receive: Receive) -> Received:
    request = Request(scope, receive)
    path = scope["raw_path"].decode("latin-1").partition("?")[0]
    query = scope["query_string"].decode("latin-1")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Received(request.method, path, query, headers, await request.body())


def _ruled(rule: Rule, status: int) -> Answer:
    if isinstance(rule.body, str):
        guess = "text/html" if rule.body.lstrip().startswith("<") else "application/json"
        return Answer(status, rule.body.encode(), rule.content_type or guess, rule.headers)
    answer = answers.json_answer(status, rule.body if rule.body is not None else {"message": None})
    return Answer(status, answer.body, rule.content_type or answer.content_type, rule.headers)


def _kept_headers(
    response: httpx.Response, without: set[str] | frozenset[str] = frozenset()
) -> dict[str, str]:
    dropped = HOP_BY_HOP | without
    return {name: value for name, value in response.headers.items() if name.lower() not in dropped}


async def _whole(response: httpx.Response, change: Callable[[bytes], bytes] = bytes) -> Response:
    """Read the engine's reply to its end and change its content."""
    changed = change(await response.aread())
    await response.aclose()
    kept = _kept_headers(response, without={"content-encoding", "content-length"})
    return Response(changed, response.status_code, kept)


async def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
