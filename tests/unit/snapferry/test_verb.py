"""The frame of every verb: shared parameters, options of each side, errors, interruptions, exit codes."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from domains.errors import SnapferryError, Unreachable
from runs.errors import Busy
from snapferry.calls import Call, ExecutableCall, PlanCall, RunCall
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from snapferry.next_steps import same_command
from snapferry.options import PerSide
from snapferry.verb import VerbGroup, verb
from tasks.errors import PreconditionError, VerificationFailed


def running(function: Callable[..., Any], *words: str) -> Result:
    """The command with this function as its verb `sail`, called with these words."""
    app = typer.Typer(rich_markup_mode=None)
    VerbGroup("port", "Port.", ("snapferry port",), (verb("snapferry sail")(function),)).add_to(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["port", function.__name__, *words])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PreconditionError("not so", hint="do this"), ExitCode.REFUSED),
        (VerificationFailed("differs", hint="do this"), ExitCode.DIFFERENT),
        (Unreachable("source: GET /", "gone"), ExitCode.INTERRUPTED),
        (Busy("another run", "do this"), ExitCode.BUSY),
    ],
)
def test_an_expected_error_ends_a_verb_with_its_code_and_its_hint(
    error: SnapferryError, code: ExitCode
) -> None:
    def sail() -> None:
        raise error

    result = running(sail)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"snapferry: {error.message}")
    assert f"next: {error.hint}" in result.stderr or not error.hint


def test_an_unexpected_error_is_not_hidden() -> None:
    def sail() -> None:
        raise ZeroDivisionError("a bug")

    assert isinstance(running(sail).exception, ZeroDivisionError)


def test_sigterm_ends_a_verb_as_ctrl_c_does() -> None:
    def sail(call: ExecutableCall) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    before = signal.getsignal(signal.SIGTERM)
    result = running(sail, "my plan.yaml", "--execute")
    assert (result.exit_code, result.stdout) == (ExitCode.INTERRUPTED, "")
    assert (
        "the same command resumes it\nnext: snapferry port sail 'my plan.yaml' --execute\n" in result.stderr
    )
    looking = running(sail, "my plan.yaml")
    assert (looking.exit_code, looking.stderr) == (5, "snapferry: interrupted; nothing was changed\n")
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("code", [None, *ExitCode])
def test_what_a_verb_returns_is_its_exit_code(code: ExitCode | None) -> None:
    def sail() -> ExitCode | None:
        return code

    assert running(sail).exit_code == (code or 0)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Call, {"--json"}),
        (PlanCall, {"--json"}),
        (RunCall, {"--json", "--state"}),
        (ExecutableCall, {"--json", "--state", "--execute"}),
    ],
)
def test_a_call_gives_a_verb_its_options(kind: Any, options: set[str]) -> None:
    def sail(call: Any) -> None:
        calls.append(call)

    calls: list[Any] = []
    sail.__annotations__["call"] = kind
    plan = [] if kind is Call else ["plan.yaml"]
    values = {"--state": ["--state", "here"]}
    words = [word for option in sorted(options) for word in values.get(option, [option])]
    assert running(sail, *plan, *words).exit_code == 0
    (call,) = calls
    assert call.as_json
    assert getattr(call, "file", None) == (Path("plan.yaml") if plan else None)
    assert getattr(call, "state", None) == ("here" if "--state" in options else None)
    assert getattr(call, "execute", False) is ("--execute" in options)
    for other in {"--state", "--execute"} - options:
        assert running(sail, *plan, *values.get(other, [other])).exit_code == ExitCode.INVALID


def test_a_verb_without_its_plan_is_refused() -> None:
    def sail(call: PlanCall) -> None:
        raise AssertionError

    result = running(sail)
    assert result.exit_code == ExitCode.INVALID
    assert "Missing argument 'PLAN'" in result.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "There is no plan in this folder; to write one: snapferry init"),
        (("my plan.yaml", "notes"), "There is one plan in this folder: snapferry sail 'my plan.yaml' --json"),
        (("a.yaml", "b.yml"), "Plans in this folder: a.yaml, b.yml"),
        (tuple(f"{n}.yaml" for n in range(7)), "0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml and 2 more"),
    ],
)
def test_a_verb_without_its_plan_names_those_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], said: str
) -> None:
    def sail(call: PlanCall) -> None:
        raise AssertionError

    monkeypatch.chdir(tmp_path)
    for name in files:
        (tmp_path / name).write_text("name: a\nsource: {}\ntarget: {}\nrepository: {}\n")
    (tmp_path / "saved.yaml").write_text("kind: saved-plan\nplan:\n  name: a\n  source: {}\n")
    (tmp_path / "folder.yaml").mkdir()
    result = running(sail, "--json")
    assert (result.exit_code, result.stdout) == (ExitCode.INVALID, "")
    assert f"Missing argument 'PLAN'. {said}" in " ".join(result.stderr.split()) or said in result.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["migrat"], "Did you mean 'migrate'?"),
        (["lab", "upp"], "'up'"),
        (["plan", "x", "--outptu"], "--output"),
    ],
)
def test_a_mistyped_verb_or_option_is_answered_with_what_was_meant(words: list[str], meant: str) -> None:
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (ExitCode.INVALID, "")
    assert meant in result.stderr


@dataclass(frozen=True, kw_only=True)
class Place:
    side: str
    given: Annotated[str | None, PerSide("", "DOMAIN", "The {side}.")] = None
    port: Annotated[int, PerSide("port", "NUMBER", "Port of the {side}.")] = 9200


def test_each_side_has_options_of_its_own() -> None:
    def sail(source: Place, target: Place) -> None:
        places.extend([source, target])

    places: list[Place] = []
    assert running(sail, "--target", "b", "--source-port", "1", "--source", "a").exit_code == 0
    assert places == [Place(side="source", given="a", port=1), Place(side="target", given="b")]
    assert "Port of the target." in running(sail, "--help").stdout


def test_the_next_step_of_an_error_can_be_pasted(tmp_path: Path) -> None:
    def sail(call: RunCall) -> None:
        raise PreconditionError("not so", hint="first `snapferry abort PLAN --execute`")

    plan, state = str(tmp_path / "my plan.yaml"), "my state"
    result = running(sail, plan, "--state", state)
    assert f"next: first `snapferry abort '{plan}' --state '{state}' --execute`\n" in result.stderr
    without = running(sail, "plan.yaml")
    assert "next: first `snapferry abort plan.yaml --execute`\n" in without.stderr


def test_a_verb_knows_how_it_was_called(tmp_path: Path) -> None:
    def sail(call: ExecutableCall, only: Annotated[list[str] | None, typer.Option()] = None) -> None:
        typer.echo(same_command("--execute", "--yes"))
        typer.echo(same_command(verb="migrate", without=("--only",)))

    result = running(
        sail, "./my plan.yaml", "--only", "a b", "--json", "--only=c", "--execute", "--state", "s"
    )
    assert result.stdout.splitlines() == [
        "snapferry port sail './my plan.yaml' --state s --only 'a b' --only=c --execute --yes",
        "snapferry migrate './my plan.yaml' --state s --execute",
    ]
