"""A live page: it shows what its server sends, and says when the server is gone, or the run has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
from playwright.sync_api import Browser, Page, expect
from support.real_runs import real_report, with_indices

from reports.page.live import LiveFeed
from reports.page.page import page, page_parts
from reports.page.rendering import as_data


class Server:
    """Serves a live page and its feed; an empty message ends the connection, None of the feed is refused."""

    def __init__(self) -> None:
        self.messages: Queue[str] = Queue()
        self.gone = threading.Event()
        handler = type("Handler", (_Handler,), {"server_of": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_port}/token/"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.messages.put("")
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_of: Server

    def do_GET(self) -> None:
        if self.path.endswith("/events"):
            self._feed()
        elif self.path.endswith("/token/"):
            self._answer("text/html; charset=utf-8")
            self.wfile.write(page(with_indices(0), live=LiveFeed("events")).encode())
        else:
            self.send_error(404)

    def _feed(self) -> None:
        if self.server_of.gone.is_set():
            self.send_error(503)
            return
        self._answer("text/event-stream")
        self.wfile.write(b"retry: 100\n\n")
        self.wfile.flush()
        while message := self.server_of.messages.get():
            self.wfile.write(message.encode())
            self.wfile.flush()

    def _answer(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def live(browser: Browser, served: Server) -> Iterator[Page]:
    context = browser.new_context()
    made = context.new_page()
    made.goto(served.address)
    expect(made.locator("#feed")).to_have_text("Live")
    yield made
    context.close()


def test_what_the_server_sends_is_shown(live: Page, served: Server) -> None:
    served.messages.put(f"data: {as_data(page_parts(real_report('cutover')))}\n\n")
    expect(live.locator("h1")).to_have_text("Cutover of orders-to-ireland")
    expect(live.locator("#part-window h2")).to_be_visible()


def test_a_lost_connection_is_said_and_found_again(live: Page, served: Server) -> None:
    served.gone.set()
    served.messages.put("")
    expect(live.locator("#feed")).to_contain_text("Connection lost since")
    served.gone.clear()
    expect(live.locator("#feed")).to_have_text("Live")


def test_the_end_is_said(live: Page, served: Server) -> None:
    served.messages.put("event: end\ndata: {}\n\n")
    expect(live.locator("#feed")).to_have_text("Nothing changes any more")
