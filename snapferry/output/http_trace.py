"""The trace of `--debug`: every request and its reply, shortened and without secrets, for a support case."""

import os
import platform
import re
import shlex
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from domains.http.exchanges import Exchange, observed_by
from runs.journal import now
from runs.redaction import redacted
from runs.state_files import make_folder
from snapferry.output.console import warn
from snapferry.output.progress import say_request
from snapferry.output.verbosity import Verbosity

_SHOWN = 2_000
_READ = 8_000  # of a body: what is cut out of it must be seen whole
_BYTES = 50_000_000
_CUT = '"[cut]"'
_SECRET = re.compile(
    r'("[^"\n]*(?:password|passwd|secret|token(?!iz|_)|access[_-]?key|api[_-]?key|credential|authorization|signature)[^"\n]*"'
    r'\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|\[[^\]]*(?:\]|$)|\{[^}]*(?:\}|$))',
    re.I,
)
_DOCUMENT = re.compile(r'"_source"\s*:\s*\{')


@contextmanager
def watched(options: Verbosity, verb: str, state: Path) -> Generator[None]:
    """Inside the block, show each request (`--verbose`) and write the trace (`--debug`), and say where it is.

    Args:
        verb: name of the verb, for the name of the file.
        state: the state folder.
    """
    with ExitStack() as stack:
        if options.verbose:
            stack.enter_context(observed_by(say_request))
        if options.debug:
            trace = HttpTrace(state / "debug" / f"{now():%Y%m%d-%H%M%S}-{verb}-{os.getpid()}.log")
            stack.callback(lambda: warn(trace.close()))
            stack.enter_context(observed_by(trace))
        yield


class HttpTrace:
    """Write each exchange to a file, which is made for the first one and only its owner can read.

    Documents are left out, and so are values whose key names a credential and the values of environment
    variables that hold secrets. It stops at fifty megabytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        self._left = _BYTES
        self._lock = threading.Lock()
        self.problem = ""

    def __call__(self, exchange: Exchange) -> None:
        """Write one exchange."""
        with self._lock:
            if self.problem:
                return
            try:
                self._write("\n".join(_lines(exchange)) + "\n")
            except OSError as error:
                self.problem = f"cannot write {self.path}: {error.strerror}"

    def _write(self, text: str) -> None:
        if self._file is None:
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
            text = f"{_heading()}\n{text}"
        self._left -= len(text)
        if self._left < 0:
            self.problem = f"it was stopped at {_BYTES // 1_000_000} MB"
            text = f"{self.problem}\n"
        self._file.write(text)

    def close(self) -> str:
        """Close the file, and say where it is."""
        if self._file is None:
            return self.problem or "No request was sent, so there is no trace."
        try:
            self._file.close()
        except OSError as error:
            self.problem = f"it is not whole: {error.strerror}"
        return f"Trace: {self.path}" + (f" ({self.problem})" if self.problem else "")


def _heading() -> str:
    from snapferry.installation import release

    place = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    command = redacted(shlex.join(["snapferry", *sys.argv[1:]]), ())
    return f"snapferry {release()}, {place}\n{command}"


def _lines(made: Exchange) -> Generator[str]:
    at = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    outcome = made.status if made.status is not None else f"no reply ({made.problem})"
    sent, received = (len(body.encode(errors="replace")) for body in (made.sent, made.received))
    figures = f"{sent} bytes sent, {received} bytes received"
    asked = redacted(f"{made.side} {made.method} {made.path}", ())
    yield f"{at} {asked} -> {outcome}, {made.seconds * 1000:.0f} ms, {figures}"
    for mark, body in (("  > ", made.sent), ("  < ", made.received)):
        if body:
            yield mark + shortened(body)


def shortened(body: str) -> str:
    """The beginning of a body in one line, without documents and without values of credentials."""
    text = body[:_READ]
    document = _DOCUMENT.search(text)
    if document:
        text = text[: document.start()]
    text = redacted(_SECRET.sub(rf"\1{_CUT}", text), ())
    shown = " ".join(text[:_SHOWN].split())
    if document:
        return f"{shown} … (documents are left out)"
    return shown if len(body) <= _SHOWN and len(text) <= _SHOWN else f"{shown} … ({len(body)} characters)"
