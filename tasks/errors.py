"""The two families of errors a migration ends with: before anything was changed, and after."""

from domains.errors import SnapferryError


class PreconditionError(SnapferryError):
    """Refused by a look at the domains. Nothing was changed.

    Args:
        message: the refusal in one sentence.
        problems: one line each, all that were found.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__("\n".join([message, *(f"  - {problem}" for problem in problems)]), hint)
        self.problems = problems


class ExecutionError(SnapferryError):
    """Something failed after the first change; the report lists what was changed."""


class TimedOut(SnapferryError):
    """A wait came to its end while the work goes on; the same command continues it."""


class VerificationFailed(SnapferryError):
    """A difference was found, or something could not be compared."""
