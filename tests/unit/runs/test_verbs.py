"""What differs between the verbs is what the command line and the documents say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from configs.gates import Gate
from runs.verbs import Verb
from snapferry.main import app

ROOT = Path(__file__).resolve().parents[3]
COMMANDS: Any = typer.main.get_command(app)
WITH_RUNS = [verb for verb in Verb if verb is not Verb.PREVIEW]


@pytest.mark.parametrize("verb", WITH_RUNS)
def test_the_command_that_resumes_a_run_can_be_given(verb: Verb) -> None:
    program, name, file, *options = shlex.split(verb.command)
    assert (program, name, file) == ("snapferry", verb, "PLAN")
    known = {option for parameter in COMMANDS.commands[name].params for option in parameter.opts}
    assert set(options) <= known


def test_each_gate_is_passed_by_the_verb_that_the_documents_name() -> None:
    text = (ROOT / "docs" / "gates-and-hooks.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `(before-\w+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert [(gate, verb) for verb in Verb for gate in verb.gates] == shown
    assert [gate for gate, _ in shown] == list(get_args(Gate))


def test_every_verb_has_its_row() -> None:
    assert {verb.label for verb in Verb} == {"Migration", "Rehearsal", "Seed round", "Cutover", "Preview"}
    assert [verb for verb in Verb if verb.is_round] == [Verb.SEED, Verb.CUTOVER]
