"""Progress reports of the lab, independent of who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener to the lab's progress. Calls come from several threads."""

    def message(self, text: str) -> None:
        """Report in one sentence what starts now."""
        ...

    def download(self, name: str, done: int, total: int) -> None:
        """Report that `done` of `total` bytes of the download `name` have arrived."""
        ...


class Silent:
    """A listener that ignores everything."""

    def message(self, text: str) -> None:
        """Ignore the sentence."""

    def download(self, name: str, done: int, total: int) -> None:
        """Ignore the figure."""
