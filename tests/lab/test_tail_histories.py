"""One of the soaked histories (`make soak JOB=tail`): followed and cut over, with a defect of a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.description import LabDescription
from tests.soak.scene import Scene
from tests.soak.tails import REFUSED, REPAIRED, drawn, tail_run

WITH_DEFECT = 9
"""A seed: a document is changed and keeps its version."""


@pytest.fixture
def scene(clean_lab: LabDescription, tmp_path: Path) -> Scene:
    return Scene(clean_lab, tmp_path)


@pytest.mark.soak
def test_a_changed_document_of_a_copy_is_never_proved_equal(scene: Scene) -> None:
    assert drawn(scene, WITH_DEFECT).defect == "changed, same version"
    row = tail_run(scene, WITH_DEFECT)
    assert row["verdict"] in {REFUSED, REPAIRED}, row
