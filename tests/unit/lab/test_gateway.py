"""The way from a front door to its engine: what is passed on as it came, what cannot be, and nobody there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest
from support.fake_domain import FakeDomain, Reply, ok
from support.small_lab import HOST, SmallLab

from lab.door.engine_link import EngineLink
from lab.door.front_door import FrontDoor


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where nothing listens, and nobody else can."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/books/_count"), ("PUT", "/_snapshot/r"), ("DELETE", "/_snapshot/r"), ("GET", "/_snapshot")],
)
def test_without_its_engine_a_domain_answers_502(tmp_path, nowhere, method, path):
    lab = SmallLab(tmp_path, engine=EngineLink(nowhere))
    reply = lab.call(method, path, {"type": "fs"} if method == "PUT" else None)
    assert (reply.status_code, "<h1>502 Bad Gateway</h1>" in reply.text) == (502, True)
    assert reply.headers["content-type"].startswith("text/html")
    assert [line["status"] for line in lab.logged()] == [502]
    assert lab.admin("PUT", "/manners/source", {"standby": True}).status_code == 409


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_change_on_a_connection_that_breaks_off_is_not_sent_again(source: FakeDomain, how: str):
    """Whoever asks must decide that: it may have been carried out."""
    source.on("GET /books", ok({})).on("PUT /books", Reply(then=how))

    async def change() -> None:
        link = EngineLink(source.endpoint)
        assert await link.ask("GET", "/books") == (200, {})  # the connection is kept, and used again
        with pytest.raises(httpx.ReadError):
            await link.ask("PUT", "/books", {})
        await link.close()

    asyncio.run(change())
    assert source.lines == ["GET /books", "PUT /books"]


@pytest.mark.parametrize("query", ["q=tit?", "q=a??", "q=%3F&x=?", "?", ""])
def test_a_querys_own_question_marks_are_passed_on(query):
    url = EngineLink("http://engine:9200").address("/books/_search", query)
    assert url.raw_path.decode() == ("/books/_search?" + query if query else "/books/_search")


def asked_raw(lab: SmallLab, path: bytes) -> int:
    """The status of a request as a server hands it over."""
    scope = {
        "type": "http", "method": "GET", "raw_path": path, "path": "/", "query_string": b"",
        "headers": [(b"host", HOST.encode())], "server": ("127.0.0.1", 9234),
    }  # fmt: skip
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(FrontDoor(lab.door)(scope, receive, send))
    return sent[0]["status"]


@pytest.mark.parametrize("path", [b"/b\xf6cher", b"/" + b"a" * 70_000], ids=["raw bytes", "too long"])
def test_a_path_that_cannot_be_passed_on_is_a_bad_request(tmp_path, monkeypatch, path):
    async def anybody(exchange, door):
        return None

    monkeypatch.setattr("lab.door.front_door.BEFORE_RULES", (anybody,))
    lab = SmallLab(tmp_path, engine=EngineLink("http://127.0.0.1:1"))
    assert asked_raw(lab, path) == 400
    assert [line["status"] for line in lab.logged()] == [400]
