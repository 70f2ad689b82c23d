"""Optional reads: what cannot be read is noted with the right that would help, and the reading goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from domains.errors import SnapferryError
from tasks.records.advice import Unread

T = TypeVar("T")


@dataclass
class Reading:
    """What could not be read of one domain so far."""

    unread: list[Unread] = field(default_factory=list[Unread])

    def attempt(self, what: str, read: Callable[[], T]) -> T | None:
        """Return what `read` returns; None if it fails, which is noted.

        Args:
            what: what would be known then, such as `its replication`.
        """
        try:
            return read()
        except SnapferryError as error:
            self.note(what, error)
            return None

    def note(self, what: str, error: SnapferryError) -> None:
        """Note that something could not be read."""
        self.unread.append(Unread(what=what, why=error.message, hint=error.hint))
