"""One run in the list of runs, as its JSON shows it."""

from datetime import datetime

from reports.model.base import ReportPart
from runs.verbs import Verb


class RunSummary(ReportPart):
    """One run in a line. What its journal does not say, because it cannot be read, is None.

    Args:
        seconds: spent in its steps, in all sessions.
        status: as in the journal; `running` only while a process works on the run.
        problem: why its journal cannot be read; empty if it can.
    """

    plan: str
    run_id: str
    verb: Verb | None = None
    started: datetime | None = None
    ended: datetime | None = None
    seconds: float | None = None
    status: str = ""
    problem: str = ""
