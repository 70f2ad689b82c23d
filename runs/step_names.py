"""Step names in journals: a closed set, the same in every version, because journals contain them."""

from enum import StrEnum


class StepName(StrEnum):
    """Name of a step in journals, hooks and reports.

    A value never changes: journals of earlier versions contain it. `tasks.steps` describes the steps.
    """

    PREFLIGHT = "look ahead"
    RESOLVE = "resolve"
    REGISTER_ON_SOURCE = "register on source"
    REGISTER_ON_TARGET = "register on target"
    MARK = "mark"
    COMPARE = "compare"
    ESTIMATE_WINDOW = "expect window"
    PAUSE_AUTOMATED = "pause automated snapshots"
    OPEN_AHEAD = "open ahead"
    TRY_OPENING = "try opening"
    START_GUARD = "start guard"
    FREEZE = "freeze"
    DISCARD_COPIES = "discard copies"
    START_SNAPSHOT = "start snapshot"
    SNAPSHOT = "snapshot"
    FIND_ON_TARGET = "find on target"
    CLOSE_COPIES = "close before restore"
    RESTORE = "restore"
    OPEN_COPIES = "open copies"
    VERIFY = "verify"
    CHECK_NAMES = "look at names"
    MAKE_STREAMS = "make data streams"
    VERIFY_STREAMS = "verify data streams"
    FINAL_CHECK = "last look"
    SET_ALIASES = "set aliases"
    OPEN = "open"
    RELEASE = "release"
    HEALTH = "health"
    RESUME_AUTOMATED = "resume automated snapshots"
    COPIES = "copies"
    ROUND = "round"
    ROLL_BACK = "back out"
    CLEAN = "clean"
    CONFIRM_CLEAN = "confirm clean"
    FINISH = "finish"
