"""Records of cleaning up: what was removed, what was skipped."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import model_validator

from configs.plan import Side
from tasks.records.base import Record, fields_of


class SkippedReason(StrEnum):
    """Why something under a name of the run was not touched."""

    NOT_RESTORED_BY_THE_RUN = "not restored by the run"
    NOT_MADE_BY_A_ROUND = "not made by a round"
    BACKING_INDICES_OF_OTHERS = "backing indices of others"  # detail: their names
    BACKING_INDICES_CHANGED = "backing indices changed"
    IN_A_DATA_STREAM = "in a data stream"  # detail: its name
    TAKES_WRITES = "takes writes"
    SNAPSHOT_OUT_OF_REACH = "snapshot out of reach"  # detail: the repository that is not registered any more
    OTHER_DOMAINS = "other domains"  # a round between other domains than the latest


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
"""The sentences that journals of earlier versions hold in place of the reason."""


class Skipped(Record):
    """Something under a name of the run that is not its own, or not any more: it was not touched.

    Args:
        detail: what the reason is about, see there.
        error: why a registration could not be made again; empty otherwise.
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
    """What became of the repository's registration on one side."""

    REMOVED = "removed"
    REVERTED = "reverted"  # to what was registered before
    UNCHANGED = "unchanged"  # what was registered before is registered now
    ABSENT = "absent"  # nothing is registered
    NOT_BY_THIS_RUN = "not by this run"  # it has never registered anything
    NOT_BY_THESE_RUNS = "not by these runs"
    REMOVED_BY_OTHERS = "removed by others"
    CHANGED_BY_OTHERS = "changed by others"
    USED_BY_A_LATER_RUN = "used by a later run"
    KEPT = "kept"  # as the user wished


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
"""The sentences that journals of earlier versions hold in place of the outcome."""


class Registration(Record):
    """What became of the repository's registration on one side.

    Args:
        run_id: of the later run that uses it; empty otherwise.
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
    """What was removed: indices and data streams, snapshots, and what became of each side's registration.

    Args:
        registrations: by side; of a repository that only earlier rounds have used, by side and its name.
        left: what is under a name of the run and was not touched, and why.
    """

    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: dict[str, Registration]
    left: tuple[Skipped, ...]

    @property
    def unregistered(self) -> tuple[str, ...]:
        """Where the registration was removed."""
        removed = RegistrationOutcome.REMOVED
        return tuple(side for side, found in self.registrations.items() if found.outcome == removed)


class Leftovers(Record):
    """What a run has made and not taken away: a look, for people to decide on.

    Args:
        run_id: of the latest run, where there are several.
        concerns: a rehearsal, or all seed rounds since the last cutover.
        snapshots: those that are there and carry the ids of these runs.
        registrations: sides whose registration would be removed, or put back as it was.
    """

    run_id: str
    concerns: Literal["rehearsal", "seed rounds"] = "rehearsal"
    indices: tuple[str, ...]
    snapshots: tuple[str, ...]
    registrations: tuple[Side, ...]
    left: tuple[Skipped, ...]


class RolledBackRecord(Record):
    """A cutover that was put back by `snapferry abort`.

    Args:
        released: indices of the source that take writes again.
        copies: how many copies wait on the target, closed.
    """

    run_id: str
    concerns: Literal["cutover"] = "cutover"
    released: tuple[str, ...]
    copies: int


class Finish(Record):
    """What `snapferry finish` is to make of what a run has left.

    Args:
        source: what is to become of the source's block; None leaves it as it stands.
    """

    snapshots: Literal["keep", "drop"] = "keep"
    registrations: Literal["keep", "remove"] = "remove"
    source: Literal["blocked", "released"] | None = None


class FinishRecord(Record):
    """How a finished run's registrations, snapshots and block were settled.

    Args:
        wanted: what was asked for, over all commands.
        kept, removed: snapshots.
        registrations: what became of each side's.
        released: indices of the source that take writes again by it.
        refusing: indices of the source that go on refusing them.
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
