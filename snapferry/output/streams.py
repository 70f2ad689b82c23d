"""Standard streams that never end a command: closed, full, broken, or of few characters.

What can no longer be printed goes to a log file, if there is one, and the command works on. Whether a result
was lost is known at the end, for the exit code.
"""

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

from runs.state_files import make_folder, open_private

_PLAIN = str.maketrans(
    {
        "…": "...", "–": "-", "—": "-", "−": "-", "→": "->", "≤": "<=", "≥": ">=", "·": "-", "×": "x",
        "“": '"', "”": '"', "‘": "'", "’": "'", "✓": "+", "✗": "x", "•": "*", "\u00a0": " ",
    }
)  # fmt: skip
_LAST_COLUMN = 10_000


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Stand in for characters that a stream cannot show: like-looking ones, else their escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error("snapferry", _plainly)


class SafeStream(io.TextIOBase):
    """A standard stream; when writing to it fails, the log file in its place, if there is one.

    Args:
        stream: the stream; None if it was closed before the command began.
    """

    log: Path | None = None

    def __init__(self, stream: TextIO | None) -> None:
        self.problem: OSError | None = None
        """Why not all that was written has arrived; None if it has, or if nobody wants it any more."""
        self._is_closed = stream is None
        self._stream = _nowhere() if stream is None else _tolerant(stream)

    def write(self, text: str) -> int:
        """Write the text; a stream that fails is not tried again."""
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  Click tries it
            raise TypeError("this stream takes text only")
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:  # the reader wants no more, as in `| head`
                self.problem = error
            self._stream = self._elsewhere()
            self._stream.write(text)
        return len(text)

    def require_open(self) -> None:
        """Note that a result that somebody asked for is lost, if there is no such stream."""
        if self._is_closed:
            self.problem = OSError(errno.EBADF, "it is closed")

    def _elsewhere(self) -> TextIO:
        with suppress(OSError, ValueError), _nowhere() as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())  # what it still holds is flushed to nowhere
        if SafeStream.log:
            with suppress(OSError):
                make_folder(SafeStream.log.parent)
                log = open_private(SafeStream.log, os.O_WRONLY | os.O_APPEND)
                return os.fdopen(log, "a", encoding="utf-8", buffering=1)
        return _nowhere()

    def flush(self) -> None:
        """Flush nothing: every write does."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Its file descriptor, by which Rich finds the terminal's width."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Its encoding."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What becomes of characters that it cannot show."""
        return self._stream.errors


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _tolerant(stream: TextIO) -> TextIO:
    with suppress(AttributeError, OSError, ValueError):  # another kind of stream, as in a test
        cast("io.TextIOWrapper", stream).reconfigure(errors="snapferry")
    return stream


def make_safe() -> None:
    """Put safe streams in the place of the standard ones, and see that no file ever gets their numbers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, so this one
    sys.stdout, sys.stderr = SafeStream(sys.stdout), SafeStream(sys.stderr)
    columns = os.environ.get("COLUMNS", "1")
    if not (columns.isascii() and columns.isdigit() and 0 < int(columns[:6]) <= _LAST_COLUMN):
        del os.environ["COLUMNS"]  # Rich would show nothing, or fill the memory


def lost_result() -> str:
    """Why not all of standard output could be written; empty if it was, or if nobody wanted it."""
    problem = sys.stdout.problem if isinstance(sys.stdout, SafeStream) else None
    return "" if problem is None else (problem.strerror or str(problem))


def forgive_loss() -> None:
    """Take back that a result is lost, because it can be shown again."""
    if isinstance(sys.stdout, SafeStream):
        sys.stdout.problem = None
