"""What a seed round or a cutover would do: a look, for people to decide on."""

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


class WindowPreview(Record):
    """The window of an unfinished cutover that has made the source refuse writes.

    Args:
        then: what the same command does about it.
    """

    frozen: datetime
    deadline: datetime
    then: Literal["goes on", "puts back", "opens"]


class RoundPreview(Record):
    """A round before it is taken.

    Args:
        rehearsal: whether it is a rehearsal of a cutover: a round whose copies are compared.
        continues: the unfinished run that the command would go on with; None when it would start one.
        window: how long the source would refuse writes; None for a seed round.
        before: the preflight's results about the window that are not OK; empty for a seed round.
        source_after: what becomes of the source's block; None for a seed round.
        frozen: the window that the run goes on in; None where the source is not frozen by one.
        allowed: how long the source may refuse writes, as the plan says; empty for a seed round.
        gates: where the plan lets the cutover wait.
        pauses: whether the service's own snapshots of the source would be paused, where the caller may.
        requests: everything that would be sent to the domains and is not a mere read, in the order of the
            steps; none where the command would only roll back, or finish an opening.
    """

    verb: Verb
    rehearsal: bool = False
    plan: str
    continues: str | None
    resolution: Resolution
    work: ChangesRecord
    window: WindowEstimate | None = None
    before: tuple[CheckRecord, ...] = ()
    source_after: Literal["blocked", "released"] | None = None
    frozen: WindowPreview | None = None
    allowed: str = ""
    gates: tuple[Gate, ...] = ()
    pauses: bool = False
    requests: tuple[PlannedRequest, ...] = ()


class UnfinishedCutover(Record):
    """A cutover that has opened nothing yet, before it is put back: a look.

    Args:
        frozen, deadline: of its window; None when it has frozen nothing.
        refusing: indices of the source that refuse writes by it now.
        opened: copies on the target that are open by now.
        target_problem: why the target could not be looked at; empty when it could.
        snapshot: its own snapshot, while it runs.
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
    """What `snapferry finish` would do: a look.

    Args:
        finished: whether an earlier one has done all of it already.
        snapshots: those of the run and of its seed rounds that are there.
        registrations: sides whose registration would be removed, or put back as it was.
        refusing: indices of the source that refuse writes by this run now.
    """

    run_id: str
    verb: Verb
    wanted: Finish
    finished: bool
    snapshots: tuple[str, ...]
    registrations: tuple[Side, ...]
    refusing: tuple[str, ...]
