"""Problems in a plan file: where they are, and what would be right."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One problem. Prints as `file:line:column: path: message`; lines and columns start at 1.

    Args:
        file: where the plan came from: a file, or what else to call it, as an address in S3.
    """

    file: Path | str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        return place + (f"{self.path}: {self.message}" if self.path else self.message)


class PlanError(Exception):
    """The plan has problems: all of them, in the order of the file. Nothing was sent."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
