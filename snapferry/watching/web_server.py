"""Serve the live page of a plan's runs to this machine: read-only, behind a token in its address."""

import secrets
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from reports.page.rendering import as_data, policy_of
from snapferry.output.console import say
from snapferry.watching.addresses import address_in, cannot_listen, require_loopback
from snapferry.watching.page_feed import FEED, PageFeed, Parts

if TYPE_CHECKING:
    from flows.previews.watched import WatchedPlan

OPTION = "--address"
_VIEWERS = 32
_REQUEST_S = 10.0
_BEAT_S = 10.0
_FAREWELL_S = 1.0
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{policy_of(FEED)}; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@contextmanager
def page_served(address: str, plan: "WatchedPlan") -> Generator[str]:
    """Inside the block, serve the page.

    Args:
        address: `HOST:PORT`, of this machine only.
        plan: whose latest run is shown.

    Yields:
        the page's address, with its token.

    Raises:
        typer.BadParameter: the address cannot be used, or others could reach it.
    """
    host, port = address_in(address, OPTION)
    require_loopback(host, OPTION)
    feed = PageFeed(plan)
    try:
        server = _Server(host, port, feed)
    except OSError as error:
        raise cannot_listen(host, port, error, OPTION) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="live page", daemon=True)
    with feed.looking():
        thread.start()
        say(f"The page is at {server.address} until Ctrl-C. Whoever has this address can read it.")
        yield server.address
    server.let_viewers_go()
    server.shutdown()
    thread.join()
    server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, feed: PageFeed) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        shown = f"[{host}]" if ":" in host else host
        self.feed = feed
        self.token = secrets.token_urlsafe(24)
        self.hosts = {f"{name}:{self.server_port}" for name in {shown, "localhost"}}
        self.address = f"http://{shown}:{self.server_port}/{self.token}/"
        self.viewers = threading.BoundedSemaphore(_VIEWERS)

    def let_viewers_go(self) -> None:
        """Wait a moment until every viewer has been told that it is over."""
        until = time.monotonic() + _FAREWELL_S
        for _ in range(_VIEWERS):
            self.viewers.acquire(timeout=max(0.0, until - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a viewer has gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    server_version, sys_version = "snapferry", ""
    timeout = _REQUEST_S

    def do_GET(self) -> None:
        """Answer with the page, or with its feed."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without a body."""
        self._answer(with_body=False)

    def refuse_method(self) -> None:
        """Refuse what is no reading."""
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = refuse_method

    def _answer(self, *, with_body: bool) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:  # another name was made to lead here
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        _, token, what = (*self.path.split("?")[0].split("/", 2), "", "")[:3]
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN)
        elif what == "":
            body = self.server.feed.page().encode() if with_body else b""
            self._begin("text/html; charset=utf-8")
            self.wfile.write(body)
        elif what == FEED.path:
            self._feed(with_body=with_body)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _feed(self, *, with_body: bool) -> None:
        if not self.server.viewers.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._begin("text/event-stream")
            if with_body:
                self._send_changes()
        finally:
            self.server.viewers.release()

    def _send_changes(self) -> None:
        known: Parts = {}
        while (changed := self.server.feed.changes(known, _BEAT_S)) is not None:
            known |= changed
            said = f"data: {as_data(changed)}\n\n" if changed else ": still there\n\n"
            self.wfile.write(said.encode())
            self.wfile.flush()
        self.wfile.write(b"event: end\ndata: {}\n\n")

    def _begin(self, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_error(status, explain=status.description)

    def end_headers(self) -> None:
        """Add what every answer carries."""
        for name, value in (*_HEADERS.items(), ("Allow", "GET, HEAD")):
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address holds the token."""
