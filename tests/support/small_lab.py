"""A front door and the lab's own API without an engine: authorization is real, the engine is scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests_aws4auth import AWS4Auth

from lab.account.directory import Bucket, Caller, Role
from lab.account.policies import Policy, parse
from lab.door.admin import admin_app
from lab.door.engine_link import EngineLink
from lab.door.exchange import Door
from lab.door.front_door import FrontDoor
from lab.door.request_log import RequestLog
from lab.door.rules import Rules
from lab.settings import DomainSettings

HOST = "search-orders-source-abc.us-east-1.es.amazonaws.com"
OWN = "http://127.0.0.1:9234"
Answering = Callable[["EngineRequest"], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class EngineRequest:
    """A request that reached the engine."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


EVERYTHING = parse('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')


class OneCaller:
    """An account with one user, who may do everything, and no bucket."""

    def caller(self, access_key_id: str) -> Caller | None:
        return Caller("arn:aws:iam::123456789012:user/x", "secret") if access_key_id == "KEY" else None

    def bucket_region(self, bucket: str) -> str | None:
        return None

    def policies(self, identity: str) -> tuple[Policy, ...]:
        return (EVERYTHING,)

    def role(self, arn: str) -> Role | None:
        return None

    def access_policy(self, domain: DomainSettings) -> Policy:
        return Policy(())

    def bucket(self, name: str) -> Bucket | None:
        return None

    def key_policies(self, arn: str) -> tuple[Policy, ...]:
        return ()

    def is_archived(self, bucket: str, base_path: str) -> bool:
        return False


class ScriptedLink(EngineLink):
    """A link to a scripted engine; it answers other requests with {}."""

    def __init__(self) -> None:
        super().__init__("http://engine")
        self.seen: list[EngineRequest] = []
        self.answers: dict[str, Answering] = {}

    def on(self, asked: str, status: int, body: Any) -> None:
        """Script the answer to `METHOD /path` (without the query)."""

        async def answer(_: EngineRequest) -> httpx.Response:
            return httpx.Response(status, json=body)

        self.answers[asked] = answer

    async def send(self, method: str, url: httpx.URL, headers: Any, body: bytes) -> httpx.Response:
        request = EngineRequest(method, url.raw_path.decode(), body, dict(headers))
        self.seen.append(request)
        answer = self.answers.get(f"{method} {urlsplit(request.target).path}")
        reply = await answer(request) if answer else httpx.Response(200, json={})
        return httpx.Response(reply.status_code, headers=reply.headers, stream=reply.stream)


@dataclass
class SmallLab:
    """One domain's front door, and the lab's own API."""

    folder: Path
    engine: ScriptedLink = field(default_factory=ScriptedLink)
    account: OneCaller = field(default_factory=OneCaller)
    shared: str | None = None

    def __post_init__(self) -> None:
        self.log = self.folder / "requests.jsonl"
        domain = DomainSettings("orders-source", "us-east-1")
        self.door = Door(
            side="source", settings=domain, host=HOST, engine=self.engine, directory=self.account,
            rules=Rules(), log=RequestLog(self.log), folder=self.shared,
        )  # fmt: skip
        self._admin = admin_app(self.door.rules, [self.door])

    async def send(
        self, method: str, path: str, body: Any = None, host: str | None = None, data: bytes | None = None,
        **more: str,
    ) -> httpx.Response:  # fmt: skip
        """Send a signed request; `more` are headers, with `_` for a dash."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        headers |= {"Host": host} if host else {}
        signed = requests.Request(method, OWN + path, json=body, data=data, headers=headers)
        prepared = signed.prepare()
        prepared = AWS4Auth("KEY", "secret", "us-east-1", "es")(prepared)
        transport = httpx.ASGITransport(FrontDoor(self.door))
        async with httpx.AsyncClient(transport=transport) as client:
            reply = await client.request(
                method, OWN + path, content=prepared.body, headers=dict(prepared.headers)
            )
        await self.engine.close()
        return reply

    def call(self, method: str, path: str, body: Any = None, **how: Any) -> httpx.Response:
        """Send a signed request and wait for the reply."""
        return asyncio.run(self.send(method, path, body, **how))

    def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request to the lab's own API."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._admin)
            async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
                reply = await client.request(method, path, json=body)
            await self.engine.close()
            return reply

        return asyncio.run(ask())

    def turn(self, **switches: Any) -> None:
        """Turn switches; the lab must accept them."""
        reply = self.admin("PUT", "/manners/source", switches)
        assert reply.status_code == 200, reply.text

    @property
    def reached(self) -> list[str]:
        """The requests that reached the engine: `METHOD /path?query`."""
        return [f"{each.method} {each.target}" for each in self.engine.seen]

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the request log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]
