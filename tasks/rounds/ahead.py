"""What a seed round or a cutover would do: a look, for people to decide on."""

from datetime import datetime
from typing import Literal

from configs.gates import Gate
from tasks.checks.records import CheckRecord
from tasks.cutover.expected import WindowEstimate
from tasks.records import Record, Resolution
from tasks.rounds.records import ChangesRecord


class WindowAhead(Record):
    """The window of an unfinished cutover that has made the source refuse writes.

    Args:
        then: what the same command does about it.
    """

    frozen: datetime
    deadline: datetime
    then: Literal["goes on", "puts back", "opens"]


class RoundAhead(Record):
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
    """

    verb: Literal["seed", "cutover"]
    rehearsal: bool = False
    plan: str
    continues: str | None
    resolution: Resolution
    work: ChangesRecord
    window: WindowEstimate | None = None
    before: tuple[CheckRecord, ...] = ()
    source_after: Literal["blocked", "released"] | None = None
    frozen: WindowAhead | None = None
    allowed: str = ""
    gates: tuple[Gate, ...] = ()
    pauses: bool = False
