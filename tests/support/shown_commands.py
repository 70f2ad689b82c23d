"""The commands, files and outputs that a page shows, found in its fenced blocks.

A block of ```sh holds commands, which a reader gives in their order. A comment at a command's end says how it
exits unless that is 0: `# exits with 4`. A block without a language right after one shows what is printed. A
block of ```yaml with a `source` is a plan; the file that it is called was named last before it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_EXITS = re.compile(r"#.*\bexits with (\d+)")
_HERE = re.compile(r"<<'?(\w+)'?")
_PLAN_FILE = re.compile(r"`([\w-]+\.yaml)`")


@dataclass(frozen=True)
class Command:
    """One command, as it is shown: with all its lines, and the exit code that it is said to have."""

    page: str
    text: str
    code: int = 0

    @property
    def words(self) -> list[str]:
        """Its words, without a comment."""
        return shlex.split(self.text, comments=True)

    @property
    def form(self) -> str:
        """The command whatever its files are called: two of one form do the same."""
        words = (re.sub(r"^[\w.-]+\.(yaml|html|json)$", r"*.\1", word) for word in self.words)
        return " ".join(" ".join(words).split())


@dataclass(frozen=True)
class Block:
    """The commands of one block, and the lines that are shown as their output."""

    commands: tuple[Command, ...]
    output: tuple[str, ...] = ()


def pages(pattern: str) -> list[str]:
    """The pages that fit a pattern, such as `docs/how-to/*.md`, as paths from the project's folder."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def blocks(page: str) -> list[Block]:
    """Its blocks of commands, in order."""
    found: list[Block] = []
    just_shown = False
    for language, text in _fenced(page):
        if language == "sh":
            found.append(Block(tuple(_commands(page, text))))
        elif not language and just_shown:
            found[-1] = Block(found[-1].commands, tuple(text.splitlines()))
        just_shown = language == "sh"
    return found


def commands(page: str) -> list[Command]:
    """All its commands, in order."""
    return [command for block in blocks(page) for command in block.commands]


def plans(page: str) -> dict[str, dict[str, Any]]:
    """The plans that it shows, by the names of their files."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = {}
    for fence in _FENCE.finditer(text):
        if fence[2] == "yaml" and "source" in (plan := yaml.safe_load(dedent(fence[3]))):
            found[_PLAN_FILE.findall(text[: fence.start()])[-1]] = plan
    return found


def fleets(page: str) -> dict[str, dict[str, Any]]:
    """The fleets that it shows, by the names of their files."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = {}
    for fence in _FENCE.finditer(text):
        if fence[2] == "yaml" and (shown := yaml.safe_load(dedent(fence[3]))).get("kind") == "fleet":
            found[_PLAN_FILE.findall(text[: fence.start()])[-1]] = shown
    return found


def _fenced(page: str) -> Iterator[tuple[str, str]]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return ((fence[2], dedent(fence[3])) for fence in _FENCE.finditer(text))


def _commands(page: str, text: str) -> Iterator[Command]:
    """A command goes on after a backslash, to the end of its here-document, or to the brace of a function."""
    lines = iter(text.splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        whole = [line]
        here = _HERE.search(line)
        end = here[1] if here else "}" if line.endswith("{") else None
        while (end and whole[-1] != end) or whole[-1].endswith("\\"):
            whole.append(next(lines))
        said = _EXITS.search("\n".join(whole))
        yield Command(page, "\n".join(whole), int(said[1]) if said else 0)


@dataclass(frozen=True)
class Elsewhere:
    """Why a command is not executed where its page is, and what executes it instead: `file::what it says`."""

    why: str
    instead: str


_RESTORED = "snapferry restore orders cs-automated-enc SNAPSHOT orders --rename orders=last-night"
_REGION = "--region us-east-1 --execute"
_LAST_NIGHT = Elsewhere(
    "the same three commands, on a domain of the lab and with the snapshot's real name",
    "tests/lab/test_operations.py::The README's own example: three commands.",
)
ELSEWHERE = {
    "make install": Elsewhere(
        "the tests run in what it has made: every target begins with it", "Makefile::test: $(READY)"
    ),
    "make demo": Elsewhere(
        "it starts a lab of its own; a test does that from the wheel",
        "tests/lab/test_installed.py::def test_the_demo_runs_to_its_end_without_a_checkout(",
    ),
    "source .venv/bin/activate": Elsewhere(
        "the tests name the environment's own commands", 'tests/lab/tutorial.py::with_name("snapferry")'
    ),
    "snapferry lab down": Elsewhere(
        "other tests still need the lab",
        "tests/lab/test_lab_lifetime.py::def test_the_command_from_up_to_a_killed_supervisor_and_down(",
    ),
    "snapferry init --source orders-old --target orders-new -o *.yaml": Elsewhere(
        "the names of the lab's domains lead nowhere",
        "tests/lab/test_init.py::def test_names_are_found_in_their_regions(",
    ),
    "snapferry snapshot list orders --region us-east-1": _LAST_NIGHT,
    f"{_RESTORED} {_REGION}": _LAST_NIGHT,
    f"snapferry index delete orders last-night {_REGION}": _LAST_NIGHT,
}
"""The only commands of README, tutorial and how-tos that are not executed as they stand, by their form."""
