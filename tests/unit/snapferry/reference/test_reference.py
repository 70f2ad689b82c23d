"""The pages that are made from the code: current, and whole."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from snapferry.main import VERBS
from snapferry.reference.files import generated
from snapferry.reference.man_page import man_page
from snapferry.reference.verb_pages import VerbPage
from snapferry.verb import VerbGroup

ROOT = Path(__file__).resolve().parents[4]
GENERATED = generated()
MAN = GENERATED["docs/man/snapferry.1"]
MACROS = {".TH", ".SH", ".SS", ".B", ".PP", ".TP", ".EX", ".EE"}


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_current(name: str) -> None:
    made_anew = "write it anew: python -m snapferry.reference"
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name], made_anew


def test_the_manual_page_has_a_section_for_each_verb() -> None:
    sections = {each.replace("\\-", "-") for each in re.findall(r"^\.SS snapferry (.*)$", MAN, re.MULTILINE)}
    tops = [verb for verbs in VERBS.values() for verb in verbs]
    below = {f"{top.name} {each.name}" for top in tops if isinstance(top, VerbGroup) for each in top.verbs}
    assert sections == {top.name for top in tops} | below


def test_the_manual_page_has_only_macros_that_every_reader_knows() -> None:
    used = {line.split()[0] for line in MAN.splitlines() if line.startswith((".", "'"))}
    assert used <= MACROS


def test_text_is_shown_as_it_is() -> None:
    page = VerbPage("snapferry odd", "[OPTIONS]", (".hidden and 'quoted' \\n --all",), (), (), (), ())
    text = man_page([page, page])
    assert "\n\\&.hidden and 'quoted' \\en \\-\\-all\n" in text


def test_a_reader_of_manual_pages_finds_no_fault() -> None:
    groff = shutil.which("groff")
    if groff is None:  # the tests above say as much as can be said without it
        return
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8"], input=MAN, capture_output=True, text=True, check=True
    )
    assert done.stderr == "" and "EXIT STATUS" in re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)
