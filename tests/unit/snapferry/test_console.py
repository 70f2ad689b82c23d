"""What is printed when the terminal is gone."""

import io
import sys
from pathlib import Path

import pytest

from snapferry import console


class Gone(io.StringIO):
    """A stream whose terminal was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def close_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setattr(console._Stream, "log", None)


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
