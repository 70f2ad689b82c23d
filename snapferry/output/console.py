"""The only module that prints. Results go to standard output, everything else to standard error.

What it prints is visible, and without the secrets that this process knows, whatever others have said.
A terminal may be closed while a command works; `streams.py` says what becomes of what it prints then.
"""

import io
import json
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from configs.values.visible import visible_json, visible_lines
from domains.errors import SnapferryError
from domains.known_secrets import cut_secrets
from reports.views.fitting import UNLIMITED, page, text_of
from runs.commands import current, in_full
from snapferry.output import run_log
from snapferry.output.streams import SafeStream
from snapferry.output.verbosity import is_quiet

_USUAL = "run the same command again; if it fails again, docs/access.md lists the rights that it needs"


class _Stream(io.TextIOBase):
    """One of the standard streams, whatever it is at the time."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def now(self) -> TextIO:
        """The stream itself: while a bar is shown, Rich puts a stand-in before it, which prints here."""
        stream: TextIO = getattr(sys, self._name)
        return getattr(stream, "rich_proxied_file", stream)

    def write(self, text: str) -> int:
        """Write the text at once."""
        self.now.write(text)
        self.now.flush()
        return len(text)

    def flush(self) -> None:
        """Flush nothing: every write does."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.now.isatty()

    def fileno(self) -> int:
        """Its file descriptor, by which Rich finds the terminal's width."""
        return self.now.fileno()

    @property
    def encoding(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Its encoding; None if it takes any character."""
        return self.now.encoding


_standard_output = _Stream("stdout")
_standard_error = _Stream("stderr")
err = Console(file=cast(Any, _standard_error), highlight=False, soft_wrap=True, emoji=False)


def keep_output(log: Path) -> None:
    """From now on, append to this file whatever can no longer be printed because the terminal is gone."""
    SafeStream.log = log


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
    out = Console(
        file=cast(Any, _standard_output), width=_width(_standard_output), highlight=False, emoji=False
    )
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


def _width(stream: _Stream) -> int | None:
    """COLUMNS, else the width of the terminal (None: Rich finds it out); no limit where there is none."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return None if stream.isatty() else UNLIMITED


def show_json(document: dict[str, Any] | str) -> None:
    """Print one JSON document on standard output."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2, default=str)
    text = visible_json(cut_secrets(text))
    if not _can_show(text):  # its characters are all within strings, where JSON has escapes for them
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    _print_whole(text.rstrip("\n") + "\n")


def _can_show(text: str) -> bool:
    try:
        text.encode(_standard_output.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def print_text(text: str) -> None:
    """Print a text without layout on standard output, which must be there."""
    _print_whole(_clean(text))


def _print_whole(text: str) -> None:
    stream = _standard_output.now
    if isinstance(stream, SafeStream):
        stream.require_open()
    _standard_output.write(text)


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
