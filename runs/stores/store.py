"""What every place for the state can do. Paths in the state folder name files, wherever these are."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Appender(Protocol):
    """A file of lines that grows while its process lives. Thread-safety is the caller's matter.

    Every method raises StateUnusable where it cannot do it.
    """

    def append(self, text: str, *, durably: bool = False) -> None:
        """Append whole lines; what was appended before a durable line is durable with it."""
        ...

    def replace(self, text: str) -> None:
        """Replace everything that the file holds, durably."""
        ...

    def remove(self) -> None:
        """Remove the file; nothing if there is none."""
        ...

    def close(self) -> None:
        """Let go of the file, which stays."""
        ...


class StateStore(Protocol):
    """Where the state is. Thread-safe.

    Raises, in every method:
        OSError: the folder, or the disk, does not allow it.
        StateUnusable, StateUnreachable: S3 does not allow it, or does not answer.
        LockLost: somebody else has taken over what this process is working on; nothing was written.
    """

    @property
    def settings(self) -> dict[str, Any] | None:
        """How another process reaches it, as JSON; None for a folder."""
        ...

    def read(self, path: Path) -> bytes:
        """Read a file. Raises FileNotFoundError if there is none."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        ...

    def replace(self, path: Path, text: str) -> None:
        """Write a file as a whole and durably: whoever reads it finds the old text or the new one."""
        ...

    def create(self, path: Path, text: str) -> bool:
        """Write a file that is not there yet; whether that was so. Of several who try, one succeeds."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file; nothing if there is none."""
        ...

    def entries(self, folder: Path) -> list[Path]:
        """What a folder holds, files and folders; nothing if there is no such folder."""
        ...

    def folders(self, folder: Path) -> list[Path]:
        """The folders that a folder holds."""
        ...

    def appender(self, path: Path) -> Appender:
        """A file of lines to append to; it is made by the first line."""
        ...

    def hold(self, path: Path, what: str, hint: str) -> AbstractContextManager[None]:
        """Hold a lock for the duration of the block; others have it once this process has ended.

        Args:
            what, hint: what the error calls it, such as `plan orders`, and the next step.

        Raises:
            Busy: another process holds it.
        """
        ...

    def require_free(self, path: Path, what: str, hint: str) -> None:
        """Raise Busy if it is plain that another process holds the lock."""
        ...

    def is_held(self, path: Path) -> bool:
        """Whether a live process holds the lock."""
        ...

    def holder(self, path: Path) -> int | None:
        """The id of the live process that holds the lock; None if there is none, or it is unknown."""
        ...

    def shown(self, path: Path) -> str:
        """Where a file is, for people."""
        ...
