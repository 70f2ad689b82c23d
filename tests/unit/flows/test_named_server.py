"""The Prefect server that PREFECT_API_URL names: whether it is one, and what is said if not."""

from __future__ import annotations

import importlib.metadata
import json
import os

import pytest
from support.fake_domain import FakeDomain, Reply

from flows.prefect_runtime.named_server import ServerUnusable, require_prefect_server

PAGE = Reply(200, "<html><body>Prefect</body></html>", type="text/html")
HEALTHY = Reply(200, "true")
OURS = Reply(200, json.dumps(importlib.metadata.version("prefect")))


def refused(address: str) -> ServerUnusable:
    with pytest.raises(ServerUnusable) as caught:
        require_prefect_server(address)
    assert "PREFECT_API_URL" in caught.value.hint
    return caught.value


@pytest.mark.parametrize("version", [OURS, Reply(200, '"3.0.1"'), Reply(401, "{}"), Reply(403, "{}")])
def test_a_prefect_server_is_used(source: FakeDomain, version: Reply) -> None:
    """One that wants a login, too: Prefect's own profile may have it."""
    source.on("GET /api/health", HEALTHY).on("GET /api/admin/version", version)
    require_prefect_server(f"{source.endpoint}/api")


@pytest.mark.parametrize(
    ("health", "version", "said"),
    [
        (Reply(500, ""), OURS, "it answers HTTP 500"),
        (Reply(503, "<html>", type="text/html"), OURS, "it answers HTTP 503"),
        (Reply(then="reset"), OURS, "it does not answer"),
        (Reply(then="close"), OURS, "it does not answer"),
        (PAGE, OURS, "it answers with a web page (HTTP 200), not as a Prefect API"),
        (Reply(404, "<html>", type="text/html"), OURS, "it answers with a web page (HTTP 404)"),
        (Reply(403, "<html>", type="text/html"), OURS, "it refuses access (HTTP 403)"),
        (Reply(200, '{"status": "ok"}'), OURS, "it answers HTTP 200 (application/json), not as a Prefect"),
        (Reply(200, "[" * 10_000), OURS, "not as a Prefect API"),
        (Reply(204, ""), OURS, "it answers HTTP 204"),
        (Reply(404, '{"detail": "Not Found"}'), OURS, "it answers HTTP 404 (application/json)"),
        (
            Reply(302, "", headers={"Location": "https://user:hunter2@login.example.com/?next=1"}),
            OURS,
            "it redirects to login.example.com",
        ),
        (HEALTHY, Reply(200, '"2.20.4"'), "it is Prefect 2.20.4, and this is a client of Prefect 3."),
        (HEALTHY, Reply(200, '"4.0.0"'), "it is Prefect 4.0.0, and this is a client of Prefect 3."),
        (HEALTHY, Reply(404, "{}"), "it answers HTTP 404"),
        (HEALTHY, HEALTHY, "not as a Prefect API"),
        (HEALTHY, PAGE, "it answers with a web page (HTTP 200)"),
    ],
)
def test_what_is_no_prefect_server_is_told_as_what_it_is(
    source: FakeDomain,
    health: Reply,
    version: Reply,
    said: str,
) -> None:
    address = f"{source.endpoint}/api"
    source.on("GET /api/health", health).on("GET /api/admin/version", version)
    error = refused(address.replace("//", "//user:hunter2@"))
    assert f"the Prefect server at {address} cannot be used: " in error.message
    assert said in error.message
    assert "hunter2" not in error.message + error.hint


@pytest.mark.parametrize(
    "address",
    [
        *("nonsense", "http://", "http://user:hunter2@[::/api", "ftp://user:hunter2@host/api"),
        *("http://user:hunter2@127.0.0.1:1/api", "http://user:hunt@er2@nowhere.invalid/api"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(address: str) -> None:
    error = refused(address)
    assert "hunt" not in error.message + error.hint


@pytest.mark.parametrize(
    ("variable", "value", "sent"),
    [
        ("PREFECT_API_KEY", "hunter2", "Bearer hunter2"),
        ("PREFECT_API_AUTH_STRING", "admin:hunter2", "Basic YWRtaW46aHVudGVyMg=="),
    ],
)
def test_a_refused_key_is_named_and_not_shown(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sent: str
) -> None:
    monkeypatch.setenv(variable, value)
    source.on("GET /api/health", HEALTHY).on("GET /api/admin/version", Reply(401, "{}"))
    error = refused(f"{source.endpoint}/api")
    assert "it refuses access (HTTP 401)" in error.message
    assert f"correct {variable}" in error.hint
    assert "hunter2" not in error.message + error.hint
    assert {asked.headers["authorization"] for asked in source.requests} == {sent}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "ALL_PROXY",
            "socks5://user:hunter2@127.0.0.1:9",
            "ALL_PROXY cannot be used: it names a SOCKS proxy",
        ),
        ("HTTP_PROXY", "http://user:hunter2@host:port", "HTTP_PROXY cannot be used: it is not the address"),
        ("NO_PROXY", "[::1", "NO_PROXY or another variable for proxies cannot be used"),
        ("SSL_CERT_FILE", "/nowhere", "SSL_CERT_FILE names /nowhere, which cannot be read"),
    ],
)
def test_an_environment_in_which_prefect_cannot_be_reached_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    for other in [other for other in os.environ if other.upper() == "NO_PROXY"]:
        monkeypatch.delenv(other)
    monkeypatch.setenv(name, value)
    with pytest.raises(ServerUnusable) as caught:
        require_prefect_server("http://h/api")
    assert said in caught.value.message
    assert "hunter2" not in caught.value.message
    assert caught.value.hint == "correct it, then run the same command again"
