"""S3's refusals, for layers that answer in place of moto."""

from __future__ import annotations

from collections.abc import Iterable

from lab.account.server import Environ, StartResponse


def refused(
    environ: Environ, start_response: StartResponse, status: str, code: str, message: str
) -> Iterable[bytes]:
    """Answer with S3's error; `status` is the number and its phrase."""
    read_body(environ)
    error = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>lab</RequestId>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}<HostId>lab</HostId></Error>'.encode()
    start_response(status, [("content-type", "application/xml"), ("content-length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def read_body(environ: Environ) -> None:
    """Read the whole body, or a caller that is still sending would see a broken connection, not the
    answer."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
