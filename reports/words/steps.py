"""One sentence about each finished step that leaves a record."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from reports.words import common, metadata, seeding, tail
from runs.step_names import StepName
from tasks import steps
from tasks.records.checks import PreflightRecord
from tasks.records.cleanup import RemovalRecord
from tasks.records.cutover import HealthRecord, PauseOutcome, PauseRecord
from tasks.records.tail import ProofRecord
from tasks.records.transfer import RestoreRecord
from tasks.records.verification import VerificationRecord
from tasks.steps import StepKey

R = TypeVar("R", bound=BaseModel)


def _nothing(_: BaseModel) -> str:
    return ""


_SENTENCES: Mapping[StepName, Callable[[Any], str]] = {
    steps.PREFLIGHT.name: common.preflight_done,
    steps.RESOLVE.name: common.resolved,
    steps.CHOOSE_WAYS.name: tail.ways,
    steps.ESTIMATE_WINDOW.name: seeding.expected,
    steps.CATCH_UP.name: tail.caught_up,
    steps.FOLLOW.name: tail.followed,
    steps.LAST_TAIL.name: tail.last_round,
    steps.CREATE_BACK.name: tail.created,
    steps.WAY_BACK.name: tail.promised,
    steps.PROVE.name: tail.proved,
    steps.REGISTER_ON_SOURCE.name: common.repository,
    steps.REGISTER_ON_TARGET.name: common.repository,
    steps.PAUSE_AUTOMATED.name: seeding.paused,
    steps.FREEZE.name: seeding.frozen,
    steps.COMPARE.name: seeding.compared,
    steps.MARK.name: _nothing,  # it takes no time, and tells a user nothing
    steps.SNAPSHOT.name: common.snapshot,
    steps.RESTORE.name: common.restored,
    steps.METADATA_BEFORE.name: metadata.copied,
    steps.METADATA_AFTER.name: metadata.copied,
    steps.REINDEX.name: common.reindexed,
    steps.VERIFY.name: common.verified,
    steps.MERGE.name: common.merged,
    steps.SWITCH_ALIASES.name: common.switched,
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
    steps.REPAIR.name: _nothing,  # the same
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
        case ProofRecord():
            return bool(record.differences)
        case PauseRecord():
            return record.outcome in {PauseOutcome.FAILED, PauseOutcome.NOT_RESUMED}
        case RemovalRecord():
            return bool(record.left)
        case _:
            return False
