"""Status of a run, as stored in its journal. `runs.lifecycle` derives the rest."""

from enum import StrEnum


class RunStatus(StrEnum):
    """Status of a run: how its latest session ended, as stored in the journal."""

    RUNNING = "running"
    """A session is working on the run, or its process was killed; the plan's lock tells which."""
    DONE = "done"
    """The run did all its work: moved and verified, or, for a seed round, copied."""
    DIFFERENT = "different"
    """Everything was moved, but the verification found a difference or could not compare something."""
    REFUSED = "refused"
    """A check, a conflict or a missing consent stopped the run before its first change: not resumed."""
    FAILED = "failed"
    """An error stopped the run after its first change. The error says what to fix before resuming."""
    INTERRUPTED = "interrupted"
    """The run stopped for a temporary reason: Ctrl-C, a timeout, a domain that did not answer."""
    ABANDONED = "abandoned"
    """The run was abandoned: `abort` removed or rolled back what it made, or another run took its place."""
