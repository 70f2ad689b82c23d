"""The table of the AWS guide: each sentence has a command and a test that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from snapferry.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guide-coverage.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| the guide")
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:50] for row in ROWS])
def test_each_sentence_has_its_command_and_its_test(row: list[str]) -> None:
    sentence, command, named = row[:3]
    assert sentence and command
    file, _, test = named.strip("`").partition("::")
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), named


def commands() -> list[str]:
    quoted = (each for row in ROWS for each in re.findall(r"`(snapferry [^`]+)`", row[1]))
    return sorted(set(quoted))


@pytest.mark.slow
@pytest.mark.parametrize("line", commands())
def test_each_command_exists_with_its_options(line: str) -> None:
    _, *words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, given - known


def test_there_is_a_row_for_each_part_of_the_page() -> None:
    assert len(ROWS) >= 45
    assert all(all(row[:3]) for row in ROWS)
