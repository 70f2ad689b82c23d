"""How the lab tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Somebody who is told what the lab does. Calls come from several threads."""

    def message(self, text: str) -> None:
        """One sentence about what starts now."""
        ...

    def download(self, name: str, done: int, total: int) -> None:
        """`done` of `total` bytes of the download called `name` are there."""
        ...


class Silent:
    """A listener that ignores everything."""

    def message(self, text: str) -> None:
        """Ignore the sentence."""

    def download(self, name: str, done: int, total: int) -> None:
        """Ignore the figure."""
