"""Several runs of pytest at once share the lab's tests: whoever is done with a module takes the next one.

So all end at about the same time, whatever takes how long on this machine. They share the folder that the
environment names: a module is taken by whoever makes its file there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path

import pytest

VARIABLE = "SNAPFERRY_TEST_TURNS"
LONGEST = (
    "matrix", "window", "cutover", "accounts", "documents", "metadata", "renamed", "guide_twins", "checks",
    "abort", "fleet",
    "prefect_workers", "cutover_meddled", "migrate", "rehearse", "old_state", "prefect", "faults",
    "planned_requests", "tail_attacks", "tail_kills", "tail_nodes", "tail_engines", "verify", "repair",
    "service_manners",
    "kill", "finish", "lab_lifetime", "lab_nodes", "conflicts", "gates", "saved_plans", "operations",
    "policies", "lab_plugins", "snapshot_source", "self_managed_source", "advise", "installed",
)  # fmt: skip
"""They come first, so that no long one is left when the other runs have nothing more to take."""


def shared() -> Path | None:
    """The folder that the runs share; None for a run that is alone."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def run(session: pytest.Session, folder: Path) -> None:
    """Runs the tests whose turn comes, as pytest's own loop does with all."""
    for item, following in pairwise(chain(_taken(session.items, folder), (None,))):
        assert item is not None
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)


def _taken(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """The tests of each module that nobody else has taken. It is taken when its first test is asked for."""
    for path, tests in groupby(sorted(items, key=_place), key=lambda item: item.path):
        try:
            (folder / path.name).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


def _place(item: pytest.Item) -> tuple[int, str]:
    """Where its module stands; tests of one module stay in their order."""
    name = item.path.stem.removeprefix("test_")
    return LONGEST.index(name) if name in LONGEST else len(LONGEST), name
