"""The log of a run, beside its journal: everything that its commands said, with time and level.

Until the run is known, the lines are kept; a command without a run has no log. It holds at most two files of
five megabytes: the older one gets the ending `.1`.
"""

import logging
import os
import time
from collections import deque
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from configs.values.visible import visible_lines
from runs.redaction import redacted
from runs.state_files import make_folder, open_private

_BYTES = 5_000_000
_LINES = 500
_FORMAT = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
_FORMAT.converter = time.gmtime


class _File(RotatingFileHandler):
    """The file, for its owner only. Where it cannot be written, the command goes on without it."""

    def _open(self) -> TextIOWrapper:
        descriptor = open_private(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line."""


_waiting: deque[logging.LogRecord] = deque(maxlen=_LINES)
_file: list[_File] = []


def note(level: int, text: str) -> None:
    """Add these lines to the log of the run, or keep them until the run is known.

    Args:
        level: as in the module `logging`.
    """
    for line in visible_lines(redacted(text, ())).split("\n"):
        record = logging.LogRecord("snapferry", level, "", 0, line, None, None)
        if _file:
            _file[0].handle(record)
        else:
            _waiting.append(record)


def open_log(path: Path) -> None:
    """From now on, write to this file; what was said before comes first. Does nothing if one is open."""
    if _file:
        return
    try:
        make_folder(path.parent)
        opened = _File(path, maxBytes=_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        return
    opened.setFormatter(_FORMAT)
    _file.append(opened)
    while _waiting:
        opened.handle(_waiting.popleft())


def current_run() -> str:
    """The id of the run whose log is open; empty if none is."""
    return Path(_file[0].baseFilename).stem if _file else ""


def close() -> None:
    """Close the log, and forget what was kept: the command has ended."""
    _waiting.clear()
    while _file:
        with suppress(OSError):  # what it still holds finds no room either
            _file.pop().close()
