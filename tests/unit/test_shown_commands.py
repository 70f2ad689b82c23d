"""No command of README, tutorial and how-tos is forgotten: a test executes it, or the table says which other.

The tests in tests/lab execute whole pages. These see that all pages are among them, that the README shows
nothing else, and that the plans which are shown are plans.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from support.shown_commands import ELSEWHERE, ROOT, blocks, commands, fleets, pages, plans

from configs.loading.loader import load_plan

HOW_TOS = pages("docs/how-to/*.md")
EXECUTED = ["docs/tutorial.md", *HOW_TOS]
SHOWN = ["README.md", *EXECUTED]
LAB_TESTS = ("tests/lab/test_documents.py", "tests/lab/test_accounts.py")


@pytest.mark.parametrize("page", EXECUTED)
def test_a_test_in_the_lab_executes_the_page(page: str) -> None:
    texts = [(ROOT / file).read_text(encoding="utf-8") for file in LAB_TESTS]
    assert any(f'/{Path(page).name}"' in text for text in texts), f"nothing executes {page}"


def test_every_command_of_the_readme_is_one_that_is_executed() -> None:
    executed = {command.form for page in EXECUTED for command in commands(page)} | ELSEWHERE.keys()
    assert [command.text for command in commands("README.md") if command.form not in executed] == []


def test_nothing_is_in_the_table_that_no_page_shows() -> None:
    shown = {command.form for page in SHOWN for command in commands(page)}
    assert sorted(ELSEWHERE.keys() - shown) == []


@pytest.mark.parametrize("form", sorted(ELSEWHERE))
def test_what_the_table_names_is_there(form: str) -> None:
    file, _, said = ELSEWHERE[form].instead.partition("::")
    assert said in (ROOT / file).read_text(encoding="utf-8")
    assert ELSEWHERE[form].why


@pytest.mark.parametrize("page", HOW_TOS)
def test_the_plans_of_a_page_load_and_are_the_examples_of_their_names(page: str, tmp_path: Path) -> None:
    for name, plan in plans(page).items():
        shown, example = tmp_path / name, ROOT / "configs" / "plans" / name
        shown.write_text(yaml.safe_dump(plan), encoding="utf-8")
        load_plan(shown)
        if example.exists():
            assert plan == yaml.safe_load(example.read_text(encoding="utf-8")), f"{page} shows another {name}"


@pytest.mark.parametrize("page", HOW_TOS)
def test_the_commands_of_a_page_name_plans_that_are_there(page: str) -> None:
    known = {name for each in HOW_TOS for name in (*plans(each), *fleets(each))}
    made = {word for command in commands(page) for word in command.words[-1:] if "-o" in command.words}
    made |= {command.words[-1] for command in commands(page) if ">" in command.words}
    named = {word for command in commands(page) for word in command.words if word.endswith(".yaml")}
    assert named - made <= known


PAGE = """Do:

```sh
# a remark
one a.yaml \\
  b   # exits with 4: so
cat <<'END'
x
END
f() {
  y
}
```

```
said
```

```
of something else
```
"""


def test_commands_are_found_with_their_lines_codes_and_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.shown_commands.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    (found,) = blocks("page.md")
    assert [(command.text.split("\n"), command.code) for command in found.commands] == [
        (["one a.yaml \\", "  b   # exits with 4: so"], 4),
        (["cat <<'END'", "x", "END"], 0),
        (["f() {", "  y", "}"], 0),
    ]
    assert found.commands[0].form == "one *.yaml b"
    assert found.output == ("said",)
