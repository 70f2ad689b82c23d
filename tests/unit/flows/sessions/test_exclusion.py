"""What an unfinished cutover or fallback that may have frozen its side refuses, and what it lets resume."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import a_plan

from flows.sessions.begin_or_resume import Request, VerbRules, require_possible
from flows.sessions.options import RunOptions
from flows.sessions.verb_rules import CUTOVER, FALLBACK, FOLLOW, FOLLOW_BACK, SEED
from runs.begun_plan import exchanged
from runs.journal import Journal, WindowEntry, now
from runs.lifecycle import SERVE
from runs.state import State
from runs.verbs import Verb
from tasks.errors import PreconditionError


def frozen(state: Path, verb: Verb) -> Journal:
    """A run of the plan whose window no guard has given back."""
    plan = exchanged(a_plan()) if verb is Verb.FALLBACK else a_plan()
    run = State(state, "orders").begin(plan, verb)
    run.document.back = verb is Verb.FALLBACK
    run.document.window = WindowEntry(frozen=now(), deadline=now() + timedelta(hours=1))
    with run.intend("freeze", "source", "block", {"names": ["a"]}):
        pass
    run.settle("interrupted", "killed")
    return run


def asked(state: Path, rules: VerbRules) -> Journal | None:
    plan = exchanged(a_plan()) if rules.back else a_plan()
    return require_possible(Request(plan, RunOptions(state=state)), rules)


def test_a_fallback_that_was_killed_with_its_guard_is_resumed_by_the_same_command(tmp_path: Path) -> None:
    run = frozen(tmp_path, Verb.FALLBACK)
    found = asked(tmp_path, FALLBACK)
    assert found and found.run_id == run.run_id


@pytest.mark.parametrize("rules", [SEED, FOLLOW, FOLLOW_BACK])
def test_an_unfinished_fallback_refuses_what_would_write_beside_it(tmp_path: Path, rules: VerbRules) -> None:
    run = frozen(tmp_path, Verb.FALLBACK)
    with pytest.raises(PreconditionError, match="is unfinished") as refused:
        asked(tmp_path, rules)
    assert refused.value.message == f"fallback {run.run_id} of plan orders is unfinished"
    assert Verb.FALLBACK.command in refused.value.hint


def test_an_unfinished_cutover_refuses_a_fallback(tmp_path: Path) -> None:
    run = frozen(tmp_path, Verb.CUTOVER)
    with pytest.raises(PreconditionError, match="is unfinished") as refused:
        asked(tmp_path, FALLBACK)
    assert refused.value.message == f"cutover {run.run_id} of plan orders is unfinished"
    assert Verb.CUTOVER.command in refused.value.hint


def test_an_unfinished_fallback_refuses_a_cutover(tmp_path: Path) -> None:
    run = frozen(tmp_path, Verb.FALLBACK)
    with pytest.raises(PreconditionError, match="is unfinished") as refused:
        asked(tmp_path, CUTOVER)
    assert Verb.FALLBACK.command in refused.value.hint and "abort" in refused.value.hint
    with run.intend("open", "target", SERVE, {"names": ["a"]}):
        pass
    with pytest.raises(PreconditionError) as refused:
        asked(tmp_path, CUTOVER)
    assert "abort" not in refused.value.hint
