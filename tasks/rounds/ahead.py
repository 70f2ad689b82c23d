"""What a seed round or a cutover would do: a look, for people to decide on."""

from typing import Literal

from tasks.checks.records import CheckRecord
from tasks.cutover.expected import WindowEstimate
from tasks.records import Record, Resolution
from tasks.rounds.records import ChangesRecord


class RoundAhead(Record):
    """A round before it is taken.

    Args:
        continues: the unfinished run that the command would go on with; None when it would start one.
        window: how long the source would refuse writes; None for a seed round.
        before: the preflight's results about the window that are not OK; empty for a seed round.
        source_after: what becomes of the source's block; None for a seed round.
    """

    verb: Literal["seed", "cutover"]
    plan: str
    continues: str | None
    resolution: Resolution
    work: ChangesRecord
    window: WindowEstimate | None = None
    before: tuple[CheckRecord, ...] = ()
    source_after: Literal["blocked", "released"] | None = None
