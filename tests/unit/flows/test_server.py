"""The Prefect server that a command uses: the named one, and what keeps a temporary one from starting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.fake_domain import FakeDomain, Reply

from flows.prefect_runtime import server
from flows.prefect_runtime.server import ServerUnusable, prefect_server
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
