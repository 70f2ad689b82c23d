"""Every journal that these tests write keeps to the state model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.phases import unlisted, watched_phases


@pytest.fixture(autouse=True)
def _only_listed_edges() -> Iterator[None]:
    with watched_phases() as taken:
        yield
    assert not unlisted(taken)
