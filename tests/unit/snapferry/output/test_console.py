"""What is printed when the terminal is gone, and what stays on one that is not."""

import io
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text
from support.building import a_journal, a_plan

from domains.known_secrets import remember_secret
from flows.sessions.recording import record_step
from reports.views.fitting import page
from runs.progress import Progress, report_progress
from snapferry.output import console, progress
from snapferry.output.streams import SafeStream
from tasks import steps
from tasks.records.cutover import HealthRecord


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
    monkeypatch.setattr(progress, "say_unwrapped", said.append)
    with progress.shown_progress():
        report_progress(Progress("open", "opening"))
        report_progress(Progress("open", "no way back", milestone=True))
    assert ["no way back" in line for line in said] == [False, True]


class Terminal(io.StringIO):
    """A stream that looks like a terminal."""

    def isatty(self) -> bool:
        return True


PROSE = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"


@pytest.mark.parametrize(
    ("stream", "columns", "lines"),
    [(io.StringIO, None, 1), (io.StringIO, "60", 2), (Terminal, "60", 2), (Terminal, "30", 4)],
)
@pytest.mark.parametrize("printed", ["result", "remark", "error"])
def test_prose_wraps_between_words_on_a_terminal_and_never_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], columns: str | None, lines: int, printed: str
) -> None:
    out, err = stream(), stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    if printed == "result":
        console.show(page([Text(PROSE)]))
    elif printed == "remark":
        console.say(PROSE)
    else:
        console.show_problem(PROSE)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue() + err.getvalue()).removeprefix("snapferry: ")
    assert shown.split() == PROSE.split()
    assert abs(len(shown.splitlines()) - lines) <= (1 if columns == "30" else 0)


def test_a_step_that_lacks_something_gets_no_tick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=screen, force_terminal=True))
    journal = a_journal(tmp_path, a_plan())
    with progress.shown_progress(), journal.step(steps.HEALTH.name):
        record_step(journal, steps.HEALTH, HealthRecord(waited_s=9, not_green={"folk": "yellow"}))
        record_step(journal, steps.HEALTH, HealthRecord(waited_s=1, not_green={}))
    late, green = (line for line in screen.getvalue().splitlines() if "health" in line)
    assert "!" in late and "✓" not in late and "1 index is not green" in late
    assert "✓" in green


EVIL = "a\x1b[31mb\x9bc\u202ed\u200be\r [bold]f[/]"
SHOWN = r"a\u001b[31mb\u009bc\u202ed\u200be\u000d [bold]f[/]".replace(r"\u000d", r"\r")


@pytest.mark.parametrize("terminal", [False, True])
def test_whatever_is_printed_is_visible_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """The second net: what no one before has made safe."""
    screen = io.StringIO()
    screen.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    remember_secret("correct horse battery")
    table = Table(box=None)
    table.add_column("name")
    table.add_row(Text(EVIL))
    console.show(table)
    console.show(EVIL)
    console.say(f"{EVIL} correct horse battery\nsecond line")
    console.show_problem(EVIL, "correct horse battery")
    console.print_text(f"{EVIL}\n")
    console.show_json({"name": EVIL, "said": "correct horse battery"})
    printed = screen.getvalue()
    assert "correct horse" not in printed
    assert printed.count("a\\u001b[31mb") == 6 and "second line" in printed
    styles = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert not {each for each in styles if not each.isprintable()} - {"\n"}
    assert f"{SHOWN}\n" in printed and "[bold]f[/]" in styles


def test_a_bar_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=screen, force_terminal=True, width=200))
    with progress.shown_progress():
        report_progress(Progress("restore", "index [red]a\u202eb", done=1, total=2, unit="[x]"))
    assert "index [red]a\\u202eb" in screen.getvalue()
    assert "\u202e" not in screen.getvalue()
