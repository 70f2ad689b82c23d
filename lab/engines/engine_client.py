"""Plain requests to an engine, past its front door: to fill, empty and inspect a lab."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx

from lab.description import DomainDescription
from lab.errors import LabError

BULK_BYTES = 3_000_000
WORKERS = 3
BUSY = 429  # no memory or no room in a queue for the moment
PATIENCE_S = 120.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0
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

        What a busy engine turns away is sent again, for up to `PATIENCE_S`.

        Raises:
            LabError: any of them failed.
        """
        sent = 0
        waiting: list[Future[None]] = []
        with ThreadPoolExecutor(WORKERS) as pool:
            for body in _bodies(actions):
                sent += len(body)
                waiting.append(pool.submit(self._send_bulk, body))
                if len(waiting) > WORKERS:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
        return sent

    def _send_bulk(self, body: Sequence[str]) -> None:
        end, pause = time.monotonic() + PATIENCE_S, _FIRST_PAUSE_S
        while True:
            reply = self._http.post(
                "/_bulk", content="".join(body).encode(), headers={"content-type": "application/x-ndjson"},
                params={"filter_path": "errors,items.*.status,items.*.error"},
            )  # fmt: skip
            body = _turned_away(reply, body)
            if not body:
                return
            if time.monotonic() + pause > end:
                raise LabError(
                    f"The engine was too busy for {PATIENCE_S:.0f} s: {reply.text[:800]}",
                    "Give it a larger heap: `snapferry lab up --heap MB`.",
                )
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 2)


def index_path(name: str, rest: str = "") -> str:
    """The path of an index with any name."""
    return f"/{quote(name, safe='')}{rest}"


def _turned_away(reply: httpx.Response, body: Sequence[str]) -> Sequence[str]:
    """The actions of the body that a busy engine has not taken.

    Raises:
        LabError: any of them failed for another reason.
    """
    if reply.status_code == BUSY:
        return body
    if reply.status_code == 200:
        answer = reply.json()
        if not answer.get("errors"):
            return ()
        results = [next(iter(item.values())) for item in answer["items"]]
        failed = [result for result in results if result["status"] >= 400 and result["status"] != BUSY]
        if failed:
            raise LabError(f"The engine did not take all documents: {str(failed[:3])[:800]}", _CHECK_REQUEST)
        return [action for action, result in zip(body, results, strict=True) if result["status"] == BUSY]
    raise LabError(f"The engine did not take the documents: {reply.text[:800]}", _CHECK_REQUEST)


def _bodies(actions: Iterable[Action]) -> Iterator[list[str]]:
    """Actions as text with their documents, about `BULK_BYTES` together."""
    texts: list[str] = []
    size = 0
    for action, source in actions:
        text = json.dumps(action, ensure_ascii=False) + "\n"
        if source is not None:
            text += json.dumps(source, ensure_ascii=False) + "\n"
        texts.append(text)
        size += len(text)
        if size >= BULK_BYTES:
            yield texts
            texts, size = [], 0
    if texts:
        yield texts
