"""Commands that texts name, filled in so that they can be pasted; and how a command was called."""

from __future__ import annotations

import ast
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runs.commands import Called, called_with, command, in_full, quoted, quoted_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("configs", "domains", "runs", "tasks", "reports", "flows", "snapferry")
CALLED = Called(verb="status", plan="my plans/a'b.yaml", state="my state")
NOT_TOLD = {"PLAN", "snapferry"}
"""Whole strings: the name of an argument, and the parts of which `command` makes a text."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("snapferry abort PLAN --execute", "snapferry abort {} --execute"),
        ("see `snapferry status PLAN`, then wait", "see `snapferry status {}`, then wait"),
        ("snapferry access apply PLAN --only caller", "snapferry access apply {} --only caller"),
        ("a: snapferry plan PLAN; or snapferry seed PLAN.", "a: snapferry plan {}; or snapferry seed {}."),
        ("`snapferry verify` compares again", "`snapferry verify {}` compares again"),  # of an old journal
        ("removed by `snapferry abort`", "removed by `snapferry abort`"),
        ("the PLANS of snapferry abort PLANS", "the PLANS of snapferry abort PLANS"),
    ],
)
def test_a_command_in_a_text_is_one_that_can_be_pasted(text: str, shown: str) -> None:
    place = "'my plans/a'\"'\"'b.yaml' --state 'my state'"
    assert in_full(text, CALLED) == shown.format(place, place)
    assert shlex.split(place) == [CALLED.plan, "--state", CALLED.state]


def test_a_saved_plan_is_saved_again_in_its_own_file() -> None:
    shown = in_full("`snapferry plan PLAN --new-run -o PLAN`", Called(plan="a b.saved", state="s"))
    assert shown == "`snapferry plan 'a b.saved' --state s --new-run -o 'a b.saved'`"


def test_without_a_plan_a_text_stays_as_it_is() -> None:
    assert in_full("snapferry abort PLAN", None) == in_full("snapferry abort PLAN", Called(verb="lab"))


def test_a_deployment_is_run_again_and_its_commands_name_the_copy_of_its_plan() -> None:
    text = "run the same command again; or snapferry abort PLAN --execute"
    shown = in_full(text, Called(plan="/state/plan.yaml", state="/state"))
    assert shown == (
        "run the deployment again with the same parameters; "
        "or snapferry abort /state/plan.yaml --state /state --execute"
    )


@pytest.mark.parametrize(
    ("arguments", "plan", "options"),
    [
        (["./p.yaml", "--execute"], "./p.yaml", ("--execute",)),
        (["--state", "s", "p.yaml", "--allow-delete", "a b"], "p.yaml", ("--allow-delete", "a b")),
        (["--state=s", "--json", "p.yaml"], "p.yaml", ()),
        (["p.yaml", "before-restore"], "p.yaml", ("before-restore",)),
    ],
)
def test_a_command_remembers_its_plan_and_its_options_as_they_were_given(
    arguments: list[str], plan: str, options: tuple[str, ...]
) -> None:
    state = "s" if any("--state" in each for each in arguments) else None
    called = called_with("migrate", arguments, "p.yaml", state)
    assert (called.plan, called.state or None, called.options) == (plan, state, options)


def test_the_command_that_resumes_a_run_starts_no_other_one() -> None:
    called = Called(verb="seed", plan="p", options=("--new-run", "--allow-partial", "--execute"))
    assert called.again == "snapferry seed PLAN --allow-partial --execute"
    assert command("rehearse", "--only", "a*") == "snapferry rehearse PLAN --only 'a*'"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "word",
    [
        "plain.yaml", "a b", "o'b$(x)`y`;z", "größe-日本", "a\u200bb", "a\nb", "back\\'\u202e", "\x1b[31m",
        "pl\udce4n.yaml",  # a name that is no UTF-8, as Python keeps it
        "gr\udcc3\udcbcn",  # a name in UTF-8, as Python keeps it in an ASCII locale
    ],
)  # fmt: skip
def test_a_shell_takes_each_word_for_what_it_is(
    word: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is in it, it is shown as it can be pasted."""
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", screen)
        line = command("plan", "--allow-delete", word).removeprefix("snapferry plan PLAN --allow-delete ")
    assert line.encode(encoding) and line.isprintable() and "\u200b" not in line
    taken = subprocess.run(["bash", "-c", f"printf %s {line}"], capture_output=True, check=True).stdout
    assert taken == word.encode("utf-8", "surrogateescape")


def test_no_file_is_taken_for_an_option() -> None:
    called = Called(plan="-p.yaml", state="-s")
    assert in_full("snapferry plan PLAN -o PLAN", called) == (
        "snapferry plan ./-p.yaml --state ./-s -o ./-p.yaml"
    )
    assert (quoted_file("p"), quoted("-p")) == ("p", "-p")


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in this module that is no docstring; `{}` stands for what an f-string fills in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(getattr(part, "value", "{}") for part in map(_constant, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | alone:
            yield node.lineno, node.value


def _constant(part: ast.expr) -> ast.expr | None:
    return part if isinstance(part, ast.Constant) else None


def _unfilled(path: Path) -> list[str]:
    """Texts of a module that would reach a user with a placeholder, or with words instead of a command."""
    found = ((line, in_full(text, CALLED)) for line, text in _texts(path) if text not in NOT_TOLD)
    left = re.compile(r"\bsnapferry\b.*\bPLAN\b|-o FILE\b|and the same options")
    return [f"{path.name}:{line}: {text}" for line, text in found if left.search(text)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_text_reaches_a_user_with_a_placeholder(room: str) -> None:
    found = [each for path in sorted((ROOT / room).rglob("*.py")) for each in _unfilled(path)]
    assert found == []


def test_a_placeholder_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        '"""snapferry plan of PLAN"""\na = f"snapferry lab {b} PLAN"\nb = "snapferry plan PLAN"\n'
    )
    assert _unfilled(file) == ["x.py:2: snapferry lab {} PLAN"]
