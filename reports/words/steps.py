"""One sentence about each finished step that leaves a record."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from reports.words import common, seeding
from runs.step_names import StepName
from tasks import steps
from tasks.records.checks import PreflightRecord
from tasks.records.cleanup import RemovalRecord
from tasks.records.cutover import HealthRecord, PauseOutcome, PauseRecord
from tasks.records.transfer import RestoreRecord
from tasks.records.verification import VerificationRecord
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


def falls_short(record: BaseModel) -> bool:
    """Whether a step that is done lacks something that it was for: its sentence then says what."""
    match record:
        case HealthRecord():
            return bool(record.not_green)
        case PreflightRecord():
            return bool(record.failed)
        case RestoreRecord():
            return not all(index.restored for index in record.indices)
        case VerificationRecord():
            return not record.passed and not record.bracketed
        case PauseRecord():
            return record.outcome in {PauseOutcome.FAILED, PauseOutcome.NOT_RESUMED}
        case RemovalRecord():
            return bool(record.left)
        case _:
            return False
