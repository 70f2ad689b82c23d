"""Every answer that the front door makes up: as the facts quote the service, or marked as a guess.

`tests/fixtures/answers/*.json` hold what was seen, read or documented (grades A, E, R), with the words that
the source itself has (`quoted`). `guesses.json` there names the others, and the words of their row in the
table of docs/lab.md.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lab.door
import lab.manners
from lab.door.answers import Answer

FOLDER = Path(__file__).parents[2] / "fixtures" / "answers"
DOCS = Path(__file__).parents[3] / "docs" / "lab.md"
FIXTURES = sorted(path for path in FOLDER.glob("*.json") if path.stem != "guesses")
GUESSES: dict[str, str] = json.loads((FOLDER / "guesses.json").read_text(encoding="utf-8"))
KNOWN = {"A", "E", "R"}
BUILDERS = {"lab.door.answers:json_answer"}  # an envelope for any body: it says nothing by itself
MARK = re.compile(r"\bguess|\bgrade [KU]\b")


def answering() -> Iterator[tuple[str, Callable[..., Answer]]]:
    """All public functions of the front door that make an answer, as `module:function`."""
    modules = (
        *pkgutil.iter_modules(lab.door.__path__, "lab.door."),
        *pkgutil.iter_modules(lab.manners.__path__, "lab.manners."),
    )
    for found in modules:
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == found.name and not name.startswith("_")
            if own and typing.get_type_hints(function).get("return") is Answer:
                yield f"{found.name}:{name}", function


ANSWERING = dict(answering())


def fixture(path: Path) -> dict[str, typing.Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_an_answer_is_what_the_facts_quote(path):
    wanted = fixture(path)
    assert wanted["grade"] in KNOWN
    answer = ANSWERING[wanted["answer"]](**wanted["arguments"])
    text = answer.body.decode()
    got = text if isinstance(wanted["body"], str) else json.loads(text)
    assert (answer.status, got) == (wanted["status"], wanted["body"])
    missing = [words for words in wanted["quoted"] if words not in text]
    assert wanted["quoted"] and not missing


@pytest.mark.parametrize("name", sorted(set(ANSWERING) - BUILDERS))
def test_an_answer_is_known_or_said_to_be_a_guess(name):
    seen = any(fixture(path)["answer"] == name for path in FIXTURES)
    said = MARK.search(inspect.getdoc(ANSWERING[name]) or "") is not None
    assert seen or (said and name in GUESSES), f"{name} has no fixture, and is not marked as a guess"
    assert not (seen and name in GUESSES), f"{name} has a fixture: it is no guess"


def test_a_guess_is_about_an_answer_there_is():
    assert set(GUESSES) <= set(ANSWERING)


def test_the_documentation_says_what_is_a_guess():
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    marked = [line for line in rows if "guess" in line]
    assert [words for words in GUESSES.values() if not any(words in row for row in marked)] == []
