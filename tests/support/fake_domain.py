"""A fake domain: a small real HTTP server with scripted replies, for what no real engine does on demand.

Real engines answer in tests/lab. This one is for lost replies, 502 pages, truncated answers and other
rarities: each test scripts the replies, and reads the list of received requests.
"""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class ReceivedRequest:
    """One received request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, decoded, without its query."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """`GET /path`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """One scripted reply.

    Args:
        body: text unchanged; anything else as JSON.
        then: `reset` and `close` end the connection without a reply.
        after_s: seconds before the reply.
        drips: which part is sent one byte at a time, a byte in 50 ms: `head` (all of it) or `body`.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    then: str = ""
    after_s: float = 0.0
    drips: str = ""
    type: str = "application/json; charset=UTF-8"


DRIP_S = 0.05
Answer = Reply | Callable[[ReceivedRequest], Reply]


def ok(body: Any, **more: Any) -> Reply:
    """200 with JSON."""
    return Reply(200, body, **more)


def engine_error(status: int, kind: str, reason: str, *causes: tuple[str, str], **more: Any) -> Reply:
    """The engine's envelope, with causes nested outermost first."""
    below: dict[str, Any] | None = None
    for cause, why in reversed(causes):
        below = {"type": cause, "reason": why, **({"caused_by": below} if below else {})}
    error: dict[str, Any] = {
        "root_cause": [{"type": kind, "reason": reason}],
        "type": kind,
        "reason": reason,
    }
    if below:
        error["caused_by"] = below
    return Reply(status, {"error": error, "status": status}, **more)


def html(status: int) -> Reply:
    """The error page of a load balancer."""
    title = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}[status]
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
    return Reply(status, page, type="text/html")


RESET = Reply(then="reset")
CLOSE = Reply(then="close")


class FakeDomain:
    """The server: `on` scripts it, `requests` lists the received requests.

    Args:
        certificate: PEM file of certificate and key, for HTTPS.
    """

    def __init__(self, certificate: str | None = None) -> None:
        self.requests: list[ReceivedRequest] = []
        self.server_names: list[str | None] = []
        self._script: list[tuple[re.Pattern[str], list[Answer]]] = []
        self._before: list[tuple[re.Pattern[str], Callable[[], object]]] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return self._server.server_address[1]

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """The received requests as `METHOD /path`."""
        return [asked.line for asked in self.requests]

    @property
    def changing(self) -> list[str]:
        """The received requests that can change something."""
        reading = ("/_search", "/_msearch", "/_count", "/_mget")
        return [
            asked.line
            for asked in self.requests
            if asked.method not in {"GET", "HEAD"} and not asked.path.endswith(reading)
        ]

    def on(self, line: str, *answers: Answer) -> FakeDomain:
        """Answer requests whose `METHOD /path` matches the pattern, in order; the last answer repeats.

        `line` is a regular expression for the whole line; later scripts take precedence.
        """
        self._script.insert(0, (re.compile(line), list(answers)))
        return self

    def before(self, line: str, act: Callable[[], object]) -> FakeDomain:
        """Call this before each request that matches is answered: something happens between two reads."""
        self._before.append((re.compile(line), act))
        return self

    def asked(self, line: str) -> list[ReceivedRequest]:
        """The received requests that match the pattern."""
        return [asked for asked in self.requests if re.fullmatch(line, asked.line)]

    def answer(self, asked: ReceivedRequest) -> Reply:
        """Record a request and return its reply."""
        for pattern, act in self._before:
            if pattern.fullmatch(asked.line):
                act()
        with self._lock:
            self.requests.append(asked)
            for pattern, answers in self._script:
                if pattern.fullmatch(asked.line):
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                    break
            else:
                return Reply(418, {"error": {"type": "not_scripted", "reason": asked.line}})
        return answer if isinstance(answer, Reply) else answer(asked)

    def reset(self) -> None:
        """Forget scripts and requests."""
        with self._lock:
            self.requests.clear()
            self._before.clear()
            self.server_names.clear()
            self._script.clear()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def fake_domain(certificate: str | None = None) -> Iterator[FakeDomain]:
    """Run a fake domain for the block."""
    server = FakeDomain(certificate)
    try:
        yield server
    finally:
        server.close()


class _Dripping(io.BufferedIOBase):
    """Writes one byte at a time, so that no single wait is long."""

    def __init__(self, below: Any) -> None:
        self._below = below

    def write(self, data: Any) -> int:
        for byte in bytes(data):
            self._below.write(bytes([byte]))
            self._below.flush()
            time.sleep(DRIP_S)
        return len(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that end early, which tests cause on purpose."""


def _handler(fake: FakeDomain) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = fake.answer(ReceivedRequest(self.command, self.path, headers, self.rfile.read(length)))
            time.sleep(reply.after_s)
            if reply.then:
                self._end(reply.then)
                return
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            content = b"" if reply.body is None else text.encode()
            if reply.drips == "head":
                self.wfile = _Dripping(self.wfile)
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if reply.drips == "body":
                self.wfile = _Dripping(self.wfile)
            if self.command != "HEAD":
                self.wfile.write(content)

        def _end(self, how: str) -> None:
            if how == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        do_GET = do_PATCH = do_HEAD = do_POST = do_PUT = do_DELETE = _any

        def log_message(self, *_: Any) -> None:
            """Silent."""

    return Handler
