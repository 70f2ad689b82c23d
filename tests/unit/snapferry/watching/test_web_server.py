"""`watch --web`: the same page, live, to whoever has the address, on this machine only."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.watched import a_plan_file, at_work, restoring, runs_of
from typer.testing import CliRunner

from flows.previews.watched import WatchedPlan
from runs.run_status import RunStatus
from snapferry.main import app
from snapferry.watching import web_server
from snapferry.watching.web_server import page_served

pytestmark = pytest.mark.slow


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return a_plan_file(tmp_path)


@pytest.fixture
def address(plan: Path) -> Iterator[str]:
    with page_served("127.0.0.1:0", WatchedPlan(runs_of(plan))) as served:
        yield served


def answer(
    address: str, method: str = "GET", path: str | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request(method, parts.path if path is None else path, headers=headers)
    reply = connection.getresponse()
    return reply, reply.read().decode()


class Feed:
    """The events of a page, as its browser gets them."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=15)
        connection.request("GET", f"{parts.path}events")
        self._reply = connection.getresponse()
        assert self._reply.getheader("Content-Type") == "text/event-stream"
        self.parts: dict[str, str] = {}

    def has(self, part: str, *texts: str) -> bool:
        """Read until the part holds these texts; whether the feed had not ended by then."""
        while not all(text in self.parts.get(part, "") for text in texts):
            event, data = "", ""
            while line := self._reply.readline().decode().rstrip("\n"):
                event = line.removeprefix("event: ") if line.startswith("event: ") else event
                data = line.removeprefix("data: ") if line.startswith("data: ") else data
            if event == "end":
                return False
            self.parts |= json.loads(data) if data else {}
        return True


def test_the_page_is_the_report_and_follows_the_run_and_the_next_one(plan: Path, address: str) -> None:
    first = answer(address)[1]
    assert "Plan orders" in first and 'data-feed="events"' in first
    feeds = [Feed(address), Feed(address)]
    assert all(feed.has("part-verdict", "no run yet") for feed in feeds)
    with at_work(plan) as journal:
        for feed in feeds:
            assert feed.has("part-now", "14.8 %", "4.0 MB", "of 27.0 MB")
            assert feed.has("part-verdict", journal.run_id)
        restoring(13_500_000)
        assert all(feed.has("part-now", "50.0 %") for feed in feeds)
        assert "13.5 MB" in answer(address)[1]
        journal.settle(RunStatus.FAILED, "the disk is full")
    assert all(feed.has("part-verdict", "the disk is full") for feed in feeds)
    with at_work(plan) as second:
        assert feeds[0].has("part-verdict", second.run_id)


def test_a_journal_that_cannot_be_read_is_said_and_the_page_goes_on(plan: Path, address: str) -> None:
    feed = Feed(address)
    with at_work(plan) as journal:
        assert feed.has("part-now", "restoring")
        whole = journal.path.read_text()
        journal.path.write_text("{")
        assert feed.has("part-now", "cannot be read")
        journal.path.write_text(whole)
        assert feed.has("part-now", "14.8 %")


def test_viewers_are_told_when_the_server_ends(plan: Path) -> None:
    with page_served("127.0.0.1:0", WatchedPlan(runs_of(plan))) as served:
        feed = Feed(served)
        assert feed.has("part-verdict", "no run yet")
    assert not feed.has("part-verdict", "never")
    with pytest.raises(ConnectionRefusedError):
        answer(served)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 403),
        ("GET", "/events", 403),
        ("GET", "/wrong/", 403),
        ("GET", "/TOKEN/../x", 404),
        ("GET", "/TOKEN/other", 404),
        ("POST", "/TOKEN/", 405),
        ("DELETE", "/TOKEN/", 405),
        ("OPTIONS", "/TOKEN/", 405),
        ("TRACE", "/TOKEN/", 501),
        ("HEAD", "/TOKEN/", 200),
        ("HEAD", "/TOKEN/events", 200),
        ("GET", "/TOKEN/?x=1", 200),
    ],
)
def test_only_who_has_the_token_can_read_and_nobody_can_write(
    address: str, method: str, path: str, status: int
) -> None:
    token = urlsplit(address).path.strip("/")
    assert len(token) >= 32
    reply, body = answer(address, method, path.replace("TOKEN", token))
    assert reply.status == status
    assert status == 200 or token not in body
    if method == "HEAD":
        assert body == ""


def test_a_name_that_was_made_to_lead_here_is_refused(address: str) -> None:
    port = urlsplit(address).port
    for host in (f"attacker.example:{port}", "127.0.0.1", f"127.0.0.1.example:{port}", ""):
        reply, body = answer(address, Host=host)
        assert reply.status == 421 and "Plan orders" not in body
    assert answer(address, Host=f"localhost:{port}")[0].status == 200


def test_the_answer_is_neither_kept_nor_framed_nor_passed_on(address: str) -> None:
    headers = answer(address)[0].headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "connect-src 'self'" in policy


def test_there_are_never_more_viewers_than_it_can_serve(address: str) -> None:
    feeds = [Feed(address) for _ in range(web_server._VIEWERS)]
    parts = urlsplit(address)
    assert answer(address, path=f"{parts.path}events")[0].status == 503
    assert len(feeds) == 32


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "[::]"])
def test_others_cannot_reach_it(plan: Path, host: str) -> None:
    ended = CliRunner().invoke(app, ["watch", str(plan), "--web", "--address", f"{host}:8080"])
    assert ended.exit_code == 2
    assert "the page is for this machine only" in " ".join(ended.stderr.split())


def test_a_port_in_use_and_an_address_without_a_page_are_refused(plan: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        used = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = CliRunner().invoke(app, ["watch", str(plan), "--web", "--address", used])
        assert ended.exit_code == 2 and f"cannot listen on {used}" in " ".join(ended.stderr.split())
    for more in (["--address", "127.0.0.1:0"], ["--web", "--address", ""]):
        assert CliRunner().invoke(app, ["watch", str(plan), *more]).exit_code == 2
