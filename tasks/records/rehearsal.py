"""How a plan is rehearsed, as the journal and the command have it."""

from tasks.records.base import Record

PREFIX = "rehearsal-"


class Rehearsal(Record):
    """How a plan is rehearsed.

    Args:
        prefix: put in front of every name on the target.
        only: names and patterns of the indices to rehearse with; empty for every index of the plan.
        keep: whether everything the rehearsal makes stays on the target.
        shadow: name or endpoint of a third domain that stands in for the target; None for the target itself.
    """

    prefix: str = PREFIX
    only: tuple[str, ...] = ()
    keep: bool = False
    shadow: str | None = None
