"""Fixtures of unit tests: fake domains, a clock that does not wait, no network, one Prefect server."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import prefect_server as prefect
from support import quick_libraries
from support.aws_account import ServedAccounts, served_accounts
from support.building import Clock
from support.fake_domain import FakeDomain, fake_domain

quick_libraries.remember()
settings.register_profile("untimed", deadline=None)  # how long an example takes is not what a test is about
settings.load_profile("untimed")
os.environ.pop("COLUMNS", None)  # set for a child process of pytest; what has no terminal has no width
gc.set_threshold(50_000, 20, 50)  # looking for garbage would be an eighth of the time


@pytest.fixture(scope="session")
def _servers() -> Iterator[tuple[FakeDomain, FakeDomain]]:
    """Two servers for all tests, because starting them takes time."""
    with fake_domain() as one, fake_domain() as two:
        yield one, two


@pytest.fixture(scope="session")
def served() -> Iterator[ServedAccounts]:
    """The server of two AWS accounts, one for all tests."""
    with served_accounts() as served:
        yield served


@pytest.fixture
def source(_servers: tuple[FakeDomain, FakeDomain]) -> FakeDomain:
    """A fresh fake source."""
    _servers[0].reset()
    return _servers[0]


@pytest.fixture
def target(_servers: tuple[FakeDomain, FakeDomain]) -> FakeDomain:
    """A fresh fake target."""
    _servers[1].reset()
    return _servers[1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock for retries of reads: pauses are recorded and take no time."""
    from domains.http import retry

    made = Clock()
    defaults: Any = retry.retry_transient.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", made.sleep)
    monkeypatch.setitem(defaults, "clock", made)
    return made


@pytest.fixture(scope="session", autouse=True)
def _nobody_pulls_the_plug() -> Iterator[None]:
    """Skip fsync: files outlive a killed process anyway, and waiting for the disk takes time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _secrets_of_this_test_only() -> Iterator[None]:
    """The password of one test is an ordinary word in the next."""
    from domains.known_secrets import forget_secrets

    forget_secrets()
    yield
    forget_secrets()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a held lock almost at once."""
    monkeypatch.setattr("runs.lock._PAUSE_S", 0.001)


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No AWS account: no keys in the environment, no files, no instance role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Refuse every connection and name lookup, and list the attempts; not those of earlier tests' threads."""
    attempted: list[Any] = []
    earlier = {*threading.enumerate()} - {threading.current_thread()}

    def refuse(*arguments: Any, **_: Any) -> Any:
        if threading.current_thread() not in earlier:
            attempted.append(arguments)
        raise AssertionError(f"a connection was attempted: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    return attempted


class _Prefect:
    """One Prefect server for all tests that run a flow."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._thread = ThreadPoolExecutor(1)
        self._address: Future[str] | None = None

    def start(self) -> None:
        """Start it in the background."""
        if self._address is None:
            self._address = self._thread.submit(self._started)

    def _started(self) -> str:
        folder = self._stack.enter_context(TemporaryDirectory(prefix="snapferry-prefect-"))
        return self._stack.enter_context(prefect.prefect_server(Path(folder))).address

    def address(self) -> str:
        """Its API's address, once it answers."""
        self.start()
        assert self._address
        return self._address.result()

    def stop(self) -> None:
        """Stop it, if it was started."""
        if self._address:
            self._address.exception()
        self._thread.shutdown()
        self._stack.close()


_prefect = _Prefect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For several processes: one takes a whole module, or all tests that need the same server or browser."""
    for item in items:
        needed = {"prefect_server", "browser"}.intersection(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group(*needed or [item.nodeid.partition("::")[0]]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the Prefect server while the other tests run; of several, the process that needs it does."""
    gc.freeze()  # modules are no garbage
    if session.config.option.collectonly or "PYTEST_XDIST_WORKER" in os.environ:
        return
    if any("prefect_server" in getattr(item, "fixturenames", ()) for item in session.items):
        _prefect.start()


def pytest_sessionfinish() -> None:
    """Stop the Prefect server."""
    _prefect.stop()


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[str]:
    """A Prefect server's address. Do not import Prefect earlier: it reads its settings at import."""
    address = _prefect.address()
    with prefect.prefect_client(address):
        yield address
