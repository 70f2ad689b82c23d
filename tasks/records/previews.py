"""Previews of a seed round, a cutover or a cleanup, for people to decide on."""

from datetime import datetime
from typing import Literal

from configs.gates import Gate
from configs.plan import Side
from runs.verbs import Verb
from tasks.records.base import Record
from tasks.records.checks import CheckRecord
from tasks.records.cleanup import Finish
from tasks.records.estimates import WindowEstimate
from tasks.records.plan_document import PlannedRequest
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.tail import WaysRecord


class WindowPreview(Record):
    """Window of an unfinished cutover that has frozen the source.

    Args:
        then: what running the same command does next.
    """

    frozen: datetime
    deadline: datetime
    then: Literal["goes on", "puts back", "opens"]


class RoundPreview(Record):
    """Preview of a seed round or a cutover.

    Args:
        rehearsal: whether this is a rehearsal of a cutover: a round whose copies are compared.
        continues: the unfinished run that the command would resume; None if it would start a new one.
        window: how long the source would refuse writes; None for a seed round.
        before: results of the window checks that are not OK; empty for a seed round.
        source_after: what happens to the source's block afterwards; None for a seed round.
        frozen: open window of the run to resume; None if the source is not frozen by one.
        allowed: the plan's limit for the window; empty for a seed round.
        gates: gates at which the plan makes the cutover wait.
        pauses: whether automated snapshots of the source would be paused, if the caller may do so.
        ways: of a cutover and of `follow`: which indices go by the tail, and which by a restore.
        requests: requests that would be sent to the domains, plain reads excluded, in the order of the steps;
            empty if the command would only roll back or finish an opening.
    """

    verb: Verb
    rehearsal: bool = False
    plan: str
    continues: str | None
    resolution: Resolution
    work: ChangesRecord
    window: WindowEstimate | None = None
    before: tuple[CheckRecord, ...] = ()
    source_after: Literal["blocked", "released", "follow"] | None = None
    frozen: WindowPreview | None = None
    allowed: str = ""
    gates: tuple[Gate, ...] = ()
    pauses: bool = False
    ways: WaysRecord | None = None
    requests: tuple[PlannedRequest, ...] = ()


class UnfinishedCutover(Record):
    """Preview of rolling back a cutover that has opened nothing yet.

    Args:
        frozen, deadline: start and deadline of its window; None if it froze nothing.
        refusing: indices of the source that currently refuse writes because of it.
        opened: copies on the target that are already open.
        target_problem: why the target could not be read; empty if it could.
        snapshot: the cutover's own snapshot, if still running.
    """

    run_id: str
    concerns: Literal["cutover"] = "cutover"
    frozen: datetime | None
    deadline: datetime | None
    refusing: tuple[str, ...]
    opened: tuple[str, ...]
    target_problem: str = ""
    snapshot: str | None


class FinishPreview(Record):
    """Preview of `snapferry finish`.

    Args:
        finished: whether an earlier `finish` already did everything.
        snapshots: existing snapshots of the run and its seed rounds.
        registrations: sides whose registration would be removed or reverted.
        refusing: indices of the source that currently refuse writes because of this run.
        ends_way_back: whether a release would end the way back that the run has promised.
    """

    run_id: str
    verb: Verb
    wanted: Finish
    finished: bool
    snapshots: tuple[str, ...]
    registrations: tuple[Side, ...]
    refusing: tuple[str, ...]
    ends_way_back: bool = False
