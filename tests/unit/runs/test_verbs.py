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
    shown = re.findall(r"^\| `(before-\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    named = [(gate, verb) for gate, verbs in shown for verb in re.findall(r"`(\w+)`", verbs)]
    assert sorted(named) == sorted((gate, verb) for verb in Verb for gate in verb.gates)
    assert [gate for gate, _ in shown] == list(get_args(Gate))


def test_every_verb_has_its_row() -> None:
    labels = {"Migration", "Rehearsal", "Seed round", "Follow", "Cutover", "Fallback", "Preview"}
    assert {verb.label for verb in Verb} == labels
    assert [verb for verb in Verb if verb.is_round] == [Verb.SEED, Verb.FOLLOW, Verb.CUTOVER, Verb.FALLBACK]
    assert [verb for verb in Verb if verb.opens] == [Verb.CUTOVER, Verb.FALLBACK]
