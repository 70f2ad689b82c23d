"""The one list of steps: what each leaves in the journal, which verbs take it, what else is said of it.

Whoever adds a step adds it here. Tests over `ALL` then name what is missing: its cost, its words, its row
in docs/report.md, the requests that a plan shows of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

from configs.plan import Side
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.records.checks import PreflightRecord
from tasks.records.cleanup import FinishRecord, RemovalRecord
from tasks.records.cutover import (
    FreezeRecord,
    HealthRecord,
    OpenRecord,
    PauseRecord,
    ReleaseRecord,
    RollBackRecord,
)
from tasks.records.estimates import WindowEstimate
from tasks.records.metadata import CopiedMetadata
from tasks.records.reindexing import MergeRecord, ReindexRecord, SwitchedAliases
from tasks.records.repair import RepairRecord
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord, CopiesRecord, RoundRecord
from tasks.records.tail import CatchUpRecord, FollowRecord, ProofRecord, TailRound, WaysRecord
from tasks.records.transfer import MarksRecord, RepositoryRecord, RestoreRecord, SnapshotRecord
from tasks.records.verification import VerificationRecord

R = TypeVar("R", bound=BaseModel)

REHEARSE_CUTOVER = "cutover --rehearse"
"""Its run is a seed round; what it does with the copies is a cutover's."""
_MOVES = (Verb.MIGRATE, Verb.REHEARSE)
_SEEDS = (Verb.SEED, REHEARSE_CUTOVER)
_ROUNDS = (*_SEEDS, Verb.CUTOVER)
_ALL_VERBS = (*_MOVES, *_ROUNDS)
_WITH_FOLLOW = (*_ALL_VERBS, Verb.FOLLOW)


class Phase(StrEnum):
    """What a cutover's window is spent with, in the order of the report."""

    FREEZE = "freeze"
    COMPARE = "compare"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    TAIL = "last tail"
    OPEN_COPIES = "open copies"
    VERIFY = "verify"
    WAIT = "waiting at before-open"  # no step: the gate; the estimate does not count it
    STREAMS = "data streams"
    FINAL_CHECK = "last look"
    OPEN = "aliases and opening"


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Args:
        name: as journals, hooks and reports call it.
        verbs: which verbs take it; none where only an abort, a roll-back or `finish` does.
        estimated: whether an estimate of a migration counts it: then it has its costs in
            `tasks.estimates.costs`.
        phase: the phase of the cutover's window that its time belongs to; None outside the window.
        sends: whether it changes a domain: then a plan shows its requests.
    """

    name: StepName
    verbs: tuple[str, ...] = ()
    estimated: bool = False
    phase: Phase | None = None
    sends: bool = False


@dataclass(frozen=True, kw_only=True)
class StepKey(Step, Generic[R]):
    """A step that leaves a record: `journal.document.recorded(KEY)` has the record's type.

    Args:
        record: the type of its record.
    """

    record: type[R]


PREFLIGHT = StepKey(StepName.PREFLIGHT, (Verb.REHEARSE,), sends=True, record=PreflightRecord)
"""The checks of the real plan, before a rehearsal of it. What it sends asks whether the caller may delete."""
RESOLVE = StepKey(StepName.RESOLVE, (*_WITH_FOLLOW, Verb.FALLBACK), estimated=True, record=Resolution)
"""Which indices move, and under which names."""
ESTIMATE_WINDOW = StepKey(StepName.ESTIMATE_WINDOW, (Verb.CUTOVER,), record=WindowEstimate)
"""How long the source will refuse writes."""
REGISTER_ON_SOURCE = StepKey(
    StepName.REGISTER_ON_SOURCE, _ALL_VERBS, estimated=True, sends=True, record=RepositoryRecord
)
REGISTER_ON_TARGET = StepKey(
    StepName.REGISTER_ON_TARGET, _ALL_VERBS, estimated=True, sends=True, record=RepositoryRecord
)
CHOOSE_WAYS = StepKey(StepName.CHOOSE_WAYS, (Verb.CUTOVER, Verb.FOLLOW), record=WaysRecord)
"""Which indices go by the tail, and which by a restore."""
CATCH_UP = StepKey(StepName.CATCH_UP, (Verb.CUTOVER, Verb.FALLBACK), sends=True, record=CatchUpRecord)
"""Rounds of the tail before the freeze, until what is left is short."""
FOLLOW = StepKey(StepName.FOLLOW, (Verb.FOLLOW,), sends=True, record=FollowRecord)
"""Rounds of the tail while the source takes writes, until told or until it may be cut over."""
TRY_OPENING = Step(StepName.TRY_OPENING, (REHEARSE_CUTOVER, Verb.CUTOVER), sends=True)
"""Whether the target will accept the requests of the opening: tried on the copies that are there."""
START_GUARD = Step(StepName.START_GUARD, (REHEARSE_CUTOVER, Verb.CUTOVER, Verb.FALLBACK), sends=True)
"""The process that ends the window if the command cannot. It first tries to release the source."""
PAUSE_AUTOMATED = StepKey(StepName.PAUSE_AUTOMATED, (Verb.CUTOVER,), record=PauseRecord)
"""The service's own snapshots of the source, paused: asked of AWS's control plane, not of the domain."""
OPEN_AHEAD = Step(StepName.OPEN_AHEAD, (Verb.CUTOVER,), sends=True)
"""Copies of what has not changed, opened before the freeze so that the window need not wait for them."""
FREEZE = StepKey(
    StepName.FREEZE, (Verb.CUTOVER, Verb.FALLBACK), phase=Phase.FREEZE, sends=True, record=FreezeRecord
)
COMPARE = StepKey(StepName.COMPARE, (*_ROUNDS, Verb.FALLBACK), phase=Phase.COMPARE, record=ChangesRecord)
"""What has changed on the source since the last round."""
MARK = StepKey(StepName.MARK, _MOVES, record=MarksRecord)
"""How far each shard of the source is before the snapshot."""
DISCARD_COPIES = Step(StepName.DISCARD_COPIES, _ROUNDS, phase=Phase.SNAPSHOT, sends=True)
START_SNAPSHOT = Step(StepName.START_SNAPSHOT, _ALL_VERBS, estimated=True, phase=Phase.SNAPSHOT, sends=True)
SNAPSHOT = StepKey(StepName.SNAPSHOT, _ALL_VERBS, estimated=True, phase=Phase.SNAPSHOT, record=SnapshotRecord)
FIND_ON_TARGET = Step(StepName.FIND_ON_TARGET, _ALL_VERBS, estimated=True, phase=Phase.SNAPSHOT)
CLOSE_COPIES = Step(StepName.CLOSE_COPIES, _ROUNDS, phase=Phase.RESTORE, sends=True)
RESTORE = StepKey(
    StepName.RESTORE, _ALL_VERBS, estimated=True, phase=Phase.RESTORE, sends=True, record=RestoreRecord
)
LAST_TAIL = StepKey(
    StepName.LAST_TAIL, (Verb.CUTOVER, Verb.FALLBACK), phase=Phase.TAIL, sends=True, record=TailRound
)
"""What came to the source since the latest round of the tail."""
PROVE = StepKey(StepName.PROVE, (Verb.CUTOVER, Verb.FALLBACK), phase=Phase.TAIL, record=ProofRecord)
"""The indices that went by the tail, both zones of each shard."""
TRY_WAY_BACK = Step(StepName.TRY_WAY_BACK, (Verb.CUTOVER,), sends=True)
"""Whether the source takes what a promised way back would send it: tried on a scratch index."""
CREATE_BACK = StepKey(StepName.CREATE_BACK, (Verb.FALLBACK,), sends=True, record=CopiesRecord)
"""Indices that were made after the opening, created where they go back to."""
WAY_BACK = StepKey(StepName.WAY_BACK, (Verb.CUTOVER, Verb.FALLBACK), record=CopiesRecord)
"""What a promised way back starts from."""
METADATA_BEFORE = StepKey(
    StepName.METADATA_BEFORE, (Verb.MIGRATE, Verb.CUTOVER), sends=True, record=CopiedMetadata
)
"""Templates, pipelines and what else indices need, where the plan copies it automatically."""
REINDEX = StepKey(StepName.REINDEX, _MOVES, sends=True, record=ReindexRecord)
"""Indices that the target cannot restore, copied by `_reindex` from the source."""
OPEN_COPIES = Step(
    StepName.OPEN_COPIES, (REHEARSE_CUTOVER, Verb.CUTOVER), phase=Phase.OPEN_COPIES, sends=True
)
VERIFY = StepKey(
    StepName.VERIFY,
    (*_MOVES, REHEARSE_CUTOVER, Verb.CUTOVER, Verb.FALLBACK),
    estimated=True,
    phase=Phase.VERIFY,
    record=VerificationRecord,
)
MERGE = StepKey(StepName.MERGE, (Verb.MIGRATE,), sends=True, record=MergeRecord)
"""Renamed indices whose documents go into the indices of their old names."""
SWITCH_ALIASES = StepKey(StepName.SWITCH_ALIASES, (Verb.MIGRATE,), sends=True, record=SwitchedAliases)
"""Renamed indices that the old names lead to."""
METADATA_AFTER = StepKey(
    StepName.METADATA_AFTER, (Verb.MIGRATE, Verb.CUTOVER), sends=True, record=CopiedMetadata
)
"""Policies and what else needs the indices, once they are verified and open."""
CHECK_NAMES = Step(StepName.CHECK_NAMES, (Verb.CUTOVER,), phase=Phase.VERIFY)
MAKE_STREAMS = Step(StepName.MAKE_STREAMS, (Verb.CUTOVER,), phase=Phase.STREAMS, sends=True)
VERIFY_STREAMS = StepKey(
    StepName.VERIFY_STREAMS, (Verb.CUTOVER,), phase=Phase.STREAMS, record=VerificationRecord
)
FINAL_CHECK = Step(StepName.FINAL_CHECK, (Verb.CUTOVER, Verb.FALLBACK), phase=Phase.FINAL_CHECK)
SET_ALIASES = Step(StepName.SET_ALIASES, (Verb.CUTOVER,), phase=Phase.OPEN, sends=True)
OPEN = StepKey(StepName.OPEN, (Verb.CUTOVER, Verb.FALLBACK), phase=Phase.OPEN, sends=True, record=OpenRecord)
RELEASE = StepKey(StepName.RELEASE, (Verb.CUTOVER, Verb.FALLBACK), sends=True, record=ReleaseRecord)
"""The source's block, lifted or kept as the plan says; lifted when a cutover is rolled back."""
HEALTH = StepKey(StepName.HEALTH, (Verb.CUTOVER,), record=HealthRecord)
RESUME_AUTOMATED = StepKey(StepName.RESUME_AUTOMATED, (Verb.CUTOVER,), record=PauseRecord)
COPIES = StepKey(StepName.COPIES, _SEEDS, sends=True, record=CopiesRecord)
"""The copies, closed again, with what each of them holds."""
ROUND = StepKey(StepName.ROUND, _SEEDS, record=RoundRecord)
"""How a seed round went."""
CLEAN = StepKey(StepName.CLEAN, (Verb.REHEARSE,), sends=True, record=RemovalRecord)
"""What a rehearsal, or an aborted run, has made: removed."""
CONFIRM_CLEAN = Step(StepName.CONFIRM_CLEAN, (Verb.REHEARSE,))
ROLL_BACK = StepKey(StepName.ROLL_BACK, record=RollBackRecord)
"""A cutover that opened nothing: everything is as it was before it."""
FINISH = StepKey(StepName.FINISH, record=FinishRecord)
REPAIR = StepKey(StepName.REPAIR, record=RepairRecord)
"""Documents that a verification of the finished run named, brought into line with the source."""

ALL: tuple[Step, ...] = (
    PREFLIGHT,
    RESOLVE,
    CHOOSE_WAYS,
    ESTIMATE_WINDOW,
    REGISTER_ON_SOURCE,
    REGISTER_ON_TARGET,
    TRY_OPENING,
    TRY_WAY_BACK,
    CREATE_BACK,
    START_GUARD,
    PAUSE_AUTOMATED,
    METADATA_BEFORE,
    OPEN_AHEAD,
    CATCH_UP,
    FOLLOW,
    FREEZE,
    COMPARE,
    MARK,
    DISCARD_COPIES,
    START_SNAPSHOT,
    SNAPSHOT,
    FIND_ON_TARGET,
    CLOSE_COPIES,
    RESTORE,
    REINDEX,
    LAST_TAIL,
    PROVE,
    OPEN_COPIES,
    VERIFY,
    MERGE,
    SWITCH_ALIASES,
    CHECK_NAMES,
    MAKE_STREAMS,
    VERIFY_STREAMS,
    FINAL_CHECK,
    SET_ALIASES,
    WAY_BACK,
    OPEN,
    RELEASE,
    HEALTH,
    RESUME_AUTOMATED,
    METADATA_AFTER,
    COPIES,
    ROUND,
    CLEAN,
    CONFIRM_CLEAN,
    ROLL_BACK,
    FINISH,
    REPAIR,
)
"""Every step, in the order in which a verb takes it."""

ESTIMATED: tuple[StepName, ...] = tuple(step.name for step in ALL if step.estimated)
"""The steps of a migration that an estimate counts."""
STANDSTILL: tuple[StepName, ...] = tuple(step.name for step in ALL if step.estimated and step.phase)
"""Those for which the source should stand still where the migration is done in one go."""


def registration_on(side: Side) -> StepKey[RepositoryRecord]:
    """The step that registers the repository on this side."""
    return REGISTER_ON_SOURCE if side == "source" else REGISTER_ON_TARGET


def steps_of(verb: str) -> Iterator[Step]:
    """The steps of this verb, in their order."""
    return (step for step in ALL if verb in step.verbs)


def steps_in(phase: Phase) -> Iterator[StepName]:
    """The steps whose time belongs to this phase of the window."""
    return (step.name for step in ALL if step.phase is phase)
