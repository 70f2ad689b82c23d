"""What unit tests share: fakes of a domain, time that does not pass, and a wall against connections."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.building import Clock
from support.fake_domain import FakeDomain, fake_domain


@pytest.fixture
def source() -> Iterator[FakeDomain]:
    """A fake source."""
    with fake_domain() as server:
        yield server


@pytest.fixture
def target() -> Iterator[FakeDomain]:
    """A fake target."""
    with fake_domain() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time for retries of reads: their pauses are noted, and take none."""
    from domains import retry

    made = Clock()
    defaults: Any = retry.repeated.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", made.sleep)
    monkeypatch.setitem(defaults, "clock", made)
    return made


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An account of nobody: no keys in the environment, no files, no instance role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Refuses every connection and name lookup, and lists what was attempted."""
    attempted: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> Any:
        attempted.append(arguments)
        raise AssertionError(f"a connection was attempted: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    return attempted


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One temporary Prefect server for all tests that run a flow; Prefect must not be imported before."""
    from flows.server import prefect_server as temporary

    assert "prefect" not in sys.modules, "imported too early: its settings are read at import"
    with ExitStack() as stack:
        address = stack.enter_context(temporary(tmp_path_factory.mktemp("prefect")))
        yield address
