"""The copies that wait on the target between rounds, in words."""

from datetime import datetime

from pydantic import Field

from reports.parts import ReportPart
from reports.words import clock, number


class WaitingCopies(ReportPart):
    """Closed copies on the target."""

    round: int = Field(description="Number of the last round that has come to its end; 0 before the first.")
    copies: int
    doubted: int = Field(description="Those of them that the next round takes again, whatever they hold.")
    as_of: datetime | None = Field(description="What the others hold at least; null before the first round.")


def copies_line(waiting: WaitingCopies) -> str:
    """The copies in one line."""
    since = f" as of {clock(waiting.as_of)}" if waiting.as_of else ""
    doubted = f"; the next round takes {number(waiting.doubted)} of them again" if waiting.doubted else ""
    which = f"round {waiting.round}" if waiting.round else "before the end of round 1"
    many = number(waiting.copies)
    return f"Copies on the target: {many}{since} ({which}), closed and refusing writes{doubted}"
