"""The service's front door before one domain: checks the signature, answers what the service answers itself,
passes everything else to the engine unchanged, and writes it all down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from lab import answers, repositories
from lab.answers import Answer
from lab.aws import Directory
from lab.request_log import Entry, RequestLog, shown
from lab.rules import Rule, Rules
from lab.signature import Received, Refused, verify

ANONYMOUS = "anonymous"
TIMEOUT = httpx.Timeout(3600.0, connect=10.0)
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
     "transfer-encoding", "upgrade")
)  # fmt: skip
NOT_FORWARDED = HOP_BY_HOP | {"host", "content-length", "authorization", "x-amz-security-token"}


@dataclass(frozen=True)
class Door:
    """What a front door stands before, and what it asks. `misplaced` holds the repositories whose bucket the
    domain cannot reach, each with the bucket's Region."""

    side: str
    domain: str
    region: str
    engine_url: str
    directory: Directory
    rules: Rules
    log: RequestLog
    misplaced: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)


@dataclass
class _Exchange:
    """One request on its way through."""

    received: Received
    raw: httpx.URL
    started: float
    time: str
    caller: str = ANONYMOUS
    rule: Rule | None = None


class FrontDoor:
    """The ASGI application of one domain."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI); lifespan messages are acknowledged."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            exchange = await self._exchange(scope, request)
            response = await self._answer(exchange)
            self._log(exchange, response.status_code)
            await response(scope, receive, send)

    async def _exchange(self, scope: Scope, request: Request) -> _Exchange:
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        query = scope["query_string"].decode("latin-1")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        received = Received(request.method, path, query, headers, await request.body())
        raw = httpx.URL(self.door.engine_url).copy_with(
            raw_path=f"{path}?{query}".rstrip("?").encode("latin-1")
        )
        return _Exchange(
            received, raw, time.monotonic(), datetime.now(UTC).isoformat(timespec="milliseconds")
        )

    async def _answer(self, exchange: _Exchange) -> Response:
        request, door = exchange.received, self.door
        refused = self._admit(exchange)
        if refused is not None:
            return _own(refused)
        exchange.rule = rule = door.rules.take((door.side, door.domain), request.method, request.path)
        if rule is not None and rule.delay_s:
            await asyncio.sleep(rule.delay_s)
        if rule is not None and rule.status is not None and rule.when == "before":
            return _own(_ruled(rule, rule.status))
        try:
            response = await self._serve(exchange)
        except httpx.HTTPError as error:
            return _own(answers.bad_gateway(type(error).__name__))
        if rule is not None and rule.status is not None:
            await _exhaust(response)
            return _own(_ruled(rule, rule.status))
        return response

    def _admit(self, exchange: _Exchange) -> Answer | None:
        """The refusal of a caller who may not come in, or None."""
        request, door = exchange.received, self.door
        try:
            caller = verify(request, door.region, door.directory)
        except Refused as refused:
            return answers.signature_refused(refused.message)
        if caller is None:
            asked = repositories.registration(request.method, request.path, request.body)
            role = asked.role_arn if asked else None
            return answers.anonymous(request.method, request.path, door.domain, door.region, role)
        exchange.caller = caller.arn
        return None

    async def _serve(self, exchange: _Exchange) -> Response:
        request = exchange.received
        asked = repositories.registration(request.method, request.path, request.body)
        if asked is not None:
            return await self._register(exchange, asked)
        self._forget_removed(request)
        name = repositories.used_repository(request.path) or ""
        broken = self.door.misplaced.get(name)
        if broken is not None:
            return _own(answers.wrong_region(name, *broken))
        return await self._forward(exchange, request.body)

    async def _register(self, exchange: _Exchange, asked: repositories.Registration) -> Response:
        refused = repositories.refusal(asked)
        if refused is not None:
            return _own(refused)
        body = repositories.for_engine(asked) or exchange.received.body
        real = repositories.unreachable_region(asked, self.door.region, self.door.directory)
        if real is None:
            self.door.misplaced.pop(asked.name, None)
            return await self._forward(exchange, body)
        # The service writes the registration down before it verifies it: a failed one stays.
        response = await self._engine(exchange, body, exchange.raw.copy_set_param("verify", "false"))
        await response.aread()
        await response.aclose()
        if response.status_code != 200:
            return _own(Answer(response.status_code, response.content))
        self.door.misplaced[asked.name] = (asked.settings, real)
        if repositories.skips_verification(exchange.received.query):
            return _own(Answer(200, response.content))
        return _own(answers.wrong_region(asked.name, asked.settings, real))

    def _forget_removed(self, request: Received) -> None:
        if request.method == "DELETE" and (found := repositories.REGISTRATION.match(request.path)):
            self.door.misplaced.pop(unquote(found.group(1)), None)

    async def _forward(self, exchange: _Exchange, body: bytes) -> Response:
        response = await self._engine(exchange, body, exchange.raw)
        if repositories.needs_putting_right(exchange.received.method, exchange.received.path):
            content = repositories.put_right(await response.aread())
            await response.aclose()
            kept = _kept_headers(response, without={"content-encoding", "content-length"})
            return Response(content, response.status_code, kept)
        return StreamingResponse(_raw(response), response.status_code, _kept_headers(response))

    async def _engine(self, exchange: _Exchange, body: bytes, url: httpx.URL) -> httpx.Response:
        request = exchange.received
        headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
        if body or request.method in ("PUT", "POST"):
            headers["content-length"] = str(len(body))
        built = httpx.Request(request.method, url, headers=headers, content=body or None)
        built.extensions["timeout"] = TIMEOUT.as_dict()
        return await self._http().send(built, stream=True)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=20)
            self._client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT, trust_env=False)
        return self._client

    def _log(self, exchange: _Exchange, status: int) -> None:
        request = exchange.received
        took = round((time.monotonic() - exchange.started) * 1000, 1)
        rule = exchange.rule.name if exchange.rule else None
        self.door.log.write(
            Entry(exchange.time, self.door.domain, request.method, request.path, request.query, status,
                  exchange.caller, took, shown(request.body), rule)
        )  # fmt: skip


def _own(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {"content-type": answer.content_type})


def _ruled(rule: Rule, status: int) -> Answer:
    if isinstance(rule.body, str):
        guess = "text/html" if rule.body.lstrip().startswith("<") else "application/json"
        return Answer(status, rule.body.encode(), rule.content_type or guess)
    answer = answers.json_answer(status, rule.body if rule.body is not None else {"message": None})
    return Answer(status, answer.body, rule.content_type or answer.content_type)


def _kept_headers(
    response: httpx.Response, without: set[str] | frozenset[str] = frozenset()
) -> dict[str, str]:
    dropped = HOP_BY_HOP | without
    return {name: value for name, value in response.headers.items() if name.lower() not in dropped}


async def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    finally:
        await response.aclose()


async def _exhaust(response: Response) -> None:
    if isinstance(response, StreamingResponse):
        async for _ in response.body_iterator:
            pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
