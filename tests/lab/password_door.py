"""A cluster of one's own: an engine of the lab, past its front door, behind a user and a password."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from lab.description import LabDescription

USER, PASSWORD = "migrator", "a password with ü"
_LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class OwnCluster:
    """Where it answers, and the bodies of the registrations that it was sent."""

    endpoint: str
    registrations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """The side of a plan."""
        password = {"env": "OWN_PASSWORD"}
        return {
            "endpoint": self.endpoint,
            "auth": {"type": "basic", "username": USER, "password": password},
        }


@contextmanager
def own_cluster(lab: LabDescription, side: str) -> Iterator[OwnCluster]:
    """The engine of this side as a cluster of one's own, for the block."""
    domain = lab.domain(side)
    found = OwnCluster("")

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("authorization") != _LOGIN:
                self._answer(401, b"Unauthorized", {"www-authenticate": "Basic"})
                return
            if self.command == "PUT" and self.path.startswith("/_snapshot/") and b"settings" in body:
                found.registrations.append(json.loads(body))
            kept = {"content-type": self.headers.get("content-type") or "application/json", **domain.operator}
            reply = requests.request(
                self.command, domain.engine_url + self.path, data=body, headers=kept, timeout=120
            )
            self._answer(reply.status_code, reply.content, {"content-type": reply.headers["content-type"]})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    found.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
