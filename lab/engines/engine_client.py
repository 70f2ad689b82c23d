"""Plain requests to an engine, past its front door: to fill, empty and inspect a lab."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx

from lab.description import DomainDescription
from lab.errors import LabError

BULK_BYTES = 3_000_000
WORKERS = 3
UNKNOWN = (400, 404, 405)  # how engines answer an API that they do not have
Action = tuple[dict[str, Any], dict[str, Any] | None]
_CHECK_ENGINE = "See the engine's log in the lab's home; restart the lab if the engine is gone."
_CHECK_REQUEST = "The engine's answer above says why; `snapferry lab down` and `up` give a fresh lab."


class EngineClient:
    """Requests to one engine; thread-safe. Use it as a context manager."""

    def __init__(self, domain: DomainDescription) -> None:
        limits = httpx.Limits(max_connections=16, max_keepalive_connections=16)
        self._http = httpx.Client(
            base_url=domain.engine_url, headers=domain.operator, timeout=120, limits=limits, trust_env=False,
            verify=False,  # no TLS on this machine, and reading the authorities takes 30 ms
        )  # fmt: skip

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, body: Any = None, ok: tuple[int, ...] = (), **query: str | int
    ) -> Any:
        """Send a request and return its parsed reply; a status in `ok` is not a failure.

        Raises:
            LabError: the engine refused it, or does not answer.
        """
        try:
            reply = self._http.request(method, path, json=body, params=query or None)
        except httpx.HTTPError as error:
            raise LabError(
                f"The engine does not answer ({method} {path}): {error!r}.", _CHECK_ENGINE
            ) from error
        if reply.status_code >= 400 and reply.status_code not in ok:
            said = f"The engine refused {method} {path}: {reply.status_code} {reply.text[:500]}"
            raise LabError(said, _CHECK_REQUEST)
        return reply.json() if reply.content else {}

    def bulk(self, actions: Iterable[Action]) -> int:
        """Send the actions in large bodies, a few at a time, in any order; return their number.

        Raises:
            LabError: any of them failed.
        """
        sent = 0
        waiting: list[Future[None]] = []
        with ThreadPoolExecutor(WORKERS) as pool:
            for count, body in _bodies(actions):
                sent += count
                waiting.append(pool.submit(self._send_bulk, body))
                if len(waiting) > WORKERS:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
        return sent

    def _send_bulk(self, body: bytes) -> None:
        reply = self._http.post(
            "/_bulk", content=body, headers={"content-type": "application/x-ndjson"},
            params={"filter_path": "errors,items.*.error"},
        )  # fmt: skip
        if reply.status_code != 200 or reply.json().get("errors"):
            raise LabError(f"The engine did not take all documents: {reply.text[:800]}", _CHECK_REQUEST)


def index_path(name: str, rest: str = "") -> str:
    """The path of an index with any name."""
    return f"/{quote(name, safe='')}{rest}"


def _bodies(actions: Iterable[Action]) -> Iterator[tuple[int, bytes]]:
    lines: list[str] = []
    count = size = 0
    for action, source in actions:
        text = json.dumps(action, ensure_ascii=False) + "\n"
        if source is not None:
            text += json.dumps(source, ensure_ascii=False) + "\n"
        lines.append(text)
        count += 1
        size += len(text)
        if size >= BULK_BYTES:
            yield count, "".join(lines).encode()
            lines, count, size = [], 0, 0
    if lines:
        yield count, "".join(lines).encode()
