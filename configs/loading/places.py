"""Turn a position in a file's text into its line and column."""

import re
from bisect import bisect_right
from pathlib import Path

from configs.loading.problems import Problem


class Places:
    """Turns a position in the text into line and column, both from 1."""

    def __init__(self, text: str, path: Path | str) -> None:
        self._path = path
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        self._end = len(text.rstrip())

    def problem(self, index: int, where: str, message: str) -> Problem:
        """Place a problem; one at the very end of the file is placed after its last character."""
        index = max(0, min(index, self._end))
        line = bisect_right(self._starts, index)
        return Problem(self._path, line, index - self._starts[line - 1] + 1, where, message)
