"""The Prefect server that a command uses: the named one, and what keeps a temporary one from starting."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.fake_domain import FakeDomain, Reply

from flows.prefect_runtime import server
from flows.prefect_runtime.server import ServerUnusable, prefect_server, starting_server
from runs.errors import StateUnusable


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of its own, without a named server and without proxies."""
    made = {
        name: value
        for name, value in os.environ.items()
        if name.upper() != "NO_PROXY" and not name.startswith("PREFECT")
    }
    monkeypatch.setattr(server.os, "environ", made)
    return made


PAGE = Reply(200, "<html><body>Prefect</body></html>", type="text/html")
HEALTHY = Reply(200, "true")
OURS = Reply(200, json.dumps(importlib.metadata.version("prefect")))


def named(source: FakeDomain, monkeypatch: pytest.MonkeyPatch, login: str = "") -> str:
    address = f"{source.endpoint}/api"
    monkeypatch.setenv("PREFECT_API_URL", address.replace("//", f"//{login}"))
    return address


def refused(folder: Path) -> ServerUnusable:
    with pytest.raises(ServerUnusable) as caught, prefect_server(folder):
        pass
    assert "PREFECT_API_URL" in caught.value.hint
    assert list(folder.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("version", [OURS, Reply(200, '"3.0.1"'), Reply(401, "{}"), Reply(403, "{}")])
def test_a_prefect_server_is_used(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: Reply
) -> None:
    """One that wants a login, too: Prefect's own profile may have it."""
    address = named(source, monkeypatch)
    source.on("GET /api/health", HEALTHY).on("GET /api/admin/version", version)
    with prefect_server(tmp_path) as used:
        assert used == address
    assert list(tmp_path.iterdir()) == []


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
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    health: Reply,
    version: Reply,
    said: str,
) -> None:
    address = named(source, monkeypatch, login="user:hunter2@")
    source.on("GET /api/health", health).on("GET /api/admin/version", version)
    error = refused(tmp_path)
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
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", address)
    error = refused(tmp_path)
    assert "hunt" not in error.message + error.hint


@pytest.mark.parametrize(
    ("variable", "value", "sent"),
    [
        ("PREFECT_API_KEY", "hunter2", "Bearer hunter2"),
        ("PREFECT_API_AUTH_STRING", "admin:hunter2", "Basic YWRtaW46aHVudGVyMg=="),
    ],
)
def test_a_refused_key_is_named_and_not_shown(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, sent: str
) -> None:
    named(source, monkeypatch)
    monkeypatch.setenv(variable, value)
    source.on("GET /api/health", HEALTHY).on("GET /api/admin/version", Reply(401, "{}"))
    error = refused(tmp_path)
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
@pytest.mark.parametrize("is_named", [True, False])
def test_an_environment_in_which_prefect_cannot_be_reached_is_told(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    tmp_path: Path,
    name: str,
    value: str,
    said: str,
    is_named: bool,
) -> None:
    """For a temporary server as well: Prefect's client reads all that, wherever it connects to."""
    for variable, content in ((name, value), *([("PREFECT_API_URL", "http://h/api")] if is_named else [])):
        environment[variable] = content
        monkeypatch.setenv(variable, content)
    monkeypatch.setattr(server.os, "environ", environment)
    with pytest.raises(ServerUnusable) as caught, prefect_server(tmp_path):
        pass
    assert said in caught.value.message
    assert "hunter2" not in caught.value.message
    assert caught.value.hint == "correct it, then run the same command again"


@pytest.mark.parametrize("blocked", ["prefect", "prefect/log"])
def test_a_state_folder_that_cannot_be_written_is_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blocked: str
) -> None:
    if blocked == "prefect":
        place = tmp_path / "prefect"
        place.write_text("no folder", encoding="utf-8")
    else:
        place = tmp_path / "prefect" / f"temporary-server-{os.getpid()}.log"
        place.mkdir(parents=True)
    with pytest.raises(StateUnusable, match=str(place)) as caught, prefect_server(tmp_path):
        pass
    assert "--state" in caught.value.hint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "corp.example"}, "corp.example,127.0.0.1,localhost"),
        ({"no_proxy": "a", "NO_PROXY": "b"}, "a,127.0.0.1,localhost"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_is_asked_for_this_machine(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: dict[str, str],
    after: str,
) -> None:
    environment.update(before)

    def stop_here(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(server.subprocess, "Popen", stop_here)
    with pytest.raises(KeyboardInterrupt), prefect_server(tmp_path):
        pass
    assert environment["NO_PROXY"] == after
    assert environment.get("no_proxy", after) == after


@pytest.mark.usefixtures("environment")
def test_a_server_that_is_not_needed_after_all_is_gone_at_once(tmp_path: Path) -> None:
    """Its address is known before it answers, so that a command can go on while it starts."""
    with starting_server(tmp_path) as starting:
        port = urlsplit(starting.address).port
        with socket.create_connection(("127.0.0.1", port or 0), 5):
            pass  # its socket listens already
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0), 5)
    assert list((tmp_path / "prefect").glob("*.log")) == [], "nothing went wrong, so nothing is kept"


def test_a_server_that_ends_while_it_starts_is_told(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.sys, "executable", "/bin/false")
    with pytest.raises(ServerUnusable, match="did not start") as caught, starting_server(tmp_path) as child:
        child.await_start()
    assert "PREFECT_API_URL" in caught.value.hint


def test_a_database_is_migrated_once_for_a_version_of_prefect(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def next_server() -> str | None:
        """What the next server is told about migrations."""
        given: list[dict[str, str]] = []

        def stop_here(*_: Any, env: dict[str, str], **__: Any) -> Any:
            given.append(env)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(server.subprocess, "Popen", stop_here)
            with pytest.raises(KeyboardInterrupt), starting_server(tmp_path):
                pass
        return given[0].get("PREFECT_SERVER_DATABASE_MIGRATE_ON_START")

    home = tmp_path / "prefect"
    assert next_server() is None
    server._note_migrated(home)
    assert next_server() is None, "there is no database yet"
    (home / "prefect.db").touch()
    server._note_migrated(home)
    assert next_server() == "false"
    environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = "postgresql+asyncpg://elsewhere"
    assert next_server() is None, "another database is used"
    del environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    monkeypatch.setattr(server, "version", lambda _: "99")
    assert next_server() is None, "Prefect was upgraded"
