"""Objects that are written only if they are still as their writer knows them: what state in S3 needs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Found:
    """An object as it was read.

    Args:
        version: what a later `replace` names; it differs wherever the bytes differ.
        age_s: seconds since it was written, by the clock of where it is.
    """

    body: bytes
    version: str
    age_s: float = 0.0


class ConditionalObjects(Protocol):
    """Objects by key. No two writes may send the same bytes: the reply to one may be lost, and then the bytes
    tell whose write took place.

    Every method raises StateUnreachable if no answer came in time, so that it is unknown whether a write took
    place; and StateUnusable if access was refused.
    """

    def read(self, key: str) -> Found | None:
        """Read an object; None if there is none."""
        ...

    def create(self, key: str, body: bytes) -> str | None:
        """Write an object that is not there yet, and return its version; None if it is there."""
        ...

    def replace(self, key: str, body: bytes, version: str) -> str | None:
        """Replace this version of an object, and return the new one; None if it is not the latest."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; nothing if there is none."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names directly below a key; those of folders end in `/`."""
        ...
