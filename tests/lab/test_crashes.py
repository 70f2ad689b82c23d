"""A sample of the crash matrix (`make soak JOB=crashes`): the same command comes to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from migrations import engine

from lab.description import LabDescription
from tests.soak.crashes import SAME, Blow, Commands, Matrix, end_of, unlike
from tests.soak.scene import Scene


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    started = Commands()
    yield started
    started.end()


@pytest.fixture
def scene(clean_lab: LabDescription, tmp_path: Path) -> Scene:
    return Scene(clean_lab, tmp_path)


@pytest.mark.parametrize(
    ("verb", "share"), [("migrate", 0.55), pytest.param("cutover", 0.7, marks=pytest.mark.soak)]
)
def test_killed_anywhere_the_same_command_comes_to_the_same_end(
    verb: str, share: float, scene: Scene, commands: Commands
) -> None:
    """`share` is the point, as a share of all."""
    matrix = Matrix(scene, commands, verb)
    matrix.undisturbed()
    row = matrix.row(f"{share:.0%}", Blow("at", round(share * matrix.points)))
    assert row["verdict"] == SAME, row


def test_with_the_disk_full_it_says_so_and_the_same_command_comes_to_the_same_end(
    scene: Scene, commands: Commands
) -> None:
    matrix = Matrix(scene, commands, "migrate")
    matrix.undisturbed()
    row = matrix.row("half", Blow("full", round(0.5 * matrix.writes)))
    assert row["verdict"] == SAME, row
    assert row["exits"].split()[0] not in ("0", "killed"), row
    desk = matrix.begin("lost")
    assert desk.run("migrate", "--execute").code == 0
    engine(scene.lab, "target", "DELETE", "/first/_doc/1?refresh=true")
    assert unlike(matrix.end, end_of(desk)), "a lost document is another end"
