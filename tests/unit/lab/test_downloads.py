"""Downloads: resumed, verified, never repeated, with a clear sentence when something is lacking."""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab.engines.artifacts import MIRROR_VARIABLE, Artifact
from lab.engines.downloads import client, fetch
from lab.errors import LabError

CONTENT = bytes(range(256)) * 4000


class Listener:
    def __init__(self):
        self.figures = []

    def message(self, text):
        pass

    def download(self, name, done, total):
        self.figures.append((done, total))


class Server(ThreadingHTTPServer):
    """Serves CONTENT at any path; `cut` bytes end a reply early, `plain` ignores ranges, `status` fails."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.cut: list[int] = []
        self.plain = False
        self.status = 0


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.server.status:
            self.send_error(self.server.status)
            return
        start = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted and not self.server.plain else 0
        self.send_response(206 if start else 200)
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cut.pop(0) if self.server.cut else len(body)
        self.wfile.write(body[:cut])
        if cut < len(body):
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    running = Server()
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{running.server_port}/maven2/")
    monkeypatch.setattr("lab.engines.downloads.time.sleep", lambda seconds: None)
    yield running
    running.shutdown()
    running.server_close()


def artifact(**other):
    known = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    return Artifact("org.example", "thing", "1.0", "zip", **(known | other))


def get(wanted, folder, listener=None):
    with client() as http:
        return fetch(wanted, folder, http, listener or Listener())


def test_a_file_is_downloaded_once(server, tmp_path):
    listener = Listener()
    path = get(artifact(), tmp_path, listener)
    assert path == tmp_path / "org/example/thing/1.0/thing-1.0.zip"
    assert path.read_bytes() == CONTENT
    assert listener.figures[-1] == (len(CONTENT), len(CONTENT))
    assert get(artifact(), tmp_path) == path
    assert server.ranges == [None], "the second call asked for nothing"


def test_an_interrupted_download_goes_on_where_it_ended(server, tmp_path):
    server.cut = [300_000]
    assert get(artifact(), tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]


def test_a_part_of_an_earlier_process_is_continued(server, tmp_path):
    part = tmp_path / "org/example/thing/1.0/thing-1.0.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    assert get(artifact(), tmp_path).read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]
    assert not part.exists()


def test_a_server_that_ignores_ranges_is_no_trouble(server, tmp_path):
    server.plain = True
    server.cut = [5000]
    assert get(artifact(), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_is_thrown_away(server, tmp_path):
    with pytest.raises(LabError, match="checksum") as caught:
        get(artifact(sha256="0" * 64), tmp_path)
    assert caught.value.hint
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_part_with_other_content_is_found_out(server, tmp_path):
    part = tmp_path / "org/example/thing/1.0/thing-1.0.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    with pytest.raises(LabError, match="checksum"):
        get(artifact(), tmp_path)
    assert get(artifact(), tmp_path).read_bytes() == CONTENT


def test_two_at_once_download_once(server, tmp_path):
    threads = [threading.Thread(target=get, args=(artifact(), tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.ranges) == 1
    assert (tmp_path / artifact().path).read_bytes() == CONTENT


def test_no_network_and_a_missing_file_are_said_clearly(server, tmp_path, monkeypatch):
    server.status = 404
    with pytest.raises(LabError, match=r"Cannot download thing-1\.0\.zip .* HTTP 404"):
        get(artifact(), tmp_path)
    monkeypatch.setenv(MIRROR_VARIABLE, "http://127.0.0.1:9")
    with pytest.raises(LabError, match="Cannot download") as caught:
        get(artifact(), tmp_path)
    assert "network" in caught.value.hint


def test_a_full_disk_is_said_before_anything_is_sent(server, tmp_path):
    with pytest.raises(LabError, match="Not enough disk space"):
        get(artifact(size=1 << 60), tmp_path)
    assert server.ranges == []
