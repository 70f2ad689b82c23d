"""The link from a front door to its engine: its address, the lab's own login, and the requests.

They go through aiohttp, which takes a fifth of the time that httpx takes for its own connections.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import httpx
import yarl

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=3600.0)
LONGEST_FIELD = 1 << 20
"""Bytes of one header: an engine lists all its warnings there."""
CLIENTS_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class NoAddress(ValueError):
    """The request has no valid address on an engine."""


class EngineLink:
    """Requests to one engine. `operator` are the headers by which an engine with access control admits the
    lab itself; other engines need none."""

    def __init__(self, url: str, operator: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.operator = dict(operator or {})
        self._session: aiohttp.ClientSession | None = None

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
        """Send a request unchanged and once, and return the reply with its body still unread.

        Raises:
            httpx.HTTPError: the engine cannot be reached (`httpx.ConnectError`), or did not answer.
        """
        sent = dict(headers)
        if body or method in ("PUT", "POST"):
            sent["content-length"] = str(len(body))
        there = yarl.URL(self.url + url.raw_path.decode("ascii"), encoded=True)
        reply = await self._opened().request(
            method, there, headers=sent, data=body or None, allow_redirects=False
        )
        return httpx.Response(reply.status, headers=reply.raw_headers, stream=_Body(reply))

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

    async def close(self) -> None:
        """Close the connections; the next request opens new ones, and may be of another event loop."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=20),
                cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,), timeout=TIMEOUT,
                auto_decompress=False, skip_auto_headers=CLIENTS_OWN,
                max_line_size=LONGEST_FIELD, max_field_size=LONGEST_FIELD,
            )  # fmt: skip
        return self._session


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Tells errors as httpx does. So aiohttp sends nothing again when a connection breaks: it may be done."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise httpx.ConnectError(str(error)) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise httpx.ReadError(str(error)) from error


class _Body(httpx.AsyncByteStream):
    """The body of a reply, as it arrives."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._reply.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise httpx.ReadError(str(error)) from error

    async def aclose(self) -> None:
        self._reply.close()  # of one that was read to its end, the connection is already back in the pool
