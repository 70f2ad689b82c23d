"""What is said while a command works: lines with time and run, the log of the run, -v, -q and --debug."""

from __future__ import annotations

import io
import json
import re
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console
from support.building import a_domain, a_plan
from support.fake_domain import FakeDomain, engine_error, ok
from typer.main import get_command
from typer.testing import CliRunner

from domains.errors import Refused
from domains.http.exchanges import observed_by
from runs.journal import Journal
from runs.progress import Progress, report_progress, working_on
from runs.state import State
from snapferry.calls import Call
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from snapferry.output import console, http_trace, progress, run_log
from snapferry.output.http_trace import HttpTrace, shortened
from snapferry.output.streams import SafeStream
from snapferry.running import show_report
from snapferry.verb import VerbGroup, verb

AT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@pytest.fixture(autouse=True)
def _closed_log() -> Any:
    yield
    run_log.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return State(tmp_path, "orders").begin(a_plan(), "migrate")  # pyright: ignore[reportArgumentType]


def running(function: Callable[..., Any], *words: str, state: Path | None = None) -> Result:
    """The command with this function as its verb."""
    import typer

    made = typer.Typer(rich_markup_mode=None)
    VerbGroup("port", "Port.", ("snapferry port",), (verb("snapferry sail")(function),)).add_to(made)
    made.command("other")(lambda: None)
    return CliRunner().invoke(
        made, ["port", function.__name__, *words], env={"SNAPFERRY_STATE": str(state)} if state else {}
    )


def commands(command: Any, path: tuple[str, ...] = ()) -> Any:
    for name, below in getattr(command, "commands", {}).items():
        if hasattr(below, "commands"):
            yield from commands(below, (*path, name))
        else:
            yield pytest.param(below, id=" ".join((*path, name)))


@pytest.mark.parametrize("command", list(commands(get_command(app))))
def test_every_verb_has_the_same_options(command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--verbose", "-v", "--quiet", "-q", "--debug"} <= options


# lines for programs


def test_each_line_for_a_program_carries_time_and_run(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown_progress():
        report_progress(Progress("resolve", "before the run"))
        with working_on("20261129-120000000-abcd"):
            report_progress(Progress("restore", "restoring", 3, 12, "indices", detail="a detail"))
            report_progress(Progress("restore", "3 of 3", finished=True))
    first, second, third = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"snapferry: time={AT}Z step=resolve state=running message='before the run'", first)
    run = rf"snapferry: time={AT}Z run=20261129-120000000-abcd "
    assert re.fullmatch(
        run + r"step=restore state=running done=3 total=12 unit=indices percent=25.0 message=restoring "
        r"detail='a detail'",
        second,
    )
    assert re.fullmatch(run + r"step=restore state=done message='3 of 3'", third)


# the log


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def test_the_log_has_everything_that_was_said_with_time_and_level(journal: Journal, tmp_path: Path) -> None:
    runs, log = State(tmp_path, "orders"), State(tmp_path, "orders").log_of(journal.run_id)
    console.say("Meeting the domains …")
    with progress.shown_progress(runs), working_on(journal.run_id):
        report_progress(Progress("resolve", "25 indices to move", finished=True))
    console.show_problem("it failed", "fix it")
    said = [re.fullmatch(rf"{AT}\.\d\d\dZ (\w+) (.*)", line) for line in lines_of(log)]
    assert [found and found.groups() for found in said] == [
        ("INFO", "Meeting the domains …"),
        ("INFO", "step=resolve state=done message='25 indices to move'"),
        ("ERROR", "it failed"),
        ("ERROR", "next: fix it"),
    ]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_log_holds_no_secret_and_no_more_than_two_files(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOMAIN_PASSWORD", "correct-horse")
    monkeypatch.setattr(run_log, "_BYTES", 2_000)
    log = State(tmp_path, "orders").log_of(journal.run_id)
    run_log.open_log(log)
    for number in range(100):
        console.say(f"{number}: the password is correct-horse")
    files = sorted(log.parent.glob(f"{log.name}*"))
    assert [file.name.removeprefix(log.name) for file in files] == ["", ".1"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert "99: the password is [secret]" in lines_of(log)[-1]
    assert not any("correct-horse" in file.read_text() for file in files)


def test_the_report_names_the_log_and_is_in_it(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = State(tmp_path, "orders").log_of(journal.run_id)
    journal.settle("failed", "the reason")  # pyright: ignore[reportArgumentType]
    show_report(Call(), journal)
    assert f"\nLog: {log}\n" in capsys.readouterr().out
    assert any("the reason" in line for line in lines_of(log))
    show_report(Call(as_json=True), journal)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["run_id"] == journal.run_id
    assert f"Log: {log}" in shown.err


def test_where_the_log_cannot_be_written_the_command_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run_log.open_log(tmp_path / "file" / "run.log")
    console.say("it goes on")


# -q and -v


def test_quiet_shows_results_and_errors_only() -> None:
    def sail() -> None:
        console.say("a remark")
        with progress.shown_progress():
            report_progress(Progress("restore", "restoring"))
        console.show("the result")
        console.warn("a warning")
        console.show_problem("the error", "fix it")

    ended = running(sail, "-q")
    assert ended.stdout == "the result\n"
    assert ended.stderr == "a warning\nsnapferry: the error\nnext: fix it\n"
    assert "a remark" in running(sail).stderr


def test_quiet_and_verbose_contradict_each_other() -> None:
    def sail() -> None:
        raise AssertionError

    ended = running(sail, "-q", "-v")
    assert ended.exit_code == ExitCode.INVALID
    assert "--quiet" in ended.stderr and "--verbose" in ended.stderr


def test_verbose_shows_each_request_on_a_line(source: FakeDomain) -> None:
    source.on("GET /_cat/indices", ok([]))
    source.on("GET /gone", engine_error(404, "index_not_found_exception", "no such index [gone]"))
    connection = a_domain(source).connection

    def sail() -> None:
        connection.read("GET", "/_cat/indices", format="json")
        with pytest.raises(Refused):
            connection.read("GET", "/gone")

    lines = running(sail, "--verbose").stderr.splitlines()
    assert [shlex.split(re.sub(rf"time={AT}Z|ms=\d+", "", line)) for line in lines] == [
        ["snapferry:", "side=source", "method=GET", "path=/_cat/indices?format=json", "status=200"],
        ["snapferry:", "side=source", "method=GET", "path=/gone", "status=404"],
    ]
    assert running(sail).stderr == ""


# --debug

SECRETS = {"password": "pw-1", "session_token": "pw-2", "client": {"default": {"secret_key": "pw-3"}}}
SECRETS |= {"credentials": ["pw-4", "pw-5"], "x-authorization": "Basic pw-6", "api-key": "pw-7"}


def test_debug_writes_requests_and_replies_without_secrets_and_names_the_file(
    source: FakeDomain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "environment-value")
    source.on("PUT /_snapshot/repo", ok(SECRETS | {"said": "environment-value", "tokenizer": "standard"}))
    source.on("POST /a/_search", ok({"took": 3, "hits": {"hits": [{"_id": "7", "_source": {"name": "Jo"}}]}}))
    connection = a_domain(source).connection

    def sail() -> None:
        connection.write("PUT", "/_snapshot/repo", body={"type": "s3", "settings": SECRETS})
        connection.read("POST", "/a/_search", body={"size": 1})

    ended = running(sail, "--debug", state=tmp_path)
    (file,) = (tmp_path / "debug").iterdir()
    assert ended.stderr == f"Trace: {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    outcome = r"200, \d+ ms, \d+ bytes sent, \d+ bytes received"
    assert re.search(rf"(?m)^{AT}\.\d\d\dZ source PUT /_snapshot/repo -> {outcome}$", text)
    assert not re.search(r"pw-\d|environment-value|Jo\b", text)
    assert '"type": "s3"' in text and '"took": 3' in text and '"tokenizer": "standard"' in text
    assert text.startswith("snapferry ")


def test_a_trace_that_cannot_be_written_stops_nothing(source: FakeDomain, tmp_path: Path) -> None:
    source.on("GET /x", ok({}))
    (tmp_path / "debug").write_text("")

    def sail() -> None:
        assert a_domain(source).connection.read("GET", "/x") == {}

    ended = running(sail, "--debug", state=tmp_path)
    assert ended.exit_code == 0
    assert f"cannot write {tmp_path / 'debug'}" in ended.stderr


def test_a_trace_has_an_end(source: FakeDomain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_trace, "_BYTES", 1_000)
    source.on("GET /x", ok({}))
    trace = HttpTrace(tmp_path / "trace")
    with observed_by(trace):
        for _ in range(50):
            a_domain(source).connection.read("GET", "/x")
    assert "stopped at" in trace.close()
    assert trace.path.stat().st_size < 1_500


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_secret_is_cut_wherever_the_body_ends(cut: int) -> None:
    body = '{"name": "a", "client": {"secret_key": "hunter2"}, "b": 1}'[:cut]
    assert "hun" not in shortened(body)


# the status line


@pytest.mark.parametrize("width", [200, 100, 80, 60, 40, 20, 8])
def test_the_status_line_fits_the_width_and_keeps_its_bar(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(progress, "err", terminal)
    detail = "17 of 33 shards, 12 of 25 indices"
    long = "restoring what the snapshot of the source holds under the names that it has on the target"
    with progress.shown_progress():
        report_progress(Progress("restore", long, 0, 27_000_000, "bytes", expected={"restore": (60, 120)}))
        report_progress(Progress("restore", long, 13_500_000, 27_000_000, "bytes", detail=detail))
        shown = terminal_line(terminal)
    assert len(shown) < width
    assert shown.startswith("restore"[: width - 2])
    assert width < 20 or "━" in shown
    assert width < 60 or "13.5 MB of 27.0 MB" in shown
    assert width < 200 or (detail in shown and "expected" in shown)


def terminal_line(terminal: Console) -> str:
    """What the status line shows now."""
    live: Any = terminal._live_stack[-1]
    with terminal.capture() as captured:
        terminal.print(live.get_renderable())
    return captured.get().splitlines()[-1]


def test_a_step_has_one_bar_whatever_else_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100, color_system="standard")
    monkeypatch.setattr(progress, "err", terminal)
    lines: list[str] = []
    with progress.shown_progress():
        for progressed in (
            Progress("verify", "comparing", 50, 100, "indices"),
            Progress("verify", "searching for the documents that differ", 1, 30, "shards"),
            Progress("verify", "comparing", 75, 100, "indices"),
        ):
            report_progress(progressed)
            lines.append(terminal_line(terminal))
    amounts = [re.findall(r"(\d+) of (\d+) (\w+)", line) for line in lines]
    assert amounts == [[("50", "100", "indices")], [("50", "100", "indices")], [("75", "100", "indices")]]


def test_nothing_is_said_on_a_stream_that_is_closed(
    monkeypatch: pytest.MonkeyPatch, journal: Journal, tmp_path: Path
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", SafeStream(Gone()))
    run_log.open_log(State(tmp_path, "orders").log_of(journal.run_id))
    console.say("to the log all the same")
    assert "to the log all the same" in lines_of(State(tmp_path, "orders").log_of(journal.run_id))[-1]
