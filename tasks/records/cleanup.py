"""Records of a cleanup: what was removed and what was skipped."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import model_validator

from configs.plan import Side
from tasks.records.base import Record, fields_of


class SkippedReason(StrEnum):
    """Reason why something under a name of the run was not touched."""

    NOT_RESTORED_BY_THE_RUN = "not restored by the run"
    NOT_MADE_BY_A_ROUND = "not made by a round"
    BACKING_INDICES_OF_OTHERS = "backing indices of others"  # detail: their names
    BACKING_INDICES_CHANGED = "backing indices changed"
    IN_A_DATA_STREAM = "in a data stream"  # detail: its name
    TAKES_WRITES = "takes writes"
    SNAPSHOT_OUT_OF_REACH = "snapshot out of reach"  # detail: the repository, no longer registered
    OTHER_DOMAINS = "other domains"  # a round between other domains than the latest round
    IN_USE = "in use"  # detail: how many writes it has taken; empty where that is not known
    SNAPSHOT_STAYS = "snapshot stays"  # detail: its state
    DELETED_FOR_THE_RUN = "deleted for the run"  # as the plan's conflict policy says


_SKIPPED = {
    "it is not the index that this run has restored": SkippedReason.NOT_RESTORED_BY_THE_RUN,
    "it is not the index that a round has made": SkippedReason.NOT_MADE_BY_A_ROUND,
    "it has backing indices of others: (?P<detail>.*)": SkippedReason.BACKING_INDICES_OF_OTHERS,
    "its backing indices are not those that this run has restored any more": (
        SkippedReason.BACKING_INDICES_CHANGED
    ),
    "it belongs to data stream (?P<detail>.*) by now": SkippedReason.IN_A_DATA_STREAM,
    "it was made to take writes since a round has made it": SkippedReason.TAKES_WRITES,
    "repository (?P<detail>.*?) is not registered on the source any more(: (?P<error>.*))?": (
        SkippedReason.SNAPSHOT_OUT_OF_REACH
    ),
    "it was between other domains than the latest round: its copies and its snapshot are as they were": (
        SkippedReason.OTHER_DOMAINS
    ),
}
"""Sentences in journals of earlier versions, and the reason that each stands for."""


class Skipped(Record):
    """Something under a name of the run that the run does not (or no longer) own; it was not touched.

    Args:
        detail: what the reason refers to; see SkippedReason.
        error: why the repository could not be registered again; empty otherwise.
    """

    name: str
    why: SkippedReason
    detail: str = ""
    error: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_a_sentence(cls, value: Any) -> Any:
        given = fields_of(value)
        for sentence, reason in _SKIPPED.items():
            found = re.fullmatch(sentence, str(given.get("why", "")), re.DOTALL)
            if found:
                facts = {key: part for key, part in found.groupdict().items() if part}
                return {**given, "why": reason, **facts}
        return value


class RegistrationOutcome(StrEnum):
    """Outcome for the repository's registration on one side."""

    REMOVED = "removed"
    REVERTED = "reverted"  # to what was registered before
    UNCHANGED = "unchanged"  # the previous registration is in place
    ABSENT = "absent"  # nothing is registered
    NOT_BY_THIS_RUN = "not by this run"  # this run never registered anything
    NOT_BY_THESE_RUNS = "not by these runs"
    REMOVED_BY_OTHERS = "removed by others"
    CHANGED_BY_OTHERS = "changed by others"
    USED_BY_A_LATER_RUN = "used by a later run"
    KEPT = "kept"  # as the user asked


_USED = re.compile(r"run (?P<run_id>\S+) of this plan works with it: left as it is")
_REGISTRATIONS = {
    "the registration was removed": RegistrationOutcome.REMOVED,
    "the former registration was put back": RegistrationOutcome.REVERTED,
    "the former registration is as it was": RegistrationOutcome.UNCHANGED,
    "nothing is registered": RegistrationOutcome.ABSENT,
    "this run registered nothing": RegistrationOutcome.NOT_BY_THIS_RUN,
    "these runs registered nothing": RegistrationOutcome.NOT_BY_THESE_RUNS,
    "nothing is registered any more: somebody has removed it since": RegistrationOutcome.REMOVED_BY_OTHERS,
    "somebody has changed it since: left as it is": RegistrationOutcome.CHANGED_BY_OTHERS,
    "somebody has registered another place since: left as it is": RegistrationOutcome.CHANGED_BY_OTHERS,
    "kept": RegistrationOutcome.KEPT,
}
"""Sentences in journals of earlier versions, and the outcome that each stands for."""


class Registration(Record):
    """Outcome for the repository's registration on one side.

    Args:
        run_id: the later run that uses the registration; empty otherwise.
    """

    outcome: RegistrationOutcome
    run_id: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_a_sentence(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        used = _USED.fullmatch(value)
        if used:
            return {"outcome": RegistrationOutcome.USED_BY_A_LATER_RUN, **used.groupdict()}
        return {"outcome": _REGISTRATIONS.get(value, value)}


class RemovalRecord(Record):
    """Removed indices, data streams and snapshots, and the outcome for each side's registration.

    Args:
        registrations: by side; for a repository that only earlier rounds used, by side and name.
        left: what was skipped although it is under a name of the run, and why.
    """

    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: dict[str, Registration]
    left: tuple[Skipped, ...]

    @property
    def unregistered(self) -> tuple[str, ...]:
        """Sides whose registration was removed."""
        removed = RegistrationOutcome.REMOVED
        return tuple(side for side, found in self.registrations.items() if found.outcome == removed)


class Leftovers(Record):
    """Preview of a cleanup: what a run made and has not removed yet.

    Args:
        run_id: the latest run, if there are several.
        concerns: whether this is about a rehearsal, an unfinished migration, or all seed rounds since the
            last cutover.
        snapshots: existing snapshots that carry these runs' ids.
        registrations: sides whose registration would be removed or reverted.
    """

    run_id: str
    concerns: Literal["rehearsal", "seed rounds", "migration"] = "rehearsal"
    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: tuple[Side, ...]
    left: tuple[Skipped, ...]


class RolledBackRecord(Record):
    """A cutover that `snapferry abort` rolled back.

    Args:
        released: indices of the source that take writes again.
        copies: how many closed copies wait on the target.
    """

    run_id: str
    concerns: Literal["cutover"] = "cutover"
    released: tuple[str, ...]
    copies: int


class Finish(Record):
    """Options of `snapferry finish`: what to do with a run's leftovers.

    Args:
        source: what to do with the source's block; None leaves it unchanged.
    """

    snapshots: Literal["keep", "drop"] = "keep"
    registrations: Literal["keep", "remove"] = "remove"
    source: Literal["blocked", "released"] | None = None


class FinishRecord(Record):
    """Cleanup of a finished run: its registrations, snapshots and block.

    Args:
        wanted: the options given, over all commands.
        kept, removed: snapshots.
        registrations: outcome for each side's registration.
        released: indices of the source that this cleanup released: they take writes again.
        refusing: indices of the source that still refuse writes.
        left: what could not be removed, and why.
    """

    at: datetime
    wanted: Finish
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    registrations: dict[str, Registration]
    released: tuple[str, ...]
    refusing: tuple[str, ...]
    left: tuple[Skipped, ...] = ()
