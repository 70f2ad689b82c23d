"""The way from a front door to its engine: where it is, how the lab itself is let in, and the requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(3600.0, connect=10.0)


class NoAddress(ValueError):
    """What was asked for cannot be asked of an engine."""


class EngineLink:
    """Requests to one engine. `operator` are the headers by which an engine with access control lets the lab
    itself in; an open one needs none."""

    def __init__(self, url: str, operator: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.operator = dict(operator or {})
        self._client: httpx.AsyncClient | None = None

    def address(self, path: str, query: str = "") -> httpx.URL:
        """The engine's address of a raw (percent-encoded) path and query.

        Raises:
            NoAddress: it is too long, or has characters that no request has.
        """
        raw = f"{path}?{query}" if query else path
        try:
            return httpx.URL(self.url).copy_with(raw_path=raw.encode("latin-1"))
        except (UnicodeError, httpx.InvalidURL) as error:
            raise NoAddress(str(error)) from error

    async def send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """Send a request as it is and return the reply, its body still unread.

        Raises:
            httpx.HTTPError: the engine cannot be reached.
        """
        sent = dict(headers)
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        built = httpx.Request(method, url, headers=sent, content=body or None)
        built.extensions["timeout"] = TIMEOUT.as_dict()
        return await self._http().send(built, stream=True)

    async def ask(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, Any]:
        """Ask as the lab itself: the status, and the parsed reply (None where it is no JSON).

        Raises:
            httpx.HTTPError: the engine cannot be reached.
        """
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **self.operator}
        response = await self.send(method, self.address(path, query), headers, content)
        text = await response.aread()
        await response.aclose()
        try:
            return response.status_code, json.loads(text)
        except ValueError:
            return response.status_code, None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=20)
            self._client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT, trust_env=False)
        return self._client
