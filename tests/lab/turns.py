"""Several runs of pytest at once share the lab's tests: whoever is done with a module takes the next one.

So all end at about the same time, whatever takes how long on this machine. They share the folder that the
environment names: a turn, mostly a module, is taken by whoever makes its file there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path

import pytest

VARIABLE = "SNAPFERRY_TEST_TURNS"
LONGEST = (
    "matrix", "window", "cutover", "accounts", "documents", "prefect_workers", "abort", "cutover_meddled",
    "tail_attacks", "tail_kills", "prefect", "migrate", "faults", "checks",
    "way_back", "crashes", "metadata", "renamed", "guide_twins", "shared_state", "fleet",
    "rehearse", "old_state", "installed", "planned_requests", "reads_only", "conflicts", "verify", "repair",
    "service_manners", "finish", "operations", "lab_nodes", "lab_lifetime", "kill", "saved_plans", "tail",
    "snapshot_source", "queries", "watching", "policies", "lab_plugins", "self_managed_source", "advise",
)  # fmt: skip
"""They come first, so that no long one is left when the other runs have nothing more to take."""
WITH_PREFECT = ("canaries", "gates", "prefect")


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
    """The tests of each turn that nobody else has taken. It is taken when its first test is asked for."""
    for turn, tests in groupby(sorted(items, key=_place), key=_turn):
        try:
            (folder / turn).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


def _place(item: pytest.Item) -> tuple[int, str, str]:
    """Where its turn stands, and its module in it; tests of one module stay in their order."""
    name = _turn(item)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST), name, item.path.stem


def _turn(item: pytest.Item) -> str:
    """A module, or those that share a Prefect server, which takes a while to start."""
    name = item.path.stem.removeprefix("test_")
    return "prefect" if name in WITH_PREFECT else name
