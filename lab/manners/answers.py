"""Answers of the gateway before a domain: denied requests, and errors of its own."""

from __future__ import annotations

from lab.door.answers import Answer, engine_error, json_answer

TEXT = "text/plain"
HTML = "text/html"


def not_allowed(path: str) -> Answer:
    """The denial of an API that the service does not offer, with the whole path (grade R)."""
    return json_answer(401, {"Message": f"Your request: '{path}' is not allowed."})


def payload_not_allowed(path: str) -> Answer:
    """The denial of a body: a setting that cannot be set, or its nested form (grade R)."""
    return json_answer(401, {"Message": f"Your request: '{path}' payload is not allowed."})


def not_the_callers(path: str) -> Answer:
    """The refusal to change automated snapshots. That they can only be read and restored is grade A; status
    and body are a guess, modelled on the denial of an API."""
    return not_allowed(path)


def mixed_with_warm(warm: list[str], hot: list[str]) -> Answer:
    """The refusal of a snapshot of hot and warm indices. The failure is grade A, the whole body a guess."""
    reason = f"a snapshot cannot include hot and warm indices: warm {warm}, hot {hot}"
    return engine_error(400, "illegal_argument_exception", reason)


def several_warm(warm: list[str]) -> Answer:
    """The refusal of a snapshot of several warm indices. The failure is grade A, the whole body a guess."""
    return engine_error(400, "illegal_argument_exception", f"a snapshot can include one warm index: {warm}")


def snapshot_running(repository: str, snapshot: str, status: int) -> Answer:
    """The refusal of a snapshot while another one is running (grade E; the status was 503, later 409, then
    429)."""
    reason = f"[{repository}:{snapshot}]  a snapshot is already running"
    return engine_error(status, "concurrent_snapshot_execution_exception", reason)


def body_too_large(limit: int) -> Answer:
    """The refusal of a body larger than `limit` bytes (grade R: public reports)."""
    return json_answer(413, {"Message": f"Request size exceeded {limit} bytes"})


def invalid_host() -> Answer:
    """The refusal of a Host header other than the domain's. The name is grade A; status and envelope are a
    guess."""
    return json_answer(400, {"Message": "Invalid Host Header"})


def gateway_timeout() -> Answer:
    """The gateway's timeout for a request that the engine keeps working on. 504 is grade A, the page a
    guess."""
    return _page(504, "504 Gateway Time-out")


def bad_gateway_page() -> Answer:
    """A page instead of a reply (grade K)."""
    return _page(502, "502 Bad Gateway")


def unavailable_page() -> Answer:
    """A page instead of a reply (grade K)."""
    return _page(503, "503 Service Temporarily Unavailable")


def throttled_forbidden() -> Answer:
    """The throttle that looks like a denial (grade A: the text; clients show it as the whole body)."""
    return Answer(403, b"403 Request throttled due to too many requests", TEXT)


def throttled() -> Answer:
    """The throttle that says what it is (grade A: the text)."""
    return Answer(429, b"429 Too Many Requests", TEXT)


def _page(status: int, title: str) -> Answer:
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n"
    text = f"{head}<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return Answer(status, text.encode(), HTML)
