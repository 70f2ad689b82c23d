"""Two of the soaked histories: followed and cut over, one of them with a defect of a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.description import LabDescription
from tests.soak.scene import Scene
from tests.soak.tails import DONE, REFUSED, REPAIRED, drawn, tail_run

WHOLE, WITH_DEFECT = 18, 9
"""Seeds: clients that write until the source refuses them; a document changed that keeps its version."""


@pytest.fixture
def scene(clean_lab: LabDescription, tmp_path: Path) -> Scene:
    return Scene(clean_lab, tmp_path)


def test_a_history_is_followed_and_cut_over_whole(scene: Scene) -> None:
    assert drawn(scene, WHOLE).until == "cutover"
    row = tail_run(scene, WHOLE)
    assert row["verdict"] == DONE, row


def test_a_changed_document_of_a_copy_is_never_proved_equal(scene: Scene) -> None:
    assert drawn(scene, WITH_DEFECT).defect == "changed, same version"
    row = tail_run(scene, WITH_DEFECT)
    assert row["verdict"] in {REFUSED, REPAIRED}, row
