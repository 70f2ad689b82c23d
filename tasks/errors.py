"""The errors that end a migration: refused before anything changed, or failed after."""

from configs.values.visible import visible_lines
from domains.errors import SnapferryError
from domains.known_secrets import cut_secrets


class PreconditionError(SnapferryError):
    """Refused after reading the domains. Nothing was changed.

    Args:
        message: the refusal in one sentence.
        problems: every reason; a reason of several lines has no line break of somebody else in it.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint)
        self.problems = tuple(visible_lines(cut_secrets(problem)) for problem in problems)
        self.message = "\n".join([self.message, *(f"  - {problem}" for problem in self.problems)])
        self.args = (self.message,)


class ExecutionError(SnapferryError):
    """Something failed after the first change; the report lists what was changed."""


class SelectionOutdated(ExecutionError):
    """An index that was to move is gone or was recreated before the snapshot: selecting again helps."""


class TimedOut(SnapferryError):
    """A wait ended while the work goes on; the same command resumes it."""


class VerificationFailed(SnapferryError):
    """A difference was found, or something could not be compared.

    Args:
        copies: names of waiting copies that somebody has changed; the next round restores them again.
    """

    def __init__(self, message: str, hint: str = "", copies: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.copies = copies
