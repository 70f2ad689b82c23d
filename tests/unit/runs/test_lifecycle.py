"""Where a run stands: the phases of its journal, their diagram, and what they mean for the next command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.building import a_migration, a_plan
from support.fake_domain import FakeDomain
from support.phases import unlisted, watched_phases
from support.rounds import intended, keep

from configs.gates import Gate, GateSettings
from domains.errors import Denied
from domains.http.error_bodies import parse
from runs.begun_plan import plan_record
from runs.journal import Document, GateEntry, Intent, StepEntry, WindowEntry, now
from runs.lifecycle import (
    EDGES,
    SERVE,
    RunPhase,
    RunStatus,
    counts,
    is_being_removed,
    is_finished,
    is_frozen,
    is_opening,
    is_rolling_back,
    is_unfinished_rehearsal,
    phase,
)
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.cutover import roll_back, window
from tasks.gates import closed_gate, record_approval, record_arrival
from tasks.migration import Migration
from tasks.records.cleanup import RemovalRecord
from tasks.records.cutover import RollBackRecord

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
REMOVED = RemovalRecord(indices=("a",), snapshots=(), registrations={}, left=())
GATE = GateSettings.model_validate({"timeout": "1h"})
RESUMED = {RunPhase.AT_GATE, RunPhase.CHANGING, RunPhase.FROZEN, RunPhase.OPENING, RunPhase.ROLLING_BACK}
Act = Callable[[Migration], object]


# the diagram


def test_the_diagram_has_the_edges_of_the_state_model() -> None:
    text = (ROOT / "docs" / "runs.md").read_text(encoding="utf-8")
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"^ +(\w+) --> (\w+) : \S.*$", diagram, re.MULTILINE)
    listed = {(before.name, after.name) for before, found in EDGES.items() for after in found}
    assert len(shown) == len(listed) and set(shown) == listed


def test_every_phase_can_be_reached_and_left() -> None:
    assert EDGES.keys() == set(RunPhase)
    reached, fresh = set[RunPhase](), {RunPhase.LOOKING}
    while fresh:
        reached |= fresh
        fresh = set[RunPhase]().union(*(EDGES[each] for each in fresh)) - reached
    assert reached == set(RunPhase)


# what journals do


def denied(m: Migration) -> None:
    error = Denied("source: PUT /x", 403, parse('{"Message": "not authorized"}'))
    with pytest.raises(Denied), m.journal.intend("s", "source", "register", {"name": "repo"}):
        raise error


def changed(m: Migration) -> None:
    intended(m.journal, "register", "repo", side="source")


def at_gate(m: Migration) -> None:
    record_arrival(m, "before-freeze", GATE)


def approved(m: Migration) -> None:
    record_approval(m, "before-freeze", "me@here")


def ungated(m: Migration) -> None:
    assert closed_gate(m, "before-freeze") is None, "the plan does not name it"


def rolling_back(m: Migration) -> None:
    roll_back.begin(m, "it differs", "", RunStatus.DIFFERENT)


def rolled_back(m: Migration) -> None:
    window.end(m)
    keep(m.journal, StepName.ROLL_BACK, RollBackRecord(why="it differs"))


def removing(m: Migration) -> None:
    m.journal.document.aborting = True
    m.journal.document.steps[StepName.CLEAN] = StepEntry(started=now())
    m.journal.resume()


def removed(m: Migration) -> None:
    m.journal.keep(StepName.CLEAN, REMOVED)


def removal_given_up(m: Migration) -> None:
    m.journal.document.aborting = False
    del m.journal.document.steps[StepName.CLEAN]
    m.journal.save()


def ends(status: RunStatus) -> Act:
    return lambda m: m.journal.settle(status)


def resumed(m: Migration) -> None:
    m.journal.resume()


def differs(m: Migration) -> None:
    with m.journal.step(StepName.VERIFY):
        pass
    m.journal.document.steps[StepName.VERIFY].record = {"verdicts": [{"outcome": "different"}]}


def opened(m: Migration) -> None:
    intended(m.journal, SERVE, "a")
    window.end(m)


WALKS: dict[str, tuple[Verb, list[tuple[Act, RunPhase]]]] = {
    "migrated": (
        Verb.MIGRATE,
        [
            (changed, RunPhase.CHANGING),
            (ends(RunStatus.INTERRUPTED), RunPhase.CHANGING),
            (resumed, RunPhase.CHANGING),
            (ends(RunStatus.DONE), RunPhase.ENDED),
        ],
    ),
    "repaired, with something left to do": (
        Verb.MIGRATE,
        [
            (changed, RunPhase.CHANGING),
            (differs, RunPhase.CHANGING),
            (ends(RunStatus.DIFFERENT), RunPhase.ENDED),
            (ends(RunStatus.INTERRUPTED), RunPhase.CHANGING),
        ],
    ),
    "refused": (Verb.MIGRATE, [(ends(RunStatus.REFUSED), RunPhase.ENDED)]),
    "denied": (Verb.MIGRATE, [(denied, RunPhase.LOOKING), (ends(RunStatus.REFUSED), RunPhase.ENDED)]),
    "cut over at the first try": (
        Verb.CUTOVER,
        [(window.begin, RunPhase.FROZEN), (window.begin_opening, RunPhase.OPENING)],
    ),
    "cut over behind a gate": (
        Verb.CUTOVER,
        [
            (changed, RunPhase.CHANGING),
            (at_gate, RunPhase.AT_GATE),
            (ends(RunStatus.INTERRUPTED), RunPhase.AT_GATE),
            (resumed, RunPhase.AT_GATE),
            (approved, RunPhase.CHANGING),
            (window.begin, RunPhase.FROZEN),
            (window.begin_opening, RunPhase.OPENING),
            (window.withdraw_opening, RunPhase.FROZEN),
            (window.begin_opening, RunPhase.OPENING),
            (opened, RunPhase.OPENING),
            (ends(RunStatus.DONE), RunPhase.ENDED),
        ],
    ),
    "rolled back": (
        Verb.CUTOVER,
        [
            (changed, RunPhase.CHANGING),
            (window.begin, RunPhase.FROZEN),
            (rolling_back, RunPhase.ROLLING_BACK),
            (ends(RunStatus.INTERRUPTED), RunPhase.ROLLING_BACK),
            (rolled_back, RunPhase.ENDED),
            (ends(RunStatus.DIFFERENT), RunPhase.ENDED),
            (removing, RunPhase.REMOVING),
            (removal_given_up, RunPhase.ENDED),
        ],
    ),
    "rolled back before its window": (
        Verb.CUTOVER,
        [(changed, RunPhase.CHANGING), (rolling_back, RunPhase.ROLLING_BACK)],
    ),
    "rolled back at a gate": (
        Verb.CUTOVER,
        [(at_gate, RunPhase.AT_GATE), (rolling_back, RunPhase.ROLLING_BACK)],
    ),
    "a gate that the plan does not name any more": (
        Verb.CUTOVER,
        [(at_gate, RunPhase.AT_GATE), (ungated, RunPhase.LOOKING)],
    ),
    "refused at a gate": (
        Verb.CUTOVER,
        [(at_gate, RunPhase.AT_GATE), (ends(RunStatus.REFUSED), RunPhase.ENDED)],
    ),
    "rounds removed": (
        Verb.SEED,
        [
            (changed, RunPhase.CHANGING),
            (ends(RunStatus.DONE), RunPhase.ENDED),
            (removing, RunPhase.REMOVING),
            (ends(RunStatus.FAILED), RunPhase.REMOVING),
            (removed, RunPhase.ENDED),
            (ends(RunStatus.ABANDONED), RunPhase.ENDED),
        ],
    ),
    "a removal of rounds that is given up": (
        Verb.SEED,
        [(changed, RunPhase.CHANGING), (removing, RunPhase.REMOVING), (removal_given_up, RunPhase.CHANGING)],
    ),
}


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    return a_migration(tmp_path, source, target)


@pytest.mark.parametrize("name", WALKS)
def test_each_act_leads_to_its_phase(m: Migration, name: str) -> None:
    m.journal.document.verb, acts = WALKS[name]
    assert phase(m.journal.document) is RunPhase.LOOKING
    for act, after in acts:
        act(m)
        assert phase(m.journal.document) is after


def test_the_walks_take_every_edge(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> None:
    with watched_phases() as taken:
        for number, (verb, acts) in enumerate(WALKS.values()):
            m = a_migration(tmp_path / str(number), source, target)
            m.journal.document.verb = verb
            for act, _ in acts:
                act(m)
    assert not unlisted(taken)
    assert set(taken) == {(before, after) for before, found in EDGES.items() for after in found}


# what the phase means, whatever a journal holds

AT = now()
WINDOWS = st.builds(
    WindowEntry, frozen=st.just(AT), deadline=st.just(AT),
    opening=st.sampled_from([None, AT]), ended=st.sampled_from([None, AT]),
)  # fmt: skip
INTENTS = st.builds(
    Intent, step=st.just("s"), side=st.just("target"), at=st.just(AT),
    action=st.sampled_from(["register", "restore", SERVE]),
    result=st.sampled_from([None, "sent", "denied", "refused: x_exception"]),
)  # fmt: skip
GATES = st.builds(GateEntry, since=st.just(AT), until=st.just(AT), approved=st.sampled_from([None, AT]))
STEPS = st.builds(
    StepEntry, started=st.just(AT), record=st.sampled_from([None, {"why": "it differs", "verdicts": []}])
)
DOCUMENTS = st.builds(
    Document,
    plan=st.just(plan_record(a_plan())),
    run_id=st.just("20260101-000000000-0000"),
    started=st.just(AT),
    verb=st.sampled_from(Verb),
    status=st.sampled_from(RunStatus),
    aborting=st.booleans(),
    intents=st.lists(INTENTS, max_size=3),
    steps=st.dictionaries(st.sampled_from([StepName.CLEAN, StepName.ROLL_BACK, "verify"]), STEPS),
    gates=st.dictionaries(st.sampled_from(get_args(Gate)), GATES, max_size=1),
    window=st.none() | WINDOWS,
    rehearsal=st.sampled_from([None, {"keep": True}, {"keep": False}]),
)


@given(DOCUMENTS)
def test_a_run_that_is_resumed_is_in_no_end_and_one_in_a_phase_of_work_is_resumed(run: Document) -> None:
    assume(run.changed_something or not run.aborting)  # only what has begun is rolled back or removed
    found = phase(run)
    resumes = counts(run) and not is_finished(run)
    if found in RESUMED and run.status in {RunStatus.RUNNING, RunStatus.FAILED, RunStatus.INTERRUPTED}:
        assert resumes
    if found is RunPhase.LOOKING:
        assert not counts(run)
    if found is RunPhase.ENDED and StepName.CLEAN not in run.steps and run.verb is not Verb.REHEARSE:
        assert not resumes


@given(DOCUMENTS)
def test_each_question_agrees_with_the_phase(run: Document) -> None:
    found = phase(run)
    if found is RunPhase.FROZEN:
        assert is_frozen(run) and not is_opening(run)
    if found is RunPhase.OPENING:
        assert is_opening(run)
    if found is RunPhase.ROLLING_BACK:
        assert is_rolling_back(run)
    if is_being_removed(run) and run.record(StepName.CLEAN) is None:
        assert found is RunPhase.REMOVING
    if is_unfinished_rehearsal(run) and StepName.ROLL_BACK not in run.steps:
        assert found not in {RunPhase.LOOKING, RunPhase.ENDED} or run.status is RunStatus.REFUSED


@given(DOCUMENTS)
def test_a_journal_read_again_stands_where_it_stood(run: Document) -> None:
    again = Document.model_validate_json(run.model_dump_json())
    assert (again.status, again.verb, phase(again)) == (run.status, run.verb, phase(run))


# what it costs


@pytest.mark.parametrize("module", ["runs.lifecycle", "runs.verbs", "runs.journal", "runs.state"])
def test_reading_a_journal_imports_neither_clients_nor_steps(module: str) -> None:
    code = f"import {module}, sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    imported: set[Any] = set(ended.stdout.split())
    assert not imported & {"boto3", "botocore", "opensearchpy", "prefect", "tasks", "flows", "reports"}
