"""Places for the state that all keep to one contract: a folder, S3, and S3 with faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.aws_account import ServedAccounts
from support.places import FAULTS, LEASE_S, Place, Seat

from configs.state import StateSettings
from runs.stores import registry
from runs.stores.folder import FolderStore
from runs.stores.opening import open_shared
from runs.stores.registry import store_of


@pytest.fixture
def settings(
    served: ServedAccounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StateSettings]:
    """An empty prefix of a bucket, which the environment leads to."""
    accounts = served.as_new(tmp_path)
    for name, value in accounts.environment.items():
        monkeypatch.setenv(name, value)
    accounts.client("s3").create_bucket(Bucket="state")
    yield StateSettings.model_validate({"address": "s3://state/all/plans", "lease": f"{LEASE_S}s"})
    served.forget()


@pytest.fixture(params=["folder", "s3", "s3 with faults"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Each of the three."""
    monkeypatch.setattr(registry, "_opened", {})
    if request.param == "folder":
        yield Place("folder", lambda: Seat(tmp_path / "state", FolderStore()))
        return
    settings: StateSettings = request.getfixturevalue("settings")
    yield from _shared(request, settings, tmp_path)


def _shared(request: pytest.FixtureRequest, settings: StateSettings, tmp_path: Path) -> Iterator[Place]:
    served: ServedAccounts = request.getfixturevalue("served")
    machines = iter(range(100))

    def seat() -> Seat:
        folder = open_shared(settings, tmp_path / f"machine-{next(machines)}")
        return Seat(folder, store_of(folder))

    if request.param == "s3 with faults":
        served.faults.install(7, FAULTS)
    yield Place(request.param, seat)
    served.faults.install(0, None)
