"""The pages that are made from the code: current, and whole."""

import inspect
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import domains.errors
from configs.checks import IDS
from configs.schema import plan_schema
from snapferry.exit_codes import ExitCode
from snapferry.main import VERBS
from snapferry.reference.files import generated
from snapferry.reference.man_page import man_page
from snapferry.reference.markdown import plain
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


def test_every_key_of_the_schema_is_in_the_reference() -> None:
    keys = set(re.findall(r"^\| `([^`]+)` \|", GENERATED["docs/reference/plan-keys.md"], re.MULTILINE))
    assert {"source.auth (sigv4).role_arn", "verify.queries.index", "gates.NAME", "cutover.window"} <= keys
    names = {part for key in keys for part in re.sub(r" \(\w+\)", "", key).split(".")}
    assert sorted(set(_names(plan_schema())) - names) == []


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            names = value if key == "properties" else ()
            yield from (name for name in names if name != "type" or "const" not in names[name])
            yield from _names(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)


def test_a_default_is_written_as_a_plan_would_say_it() -> None:
    row = next(
        line for line in GENERATED["docs/reference/plan-keys.md"].splitlines() if "`cutover.window`" in line
    )
    assert row.split(" | ")[2] == "`1h`"


def test_every_class_of_errors_is_in_the_reference_with_what_it_advises() -> None:
    text = GENERATED["docs/reference/errors.md"]
    families = re.findall(r"[├└]── (\w+)", inspect.getdoc(domains.errors) or "")
    assert len(families) > 15 and [name for name in families if f"| `{name}` |" not in text] == []
    assert "| SOURCE and TARGET are one domain | leave TARGET out" in text


def test_every_check_and_exit_code_is_in_the_reference() -> None:
    assert [id for id in IDS if f"[{id}](../checks.md#" not in GENERATED["docs/reference/checks.md"]] == []
    codes = re.findall(r"^\| (\d) \|", GENERATED["docs/reference/exit-codes.md"], re.MULTILINE)
    assert codes == [str(code.value) for code in ExitCode]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a_b *c* <d>", r"a\_b \*c\* \<d\>"), ("see `a_b` and c_d", r"see `a_b` and c\_d"), ("a`b", r"a\`b")],
)
def test_what_is_no_markup_is_shown_as_it_is(text: str, shown: str) -> None:
    assert plain(text) == shown
