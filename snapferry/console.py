"""The only module that prints. Results go to standard output, everything else to standard error.

What it prints is visible, and without the secrets that this process knows, whatever others have said.
A terminal may be closed while a command works. What it prints then goes to a log file, and it works on.
"""

import io
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from configs.values.visible import visible_json, visible_lines
from domains.errors import SnapferryError
from domains.known_secrets import cut_secrets
from reports.views.fitting import UNLIMITED, page, text_of
from runs.commands import current, in_full
from snapferry import run_log
from snapferry.verbosity import is_quiet

_USUAL = "run the same command again; if it fails again, docs/access.md lists the rights that it needs"


class _Stream(io.TextIOBase):
    """One of the standard streams; when writing to it fails, the log file, if there is one."""

    log: Path | None = None

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _now(self) -> TextIO:
        """The stream itself: while a bar is shown, Rich puts a stand-in before it, which prints here."""
        stream: TextIO = getattr(sys, self._name)
        return getattr(stream, "rich_proxied_file", stream)

    def write(self, text: str) -> int:
        """Write the text; a stream that fails is not tried again."""
        try:
            self._now.write(text)
            self._now.flush()
        except OSError:
            setattr(sys, self._name, self._elsewhere())
            self._now.write(text)
        return len(text)

    def _elsewhere(self) -> TextIO:
        if _Stream.log:
            with suppress(OSError):
                _Stream.log.parent.mkdir(parents=True, exist_ok=True)
                return _Stream.log.open("a", encoding="utf-8", buffering=1)
        return Path(os.devnull).open("w", encoding="utf-8")

    def flush(self) -> None:
        """Flush nothing: every write does."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._now.isatty()

    def fileno(self) -> int:
        """Its file descriptor, by which Rich finds the terminal's width."""
        return self._now.fileno()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Its encoding."""
        return self._now.encoding


_standard_output: Any = _Stream("stdout")
_standard_error: Any = _Stream("stderr")
err = Console(file=_standard_error, highlight=False, soft_wrap=True, emoji=False)


def keep_output(log: Path) -> None:
    """From now on, append to this file whatever can no longer be printed because the terminal is gone."""
    _Stream.log = log


class _Clean:
    """A view whose texts are safe to show; a second net, after the records that it shows."""

    def __init__(self, view: RenderableType) -> None:
        self._view = Text(view) if isinstance(view, str) else view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for each in console.render(self._view, options):
            yield each if each.control else Segment(_clean(each.text), each.style)


def _clean(text: str) -> str:
    return visible_lines(cut_secrets(text))


def show(view: RenderableType) -> None:
    """Print a result for people, fitted to the width of the terminal, or to COLUMNS."""
    run_log.note(logging.INFO, text_of(view))
    out = Console(file=_standard_output, width=_width(_standard_output), highlight=False, emoji=False)
    out.print(_Clean(view), markup=False, overflow="ignore", crop=False)


def say(text: str) -> None:
    """Print a line that is no part of the result, on standard error, unless only results are wanted."""
    text = in_full(text, current())
    run_log.note(logging.INFO, text)
    if not is_quiet():
        _print_fitted(text)


def warn(text: str) -> None:
    """Print a line that must not be missed, on standard error, whatever is wanted."""
    text = in_full(text, current())
    run_log.note(logging.WARNING, text)
    _print_fitted(text)


def say_unwrapped(text: str) -> None:
    """Print a line for programs on standard error; it is never wrapped, and no part of a run's log."""
    err.print(_clean(in_full(text, current())), markup=False, soft_wrap=True)


def _print_fitted(text: str, style: str = "") -> None:
    """Print text on standard error; on a terminal, wrapped between words."""
    width, text = _width(_standard_error), _clean(text)
    lines = page([Text(text, style)]) if width != UNLIMITED else Text(text, style)
    err.print(lines, markup=False, overflow="ignore", crop=False, soft_wrap=width == UNLIMITED)


def _width(stream: TextIO) -> int | None:
    """COLUMNS, else the width of the terminal (None: Rich finds it out); no limit where there is none."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return None if stream.isatty() else UNLIMITED


def show_json(document: dict[str, Any] | str) -> None:
    """Print one JSON document on standard output."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2, default=str)
    _standard_output.write(visible_json(cut_secrets(text)).rstrip("\n") + "\n")


def print_text(text: str) -> None:
    """Print a text without layout on standard output."""
    _standard_output.write(_clean(text))


def show_error(error: SnapferryError) -> None:
    """Print an error and its hint on standard error."""
    show_problem(error.message, error.hint or _USUAL)


def show_problem(message: str, hint: str = "") -> None:
    """Print what is wrong, and what to do next, on standard error."""
    message, hint = in_full(message, current()), in_full(hint, current())
    run_log.note(logging.ERROR, f"{message}\nnext: {hint}" if hint else message)
    _print_fitted(f"snapferry: {message}", "bold red")
    if hint:
        _print_fitted(f"next: {hint}")
