"""The Prefect server that a command uses: the named one, and what keeps a temporary one from starting."""

from __future__ import annotations

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


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404])
def test_a_server_that_answers_anything_is_one(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{source.endpoint}/api")
    source.on("GET /api/health", Reply(status, ""))
    with prefect_server(tmp_path) as address:
        assert address == f"{source.endpoint}/api"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reply", [Reply(500, ""), Reply(503, ""), Reply(then="reset")])
def test_a_server_that_fails_is_named(
    source: FakeDomain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reply: Reply
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"{source.endpoint}/api")
    source.on("GET /api/health", reply)
    with pytest.raises(ServerUnusable, match=source.endpoint), prefect_server(tmp_path):
        pass


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
