"""The one list of steps: these tests fail if a new step lacks one of its parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from flows.previews import requests
from reports.words import steps as words
from runs.step_names import StepName
from runs.verbs import Verb
from tasks import steps
from tasks.estimates.costs import COSTS
from tasks.steps import Phase, Step, StepKey

REPORT = Path(__file__).resolve().parents[3] / "docs" / "report.md"
EVERY = pytest.mark.parametrize("step", steps.ALL, ids=lambda step: step.name.value)


def offered(verb: str) -> set[StepName]:
    """The steps of this verb that offer their requests to a plan. Nothing of a domain is read for that."""
    nothing: Any = _Nothing()
    if verb == Verb.MIGRATE:
        return set(requests.migration_offers(nothing, nothing, nothing, nothing))
    if verb == Verb.REHEARSE:
        return set(requests.rehearsal_offers(nothing, nothing, nothing, probe="x", keep=False))
    made = {
        Verb.SEED: requests.seed_offers,
        Verb.FOLLOW: requests.follow_offers,
        steps.REHEARSE_CUTOVER: requests.rehearsed_cutover_offers,
        Verb.CUTOVER: requests.cutover_offers,
    }
    return set(made[verb](nothing))


class _Nothing:
    """Has every attribute and is empty: the tables of offers only look at names until they are asked."""

    def __getattr__(self, _: str) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __contains__(self, _: object) -> bool:
        return False

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


def test_each_name_of_a_step_is_one_step_of_the_list() -> None:
    names = [step.name for step in steps.ALL]
    assert sorted(names) == sorted(StepName)
    keys = [value for value in vars(steps).values() if isinstance(value, Step)]
    assert {key.name for key in keys} == set(names), "a key that is not in ALL"


@EVERY
def test_a_step_that_is_estimated_has_its_cost_and_no_other_has(step: Step) -> None:
    assert (step.name in COSTS) == step.estimated


@EVERY
def test_a_step_that_leaves_a_record_has_its_words(step: Step) -> None:
    assert (step.name in words._SENTENCES) == isinstance(step, StepKey)


@EVERY
def test_a_step_is_in_the_list_that_hooks_and_the_report_point_to(step: Step) -> None:
    text = REPORT.read_text(encoding="utf-8")
    section = text[text.index("\n## `steps`") : text.index("\n## `estimate`")]
    assert f"`{step.name.value}`" in section


@pytest.mark.parametrize(
    "verb",
    [Verb.MIGRATE, Verb.REHEARSE, Verb.SEED, Verb.FOLLOW, steps.REHEARSE_CUTOVER, Verb.CUTOVER],
)
def test_each_step_that_changes_a_domain_offers_its_requests_to_the_plan(verb: str) -> None:
    assert offered(verb) >= {step.name for step in steps.steps_of(verb) if step.sends}


@EVERY
def test_a_step_of_a_verb_is_of_a_verb_that_there_is(step: Step) -> None:
    known = {each for each in Verb if each is not Verb.PREVIEW} | {steps.REHEARSE_CUTOVER}
    assert set(step.verbs) <= known
    after = {StepName.ROLL_BACK, StepName.FINISH, StepName.REPAIR}
    assert bool(step.verbs) != (step.name in after)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.WAIT])
def test_each_phase_of_the_window_has_its_steps_all_of_them_a_cutovers(phase: Phase) -> None:
    inside = list(steps.steps_in(phase))
    assert inside
    assert set(inside) <= {step.name for step in steps.steps_of(Verb.CUTOVER)}


def test_the_values_of_step_names_are_those_that_journals_hold() -> None:
    """A journal of any version must be read: a value that changes would orphan its records."""
    text = cast(str, REPORT.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", name.value) for name in StepName)
    assert "`back out`" in text
    assert StepName.ROLL_BACK.value == "back out"
