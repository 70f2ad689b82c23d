"""Exit codes, the same for every verb."""

import errno
from enum import IntEnum

from domains.errors import SnapferryError, is_transient
from runs.errors import Busy, StateUnreachable
from runs.journal import Document
from runs.lifecycle import RunStatus
from tasks.errors import TimedOut, VerificationFailed


class ExitCode(IntEnum):
    """Exit codes, each with its meaning.

    Args:
        meaning: what the code says, as a sentence.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        """A code with its meaning."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    DONE = 0, "Done and verified."
    FAILED = 1, "Failed; what was changed is listed."
    INVALID = 2, "The plan or the command line is wrong; nothing was sent."
    REFUSED = 3, "Refused by a check or a conflict; nothing was changed."
    DIFFERENT = 4, "Verification found a difference or could not compare."
    INTERRUPTED = 5, "Interrupted or timed out; the same command resumes it."
    BUSY = 6, "Another run holds this plan or pair of domains."


_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE}
_BY_STATUS = {
    RunStatus.DONE: ExitCode.DONE,
    RunStatus.DIFFERENT: ExitCode.DIFFERENT,
    RunStatus.REFUSED: ExitCode.REFUSED,
    RunStatus.FAILED: ExitCode.FAILED,
    RunStatus.ABANDONED: ExitCode.FAILED,
    RunStatus.INTERRUPTED: ExitCode.INTERRUPTED,
    RunStatus.RUNNING: ExitCode.INTERRUPTED,
}


def code_of_status(status: RunStatus) -> ExitCode:
    """The exit code of a run in this status."""
    return _BY_STATUS[status]


def code_of_run(run: Document) -> ExitCode:
    """The exit code of a run; 1 if it is done but a hook that may fail it has not been notified."""
    code = code_of_status(run.status)
    return ExitCode.FAILED if code == ExitCode.DONE and run.unheard else code


def code_of_output(error: OSError) -> ExitCode:
    """The exit code of a verb that could not write the file that `-o` names."""
    return ExitCode.FAILED if error.errno in _OF_THE_DISK else ExitCode.INVALID


def code_of_error(error: SnapferryError) -> ExitCode:
    """The exit code of a verb that ended with this error and changed nothing."""
    if isinstance(error, Busy):
        return ExitCode.BUSY
    if isinstance(error, TimedOut | StateUnreachable) or is_transient(error):
        return ExitCode.INTERRUPTED
    return ExitCode.DIFFERENT if isinstance(error, VerificationFailed) else ExitCode.REFUSED
