"""One sentence about each finished step that leaves a record."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from reports.words import common, seeding
from runs.step_names import StepName
from tasks import steps
from tasks.steps import StepKey

R = TypeVar("R", bound=BaseModel)


def _nothing(_: BaseModel) -> str:
    return ""


_SENTENCES: Mapping[StepName, Callable[[Any], str]] = {
    steps.PREFLIGHT.name: common.preflight_done,
    steps.RESOLVE.name: common.resolved,
    steps.ESTIMATE_WINDOW.name: seeding.expected,
    steps.REGISTER_ON_SOURCE.name: common.repository,
    steps.REGISTER_ON_TARGET.name: common.repository,
    steps.PAUSE_AUTOMATED.name: seeding.paused,
    steps.FREEZE.name: seeding.frozen,
    steps.COMPARE.name: seeding.compared,
    steps.MARK.name: _nothing,  # it takes no time, and tells a user nothing
    steps.SNAPSHOT.name: common.snapshot,
    steps.RESTORE.name: common.restored,
    steps.VERIFY.name: common.verified,
    steps.VERIFY_STREAMS.name: common.verified,
    steps.OPEN.name: seeding.opened,
    steps.RELEASE.name: seeding.released,
    steps.HEALTH.name: seeding.health,
    steps.RESUME_AUTOMATED.name: seeding.resumed,
    steps.COPIES.name: seeding.copies,
    steps.ROUND.name: seeding.round_sentence,
    steps.CLEAN.name: common.removed,
    steps.ROLL_BACK.name: _nothing,  # the error that the cutover ends with says it
    steps.FINISH.name: _nothing,  # the command shows the whole record
}


def sentence_about(step: StepKey[R], record: R) -> str:
    """One sentence about a step that is done; empty for a step that needs none."""
    return _SENTENCES[step.name](record)
