"""The command: help, wrong plans, and runs that are not there. What is printed where, and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import a_plan
from typer.main import get_command
from typer.testing import CliRunner

from runs.journal import now
from runs.state import State
from snapferry.exit_codes import ExitCode, code_of_status
from snapferry.main import VERBS, app
from tasks.records.verification import Verdict, VerificationRecord

ROOT = Path(__file__).resolve().parents[3]
SCENARIOS = sorted((ROOT / "tests/scenarios/wrong_plans").iterdir())
PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""


def snapferry(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan between two places where nobody listens."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


# help


def every_command() -> list[Any]:
    found: list[Any] = []

    def walk(command: Any, path: list[str]) -> None:
        found.append(pytest.param(path, id=" ".join(path) or "snapferry"))
        for name, below in getattr(command, "commands", {}).items():
            walk(below, [*path, name])

    walk(get_command(app), [])
    return found


@pytest.mark.parametrize("path", every_command())
def test_help_is_given_with_an_example(path: list[str]) -> None:
    result = snapferry(*path, "--help")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "Usage:" in result.stdout
    if path:
        assert "snapferry " + " ".join(path) in result.stdout.split("Usage:")[1].split("\n", 1)[1], (
            "an example"
        )


def test_the_help_of_the_command_tells_verbs_and_exit_codes() -> None:
    shown = " ".join(snapferry("--help").stdout.split())
    assert all(verb.name in shown for verbs in VERBS.values() for verb in verbs)
    assert all(f"{code.value} " in shown.split("Exit codes:")[1] for code in ExitCode)


@pytest.mark.parametrize("arguments", [["nonsense"], ["plan"], ["plan", "a", "b"], ["migrate", "x", "--yes"]])
def test_a_wrong_command_line_exits_with_2(arguments: list[str]) -> None:
    result = snapferry(*arguments)
    assert result.exit_code == ExitCode.INVALID
    assert result.stdout == ""
    assert result.stderr


LIGHT = [["--help"], ["schema"], ["migrate", "--help"]]
LOOKING = ["status", "report"]
EACH_IN_A_PROCESS = """
import json, os, sys
from snapferry.main import app
for arguments in json.loads(sys.argv[1]):
    if os.fork():
        os.wait()
        continue
    try: app(arguments, standalone_mode=False)
    except BaseException: pass
    print("MODULES", *{name.split(".")[0] for name in sys.modules}, flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By command: the top-level modules that it has imported, in a process of its own."""
    folder = tmp_path_factory.mktemp("looking")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    made = State(folder / "state", "orders").begin(a_plan(), "migrate")
    made.settle("failed", "the reason")
    looking = [[verb, str(folder / "plan.yaml"), "--state", str(folder / "state")] for verb in LOOKING]
    found = subprocess.run(
        [sys.executable, "-c", EACH_IN_A_PROCESS, json.dumps(LIGHT + looking)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    modules = [set(said.splitlines()[0].split()) for said in found.stdout.split("MODULES")[1:]]
    return dict(zip([*map(" ".join, LIGHT), *LOOKING], modules, strict=True))


HEAVY = {"prefect", "boto3", "botocore", "opensearchpy", "requests"}


@pytest.mark.slow
@pytest.mark.parametrize("command", [" ".join(arguments) for arguments in LIGHT])
def test_help_and_schema_come_without_heavy_imports(command: str, imported: dict[str, set[str]]) -> None:
    assert "typer" in imported[command]
    assert not imported[command] & HEAVY


@pytest.mark.slow
@pytest.mark.parametrize("verb", LOOKING)
def test_looking_at_a_run_needs_no_prefect(verb: str, imported: dict[str, set[str]]) -> None:
    assert "reports" in imported[verb]
    assert not imported[verb] & {"prefect", "boto3", "opensearchpy"}


# wrong plans


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda folder: folder.name)
def test_a_wrong_plan_exits_with_2_and_sends_nothing(
    scenario: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_connections: list[Any]
) -> None:
    monkeypatch.chdir(scenario)
    monkeypatch.setenv("SNAPFERRY_STATE", str(tmp_path / "state"))
    result = snapferry("migrate", "plan.yaml", "--execute")
    assert result.exit_code == ExitCode.INVALID
    assert result.stderr == (scenario / "expected.txt").read_text(encoding="utf-8")
    assert result.stdout == ""
    assert no_connections == []
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("verb", ["plan", "verify", "status", "report"])
def test_every_verb_refuses_a_wrong_plan_alike(
    verb: str, monkeypatch: pytest.MonkeyPatch, no_connections: list[Any]
) -> None:
    scenario = SCENARIOS[0]
    monkeypatch.chdir(scenario)
    result = snapferry(verb, "plan.yaml")
    assert (result.exit_code, result.stdout) == (ExitCode.INVALID, "")
    assert result.stderr == (scenario / "expected.txt").read_text(encoding="utf-8")
    assert no_connections == []


def test_line_100_is_line_100(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(
        PLAN + "\n" * (99 - len(PLAN.splitlines())) + "colour: red\n", encoding="utf-8"
    )
    result = snapferry("migrate", "plan.yaml", "--execute")
    assert result.exit_code == ExitCode.INVALID
    assert result.stderr.startswith("plan.yaml:100:1: colour: ")


# runs that are not there


def test_without_a_run_there_is_no_report(plan: Path, tmp_path: Path, no_connections: list[Any]) -> None:
    result = snapferry("report", plan, "--state", tmp_path / "state")
    assert (result.exit_code, result.stdout) == (ExitCode.REFUSED, "")
    assert "There is no run of plan orders yet" in result.stderr
    assert f"next: snapferry check {plan} --state {tmp_path}/state" in result.stderr
    assert not (tmp_path / "state").exists()


def test_without_a_run_status_says_so(plan: Path, tmp_path: Path, no_connections: list[Any]) -> None:
    result = snapferry("status", plan, "--state", tmp_path / "state", "--json")
    assert result.exit_code == ExitCode.DONE
    start = f"snapferry check {plan} --state {tmp_path}/state"
    told = json.loads(result.stdout)
    assert told == {"plan": "orders", "run_id": None, "next": start, "next_command": start}
    assert "There is no run of plan orders yet" in result.stderr


def run_that_ended(folder: Path, status: Any, compared: Any = None) -> None:
    journal = State(folder, "orders").begin(a_plan(), "migrate")
    with journal.step("resolve"):
        pass
    if compared:
        verdict = Verdict(source="a", target="a", outcome=compared, source_count=2, target_count=1)
        with journal.step("verify"):
            journal.keep(
                "verify", VerificationRecord(level="counts", verdicts=(verdict,), skipped=(), at=now())
            )
    journal.settle(status, "the reason", "the next thing")


@pytest.mark.parametrize("status", ["done", "different", "refused", "failed", "interrupted", "running"])
def test_status_and_report_show_how_it_stands(
    plan: Path, tmp_path: Path, status: str, no_connections: list[Any]
) -> None:
    run_that_ended(tmp_path / "state", status)
    state = ("--state", tmp_path / "state")
    standing = json.loads(snapferry("status", plan, *state, "--json").stdout)
    assert standing["outcome"] == ("interrupted" if status == "running" else status)
    assert standing["held_by_a_process"] is False
    assert standing["steps_done"] == ["resolve"]
    report = json.loads(snapferry("report", plan, *state, "--json").stdout)
    assert (report["outcome"], report["message"]) == (status, "the reason")
    assert ("the next thing" in report["next"]) is (status != "done"), "advice of an error is no success's"
    assert "the reason" in snapferry("status", plan, *state).stdout
    assert "the reason" in snapferry("report", plan, *state).stdout
    assert "the reason" in snapferry("report", plan, *state, "--format", "markdown").stdout
    assert ">the reason</p>" in snapferry("report", plan, *state, "--format", "html").stdout


@pytest.mark.parametrize(
    ("status", "compared", "code"), [("done", "equal", 0), ("different", "different", 4)]
)
def test_a_finished_run_shows_its_report_and_exits_as_it_did(
    plan: Path, tmp_path: Path, status: str, compared: str, code: int, no_connections: list[Any]
) -> None:
    run_that_ended(tmp_path / "state", status, compared)
    result = snapferry("migrate", plan, "--execute", "--state", tmp_path / "state", "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["outcome"] == status
    assert "--new-run starts another" in result.stderr
    assert no_connections == []


def test_a_finished_run_is_not_shown_for_a_plan_that_has_changed(
    plan: Path, tmp_path: Path, no_connections: list[Any]
) -> None:
    run_that_ended(tmp_path / "state", "done", "equal")
    plan.write_text(PLAN + "indices: {include: [b]}\n", encoding="utf-8")
    result = snapferry("migrate", plan, "--execute", "--state", tmp_path / "state")
    assert (result.exit_code, result.stdout) == (ExitCode.REFUSED, "")
    assert "indices.include: ['*'] → ['b']" in " ".join(result.stderr.split())
    assert "--new-run" in result.stderr
    assert no_connections == []


def test_a_journal_that_is_none_is_refused_by_every_verb(plan: Path, tmp_path: Path) -> None:
    run_that_ended(tmp_path / "state", "failed")
    (file,) = (tmp_path / "state/plans/orders").glob("*.json")
    file.write_text("{", encoding="utf-8")
    for verb in (["status"], ["report"], ["migrate", "--execute"]):
        result = snapferry(verb[0], plan, "--state", tmp_path / "state", *verb[1:])
        assert result.exit_code == ExitCode.REFUSED
        assert "is not a journal" in result.stderr
        assert "Traceback" not in result.output


def test_every_state_of_a_run_has_a_code() -> None:
    codes = {status: code_of_status(status).value for status in ("done", "different", "refused", "failed")}
    assert codes == {"done": 0, "different": 4, "refused": 3, "failed": 1}
    assert code_of_status("interrupted") == code_of_status("running") == ExitCode.INTERRUPTED


def test_the_version() -> None:
    result = snapferry("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("snapferry ")


def test_the_schema_is_one_document() -> None:
    result = snapferry("schema")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")
