"""How a run stands, as its journal keeps it. `runs.lifecycle` says what follows from it."""

from enum import StrEnum


class RunStatus(StrEnum):
    """How the latest session of a run ended, as the journal keeps it."""

    RUNNING = "running"
    """A session works on the run, or its process was killed: whether the plan's lock is held tells which."""
    DONE = "done"
    """The run did all that it was to do: moved and verified; of a seed round: copied."""
    DIFFERENT = "different"
    """Everything was moved. The verification found a difference, or could not compare something."""
    REFUSED = "refused"
    """A check, a conflict or a missing consent stopped the run before its first change; it is not resumed."""
    FAILED = "failed"
    """An error stopped the run after its first change. It says what to put right before resuming."""
    INTERRUPTED = "interrupted"
    """The run stopped for a passing reason: Ctrl-C, a timeout, a domain that did not answer."""
    ABANDONED = "abandoned"
    """The run was given up: `abort` removed or rolled back what it made, or another took its place."""
