"""What is printed when the terminal is gone, and what stays on one that is not."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console

from runs.progress import Progress, report_progress
from snapferry import console, progress
from snapferry.streams import SafeStream


class Gone(io.StringIO):
    """A stream whose terminal was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def close_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SafeStream(Gone()))
    monkeypatch.setattr(sys, "stderr", SafeStream(Gone()))
    monkeypatch.setattr(SafeStream, "log", None)


def test_output_goes_on_to_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    close_terminal(monkeypatch)
    log = tmp_path / "plans" / "p" / "output.log"
    console.keep_output(log)
    console.say("releasing the source")
    console.show("a result")
    console.print_text("{}\n")
    assert log.read_text() == "releasing the source\na result\n{}\n"


def test_where_even_the_log_cannot_be_written_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    close_terminal(monkeypatch)
    (tmp_path / "file").write_text("")
    console.keep_output(tmp_path / "file" / "output.log")
    console.say("releasing the source")


def test_without_a_log_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    close_terminal(monkeypatch)
    console.say("releasing the source")


def test_a_point_of_no_return_stays_as_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the bar's text goes; in a log, lines that follow each other fast are left out."""
    screen = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=screen, force_terminal=True, color_system="standard"))
    with progress.shown_progress():
        report_progress(Progress("freeze", "blocking"))
        report_progress(Progress("freeze", "the source is about to refuse writes", milestone=True))
        report_progress(Progress("freeze", "waiting"))
    assert re.search(r"\x1b\[1;33m! .*the source is about to refuse writes", screen.getvalue(), re.DOTALL)
    said: list[str] = []
    monkeypatch.setattr(progress, "err", Console(file=screen, force_terminal=False))
    monkeypatch.setattr(progress, "say", said.append)
    with progress.shown_progress():
        report_progress(Progress("open", "opening"))
        report_progress(Progress("open", "no way back", milestone=True))
    assert ["no way back" in line for line in said] == [False, True]
