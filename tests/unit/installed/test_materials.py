"""What comes with the wheel: known, with licences that we accept, and hashes that anybody can compare."""

from __future__ import annotations

import json
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from releasing.installing import ROOT, CleanEnvironment
from releasing.licences import is_accepted, licences_in
from releasing.sbom import bill_of_materials

pytestmark = pytest.mark.slow

# In pieces, so that this file is none that it finds.
REGISTRIES = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("maven", "org"),
        ("golang", "org"),
        ("debian", "org"),
    )
)
SKIPPED = {".venv", ".git", "dist", "build", "site", ".soak", "__pycache__", "node_modules"}


@pytest.fixture(scope="module")
def materials(light: CleanEnvironment, wheel: Path) -> dict[str, Any]:
    """The bill of materials."""
    return bill_of_materials(light, wheel)


def test_every_package_has_a_licence_that_we_accept(light: CleanEnvironment) -> None:
    found = licences_in(light.packages)
    assert len(found) > 50
    assert [each for each in found if not is_accepted(each.licence)] == []


def test_the_bill_lists_every_package_that_is_installed(
    materials: dict[str, Any], light: CleanEnvironment
) -> None:
    there = {each.metadata["Name"] for each in distributions(path=[str(light.packages)])}
    assert {each["name"] for each in materials["components"]} == there - {"snapferry"}
    about = materials["metadata"]["component"]
    assert (about["name"], about["hashes"][0]["alg"]) == ("snapferry", "SHA-256")


def test_every_package_of_the_bill_has_the_hashes_of_the_lock(materials: dict[str, Any]) -> None:
    without = [
        each["name"]
        for each in materials["components"]
        if not any(reference.get("hashes") for reference in each["externalReferences"])
    ]
    assert without == []


def test_the_bill_has_the_form_of_the_standard(materials: dict[str, Any]) -> None:
    """Of a few packages, which are as good as all: it takes a tenth of a second for each."""
    few = materials["components"][:4]
    references = {each["bom-ref"] for each in few} | {materials["metadata"]["component"]["bom-ref"]}
    depending = [{"ref": each["ref"]} for each in materials["dependencies"] if each["ref"] in references]
    part = {**materials, "components": few, "dependencies": depending}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(part)) is None


def test_no_file_names_the_host_of_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in _files(ROOT)
        for host in REGISTRIES
        if host in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for each in folder.iterdir():
        if each.is_dir() and each.name not in SKIPPED and not each.name.startswith("."):
            found += _files(each)
        elif each.is_file():
            found.append(each)
    return found
