"""Where a run stands: which runs count, and which are finished."""

from runs.journal import FINISHED, Journal

ROLL_BACK = "back out"
"""The step that puts everything back after a cutover that was not opened."""


def counts(journal: Journal) -> bool:
    """Whether a run is one to go on with, or to show; not a cutover after which everything was put back."""
    if journal.document.status in {"refused", "abandoned"} or journal.record(ROLL_BACK):
        return False
    begun = journal.changed_something or bool(journal.document.gates) or journal.document.window is not None
    return begun or is_finished(journal)


def is_finished(journal: Journal) -> bool:
    """Whether this run needs no further command.

    One that could not compare anything that fails is not: the same command looks again. Neither is one that
    has frozen the source and not ended that.
    """
    window = journal.document.window
    if window and window.ended is None:
        return False
    return journal.document.status in FINISHED and not (
        journal.document.status == "different" and only_undecided(journal)
    )


def only_undecided(journal: Journal) -> bool:
    """Whether every failing verdict of the run is `not compared`: nothing was found to differ."""
    verdicts = (journal.record("verify") or {}).get("verdicts", [])
    return {verdict["outcome"] for verdict in verdicts} <= {"equal", "not compared"}
