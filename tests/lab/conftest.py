"""One lab for the whole session: starting two engines is what costs."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import turns
from identities import Identities
from migrations import Desk
from pairs import NEW
from requests_aws4auth import AWS4Auth
from support import quick_libraries
from support.prefect_server import prefect_client, prefect_server

from lab.description import LabDescription
from lab.engines import class_archive
from lab.filling.load import load
from lab.manager import attached
from lab.reset import reset

Call = Callable[..., requests.Response]
quick_libraries.remember()
gc.set_threshold(50_000, 20, 50)  # as for unit tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the lab."""
    for item in items:
        if "/tests/lab/" in str(item.path):
            item.add_marker(pytest.mark.lab)


def pytest_collection_finish() -> None:
    """Modules are no garbage."""
    gc.freeze()


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """`make lab-test` starts several runs, which share the tests."""
    folder = turns.shared()
    if folder is None or session.config.option.collectonly or session.testsfailed:
        return None
    turns.run(session, folder)
    return True


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabDescription]:
    """A running lab, ended with the session however that ends."""
    class_archive.make(NEW)  # most of the tests' nodes are of this version
    with attached(tmp_path_factory.mktemp("lab") / "home") as description:
        yield description


@pytest.fixture
def clean_lab(lab: LabDescription) -> LabDescription:
    """The lab, as new."""
    reset(lab)
    return lab


@pytest.fixture
def call(lab: LabDescription) -> Call:
    """Signed requests as a script of the guide's reader would send them: `call("source", "GET", "/")`."""

    def send(side: str, method: str, path: str, body: Any = None, **wrong: str) -> requests.Response:
        domain = lab.domain(side)
        auth = AWS4Auth(
            wrong.get("key", lab.access_key_id),
            wrong.get("secret", lab.secret_access_key),
            wrong.get("region", domain.region),
            wrong.get("service", "es"),
            session_token=wrong.get("token"),
        )
        return requests.request(method, domain.endpoint + path, json=body, auth=auth, timeout=60)

    return send


@pytest.fixture
def identities(lab: LabDescription) -> Iterator[Identities]:
    """Users and roles in the lab's account, taken away after the test."""
    made = Identities(lab)
    yield made
    made.remove()


@pytest.fixture
def s3_repository(lab: LabDescription) -> Callable[..., dict[str, Any]]:
    """The body of a registration: `s3_repository(region="us-east-1")`."""

    def body(**settings: Any) -> dict[str, Any]:
        common = {"bucket": lab.bucket, "base_path": "guide", "role_arn": lab.role_arn}
        return {"type": "s3", "settings": common | settings}

    return body


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Prefect server keeps its database."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def prefect_address(prefect_home: Path) -> Iterator[str]:
    """One Prefect server for the session, for the tests that need one: it takes a while to start."""
    with prefect_server(prefect_home) as server, prefect_client(server.address):
        yield server.address


@pytest.fixture
def desk(clean_lab: LabDescription, tmp_path: Path) -> Desk:
    """A user at an empty lab."""
    return Desk(clean_lab, tmp_path)


@pytest.fixture
def watched_desk(desk: Desk, prefect_address: str) -> Desk:
    """The same with a Prefect server, which shows the runs."""
    return replace(desk, prefect=prefect_address)


@pytest.fixture
def filled_desk(desk: Desk) -> Desk:
    """A user at a lab whose source holds one index of every kind."""
    load(desk.lab, documents=4000)
    return desk
