"""A server that is no domain, or an evil one: a table of modes, each an answer that does harm.

It speaks through a raw socket, because an HTTP library would refuse to send most of this.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

Outcome = Literal["unexpected", "too long", "lost", "endless", "refused", "elsewhere"]
"""`endless`: too long, or lost because there is no time left, whichever comes first."""
Parts = Iterator[bytes]
MB = 1024 * 1024
ESCAPES = "\x1b[31m\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2028\u200b\ufeff\r\x00"
"""ESC, OSC, C1, bidi, line separator, zero-width characters, carriage return, NUL."""
MARKUP = "[bold red]x[/] `a` |b| <img src=x onerror=alert(1)> ![](http://evil.example/x.png) &#x202e;"


@dataclass(frozen=True)
class Asked:
    """A request: method, path with query, headers in lowercase."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Mode:
    """One way to answer.

    Args:
        answer: yields the bytes to send; the connection closes at their end.
        ends: what the client makes of it.
    """

    name: str
    answer: Callable[[Asked], Parts]
    ends: Outcome


MODES: dict[str, Mode] = {}


def mode(ends: Outcome) -> Callable[[Callable[[Asked], Parts]], Callable[[Asked], Parts]]:
    """Enter a function into the table; its name is the mode's."""

    def entered(answer: Callable[[Asked], Parts]) -> Callable[[Asked], Parts]:
        name = answer.__name__.strip("_").replace("_", " ")
        MODES[name] = Mode(name, answer, ends)
        return answer

    return entered


def _entered(name: str, ends: Outcome, *parts: bytes) -> None:
    MODES[name] = Mode(name, lambda _: iter(parts), ends)


def _head(status: str = "200 OK", *lines: str, type: str = "application/json") -> bytes:
    return "\r\n".join(
        (f"HTTP/1.1 {status}", f"Content-Type: {type}", "Connection: close", *lines, "", "")
    ).encode("latin-1")


def _whole(body: bytes, status: str = "200 OK", *lines: str, type: str = "application/json") -> bytes:
    return _head(status, f"Content-Length: {len(body)}", *lines, type=type) + body


def _chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


def _endless(part: bytes) -> Parts:
    while True:
        yield part


@cache
def bomb(how: str, size: int = 2048 * MB) -> bytes:
    """A little that becomes a lot: two GB of blanks in about two MB."""
    wbits = {"gzip": 31, "deflate": 15, "raw": -15}[how]
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = b" " * (4 * MB)
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()


SMALL_BOMB = 224 * MB
"""As long as a bomb has to be where its client stops early; a whole one takes seconds to make."""
_bomb_size = [SMALL_BOMB]


def bombs() -> None:
    """Make all bombs, before somebody measures the time of a reply."""
    for how in ("gzip", "deflate", "raw"):
        bomb(how, _bomb_size[0])


def use_whole_bombs() -> None:
    """From now on, bombs have their whole size."""
    _bomb_size[0] = 2048 * MB


# size


@mode("too long")
def body_without_an_end(_: Asked) -> Parts:
    yield _head()
    yield from _endless(b" " * 65536)


@mode("too long")
def chunks_without_an_end(_: Asked) -> Parts:
    yield _head("200 OK", "Transfer-Encoding: chunked")
    yield from _endless(_chunk(b" " * 65536))


@mode("too long")
def one_gigabyte(_: Asked) -> Parts:
    yield _head("200 OK", f"Content-Length: {1024 * MB}")
    yield from (b" " * MB for _ in range(1024))


@mode("too long")
def one_gigabyte_without_a_length(_: Asked) -> Parts:
    yield _head()
    yield from (b" " * MB for _ in range(1024))


@mode("too long")
def gzip_bomb(_: Asked) -> Parts:
    yield _whole(bomb("gzip", _bomb_size[0]), "200 OK", "Content-Encoding: gzip")


@mode("too long")
def gzip_bomb_in_chunks(_: Asked) -> Parts:
    yield _head("200 OK", "Transfer-Encoding: chunked", "Content-Encoding: gzip")
    packed = bomb("gzip", _bomb_size[0])
    yield from (_chunk(packed[at : at + 8192]) for at in range(0, len(packed), 8192))


@mode("too long")
def gzip_bomb_until_it_closes(_: Asked) -> Parts:
    yield _head("200 OK", "Content-Encoding: gzip") + bomb("gzip", _bomb_size[0])


@mode("too long")
def deflate_bomb(_: Asked) -> Parts:
    yield _whole(bomb("deflate", _bomb_size[0]), "200 OK", "Content-Encoding: deflate")


@mode("too long")
def raw_deflate_bomb(_: Asked) -> Parts:
    yield _whole(bomb("raw", _bomb_size[0]), "200 OK", "Content-Encoding: deflate")


@mode("too long")
def gzip_bomb_in_gzip(_: Asked) -> Parts:
    packed = gzip.compress(bomb("gzip", _bomb_size[0]))
    yield _whole(packed, "200 OK", "Content-Encoding: gzip, gzip")


@mode("unexpected")
def twenty_encodings(_: Asked) -> Parts:
    yield _whole(b"{}", "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 20))


@mode("too long")
def gzip_of_nothing_without_an_end(_: Asked) -> Parts:
    yield _head("200 OK", "Content-Encoding: gzip")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    yield from _endless(b"\x00\x00\x00\xff\xff" * 13000)


@mode("endless")
def gzip_members_without_an_end(_: Asked) -> Parts:
    yield _head("200 OK", "Content-Encoding: gzip")
    yield from _endless(gzip.compress(b"") * 3000)


@mode("refused")
def error_page_without_an_end(_: Asked) -> Parts:
    yield _head("500 Internal Server Error", type="text/html")
    yield from _endless(b"<p>an error</p>" * 4000)


@mode("refused")
def error_that_is_a_gzip_bomb(_: Asked) -> Parts:
    yield _whole(bomb("gzip", _bomb_size[0]), "403 Forbidden", "Content-Encoding: gzip")


@mode("refused")
def error_of_a_hundred_megabytes(_: Asked) -> Parts:
    yield _head("400 Bad Request", f"Content-Length: {100 * MB}")
    yield from (b'{"error":' + b" " * (MB - 9) for _ in range(100))


# content length

_entered("length beyond 64 bits", "too long", _head("200 OK", f"Content-Length: {'9' * 30}"), b"{}")
_entered("length of five thousand digits", "too long", _head("200 OK", f"Content-Length: {'9' * 5000}"))
_entered("negative length", "unexpected", _head("200 OK", "Content-Length: -5"), b"x")
_entered("length that is no number", "unexpected", _head("200 OK", "Content-Length: many"), b"x")
_entered("two lengths", "unexpected", _head("200 OK", "Content-Length: 2", "Content-Length: 3"), b"{}")
_entered("longer than what comes", "lost", _head("200 OK", "Content-Length: 50"), b"{}")
_entered("no length and half a document", "unexpected", _head(), b'{"a":')


@mode("unexpected")
def shorter_than_what_comes(_: Asked) -> Parts:
    yield _head("200 OK", "Content-Length: 2") + b"[]" + _whole(b'{"smuggled": true}')


# the head


@mode("unexpected")
def header_of_a_megabyte(_: Asked) -> Parts:
    yield _head("200 OK", "X-Long: " + "x" * MB)


@mode("unexpected")
def hundred_thousand_headers(_: Asked) -> Parts:
    yield _head("200 OK", *(f"X-{n}: x" for n in range(100_000)))


@mode("unexpected")
def headers_without_an_end(_: Asked) -> Parts:
    yield b"HTTP/1.1 200 OK\r\n"
    yield from _endless(b"X-More: x\r\n" * 1000)


@mode("unexpected")
def status_line_without_an_end(_: Asked) -> Parts:
    yield b"HTTP/1.1 200 "
    yield from _endless(b"O" * 65536)


@mode("endless")
def continue_without_an_end(_: Asked) -> Parts:
    yield from _endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


_entered("status that is no number", "unexpected", b"HTTP/1.1 OK fine\r\n\r\n{}")
_entered("status of four digits", "unexpected", b"HTTP/1.1 2000 OK\r\n\r\n{}")
_entered("HTTP 0.9", "unexpected", b"<html><body>hello</body></html>\n")
_entered("HTTP 9.9", "unexpected", b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n[]")
_entered("SSH", "unexpected", b"SSH-2.0-OpenSSH_9.6\r\n")
_entered("SMTP", "unexpected", b"220 mail.example ESMTP\r\n")
_entered("TLS alert", "unexpected", b"\x15\x03\x01\x00\x02\x02\x46\n")
_entered("noise", "unexpected", bytes(random.Random(7).randbytes(4000)) + b"\n")
_entered("header without a colon", "unexpected", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n[]")
_entered(
    "headers with control characters",
    "unexpected",
    _head("200 \x1b[31mOK", "X: \x1b]0;x\x07", "Date: \x1b"),
    b"[]",
)
_entered("closes", "lost")


@mode("unexpected")
def both_lengths(_: Asked) -> Parts:
    yield _head("200 OK", "Content-Length: 4", "Transfer-Encoding: chunked") + _chunk(b"[]") + b"0\r\n\r\n"


# chunks


@mode("unexpected")
def chunk_extension_without_an_end(_: Asked) -> Parts:
    yield _head("200 OK", "Transfer-Encoding: chunked") + b"1;"
    yield from _endless(b"x" * 65536)


@mode("too long")
def chunks_of_a_byte_with_long_extensions(_: Asked) -> Parts:
    yield _head("200 OK", "Transfer-Encoding: chunked")
    yield from _endless(_chunk(b" ", b";" + b"x" * 60000))


@mode("endless")
def trailers_without_an_end(_: Asked) -> Parts:
    yield _head("200 OK", "Transfer-Encoding: chunked") + _chunk(b"{}") + b"0\r\n"
    yield from _endless(b"X-More: x\r\n" * 5000)


def _chunked(name: str, ends: Outcome, raw: bytes) -> None:
    _entered(name, ends, _head("200 OK", "Transfer-Encoding: chunked"), raw)


_chunked("chunk size that is no number", "unexpected", b"xyz\r\n{}\r\n0\r\n\r\n")
_chunked("negative chunk size", "unexpected", b"-5\r\n{}\r\n0\r\n\r\n")
_chunked("chunk beyond 64 bits", "lost", b"f" * 20 + b"\r\n{}")
_chunked("chunks that break off", "lost", _chunk(b'{"a":'))


# encodings

_entered("gzip that is none", "unexpected", _whole(b'{"a": 1}', "200 OK", "Content-Encoding: gzip"))
_entered(
    "gzip with a wrong sum",
    "unexpected",
    _whole(gzip.compress(b"[]")[:-8] + b"\x00" * 8, "200 OK", "Content-Encoding: gzip"),
)
_entered("unknown encoding", "unexpected", _whole(b"\x1b\x03\x00\xf8", "200 OK", "Content-Encoding: br"))
_entered("bytes that are not UTF-8", "unexpected", _whole(b'{"a": "\xff\xfe"}'))
_entered("UTF-16", "unexpected", _whole('{"a": 1}'.encode("utf-16")))
_entered("UTF-8 with a mark", "unexpected", _whole(b"\xef\xbb\xbf[]"))


# JSON


def _document(name: str, body: bytes, ends: Outcome = "unexpected") -> None:
    _entered(name, ends, _whole(body))


_document("arrays 200,000 deep", b"[" * 200_000)
_document("objects 200,000 deep", b'{"a":' * 200_000 + b"1" + b"}" * 200_000)
_document("a million digits", b'{"a": ' + b"9" * 1_000_000 + b"}")
_document("an exponent beyond all numbers", b'{"a": 1e999999}')
_document("a key twice", b'{"a": 1, "a": 2}')
_document("not a number", b'{"a": NaN}')
_document("infinity", b'{"a": -Infinity}')
_document("half a surrogate pair", b'["\\ud800"]')
_document("half a document", b'{"a": 1')
_document("two documents", b'{"a": 1}{"a": 2}')
_document("a list", b"[1]")
_document("null", b"null")
_document("a text", b'"hello"')
_document("a number", b"5")
_document("true", b"true")
_document("nothing", b"")
_entered("no content", "unexpected", _head("204 No Content"))
_entered("a web page", "unexpected", _whole(b"<html><title>Log in</title></html>", type="text/html"))


@mode("too long")
def millions_of_empty_objects(_: Asked) -> Parts:
    yield _whole(b'{"a":[' + b"{}," * (3 * MB // 2) + b"{}]}")


@mode("too long")
def a_wide_text(_: Asked) -> Parts:
    """One astral character makes Python take four bytes for each of the others."""
    yield _whole(b'{"a":"' + "\U0001f600".encode() + b"x" * (60 * MB) + b'"}')


# elsewhere

for _name, _location in {
    "a redirect to another host": "https://evil.example/x",
    "a redirect to a user": "https://user:secret@evil.example/x",
    "a redirect to a file": "file:///etc/passwd",
    "a redirect to nowhere": "http://[",
    "a redirect with control characters": "https://evil\x1b[31m.example/\x07",
    "a redirect to itself": "/",
}.items():
    _entered(_name, "elsewhere", _whole(b"", "301 Moved Permanently", f"Location: {_location}"))


# errors


def _error(name: str, body: Any, status: str = "400 Bad Request", *lines: str) -> None:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    _entered(name, "refused", _whole(text, status, *lines))


def _engine_error(reason: Any) -> dict[str, Any]:
    return {
        "error": {"type": f"x_{reason}", "reason": reason, "caused_by": {"type": reason, "reason": reason}}
    }


_error("an error with control characters", _engine_error(f"no such index [{ESCAPES}]"))
_error("a page with control characters", f"<h1>{ESCAPES}</h1>".encode(), "403 Forbidden")
_error("an error with markup", _engine_error(MARKUP))
_error("an error 200,000 deep", b'{"error":' * 200_000)
_error("an error of a million digits", b'{"error": ' + b"9" * 1_000_000 + b"}")
_error(
    "causes 900 deep",
    b'{"error":{"caused_by":' + b'{"type":"t","reason":"r","caused_by":' * 900 + b"{}" + b"}" * 902,
)
_error(
    "an error with wrong types",
    {"error": {"type": [1], "reason": {"a": 5}, "caused_by": [3], "failed_shards": 5}},
)
_error("an error with a list", {"error": [1], "Message": [2], "status": {}})
_error("half a surrogate pair in an error", b'{"error": {"type": "a\\ud800", "reason": "b\\udc00"}}')
_error("a wait of thirty years", {"message": "busy"}, "429 Too Many Requests", "Retry-After: 1e9")
_error("a wait that is no number", {"message": "busy"}, "429 Too Many Requests", "Retry-After: nan")
_error("a wait without an end", {"message": "busy"}, "429 Too Many Requests", "Retry-After: 1e999")


@mode("refused")
def every_header_echoed(asked: Asked) -> Parts:
    said = "; ".join(asked.headers.values())
    yield _whole(json.dumps({"error": {"type": "x", "reason": said}}).encode(), "500 Internal Server Error")


# time


@mode("lost")
def silence(_: Asked) -> Parts:
    time.sleep(30)
    yield b""


@mode("lost")
def a_head_that_drips(_: Asked) -> Parts:
    for byte in _head():
        time.sleep(0.1)
        yield bytes([byte])


@mode("lost")
def a_body_that_drips(_: Asked) -> Parts:
    yield _head()
    for _each in range(1000):
        time.sleep(0.1)
        yield b" "


IDENTITY = _whole(
    json.dumps(
        {
            "cluster_name": "hostile",
            "cluster_uuid": "HostileClusterUuid",
            "version": {"distribution": "opensearch", "number": "2.19.4"},
            "tagline": "The OpenSearch Project: https://opensearch.org/",
        }
    ).encode()
)


class Hostile:
    """The server.

    Args:
        mode: how it answers.
        knows_itself: whether it answers `GET /` as an engine does, and only the rest by its mode.
    """

    def __init__(self, mode: Mode, *, knows_itself: bool = False) -> None:
        self.asked = 0
        self._mode = mode
        self._knows_itself = knows_itself
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Accept nothing more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            asked = _received(connection)
            if asked is None:
                return
            self.asked += 1
            if self._knows_itself and asked.path.split("?")[0] == "/":
                connection.sendall(IDENTITY)
                return
            for part in self._mode.answer(asked):
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            while connection.recv(65536):  # an early close would reset what is still on its way
                pass


def _received(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    missing = int(headers.get("content-length", 0)) - len(body)
    while missing > 0 and (more := connection.recv(65536)):
        missing -= len(more)
    method, path, _version = first.split(" ", 2)
    return Asked(method, path, headers)


@contextmanager
def hostile(name: str, *, knows_itself: bool = False) -> Iterator[Hostile]:
    """Run a server in this mode for the block."""
    server = Hostile(MODES[name], knows_itself=knows_itself)
    try:
        yield server
    finally:
        server.close()


@dataclass(frozen=True)
class Apart:
    """A hostile server in a process of its own."""

    endpoint: str


@contextmanager
def hostile_apart(name: str) -> Iterator[Apart]:
    """Run a server in this mode in a process of its own, so that this one's memory is the client's."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        server = Hostile(MODES[name])
        os.write(writing, server.endpoint.encode())
        os.close(writing)
        signal.pause()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        endpoint = said.read()
    try:
        yield Apart(endpoint)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
