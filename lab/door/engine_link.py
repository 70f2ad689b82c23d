"""The link from a front door to its engine: its address, the lab's own login, and the requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(3600.0, connect=10.0)


class NoAddress(ValueError):
    """The request has no valid address on an engine."""


class EngineLink:
    """Requests to one engine. `operator` are the headers by which an engine with access control admits the
    lab itself; other engines need none."""

    def __init__(self, url: str, operator: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.operator = dict(operator or {})
        self._client: httpx.AsyncClient | None = None

    def address(self, path: str, query: str = "") -> httpx.URL:
        """The engine's URL for a raw (percent-encoded) path and query.

        Raises:
            NoAddress: it is too long or contains invalid characters.
        """
        raw = f"{path}?{query}" if query else path
        try:
            return httpx.URL(self.url).copy_with(raw_path=raw.encode("latin-1"))
        except (UnicodeError, httpx.InvalidURL) as error:
            raise NoAddress(str(error)) from error

    async def send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """Send a request unchanged and return the reply with its body still unread.

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
        """Send the lab's own request; return the status and the parsed reply (None if it is not JSON).

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
