"""S3, IAM, STS and the OpenSearch control plane over HTTP: moto in this process, behind additional layers.

Each `Layer` sees a request before moto and may answer it; moto answers the rest.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lab.account import wildcards

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Layer = Callable[[Environ, StartResponse], Iterable[bytes] | None]
LOST = "lab.lost"
"""Key of a request's environment: moto does what it asks for, and nobody gets the answer."""


def is_conditional(environ: Environ) -> bool:
    """Whether a request writes only on a condition, as one to S3 may."""
    return environ["REQUEST_METHOD"] == "PUT" and bool(
        {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"} & environ.keys()
    )


def body_of(environ: Environ) -> bytes:
    """Read the request's whole body, so that moto can still read it afterwards."""
    length = environ.get("CONTENT_LENGTH")
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def hang_up(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """End the connection without an answer."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    start_response("503 Service Unavailable", [])
    return []  # nobody gets it


class AwsServer:
    """Serves the account on a free port of the loopback interface (`url`), in its own threads, until
    `stop`."""

    def __init__(self, layers: Sequence[Layer] = ()) -> None:
        from moto import backends
        from moto.iam.access_control import IAMPolicyStatement
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        IAMPolicyStatement._match = staticmethod(wildcards.found)  # moto's own fails at a `?`
        modules = tuple(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: modules  # it would list its folders for every request
        moto = DomainDispatcherApplication(create_backend_app)
        writing = threading.Lock()

        def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            for layer in layers:
                answer = layer(environ, start_response)
                if answer is not None:
                    return answer
            if environ.get(LOST):
                list(moto(environ, lambda *_: None))
                return hang_up(environ, start_response)
            if not is_conditional(environ):
                return moto(environ, start_response)
            body_of(environ)  # a client that stands still must not hold up all others
            with writing:  # moto looks whether the condition holds, and then writes
                return list(moto(environ, start_response))

        self._make = lambda: make_server(
            "127.0.0.1", 0, application, True, request_handler=MotoRequestHandler
        )
        self._servers: list[Any] = []
        self.url = f"http://127.0.0.1:{self.another_port()}"

    def another_port(self) -> int:
        """Serve the same account on one more port, by which a layer can recognize the caller."""
        server = self._make()
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, name="aws", daemon=True).start()
        return server.server_port

    def stop(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.shutdown()
