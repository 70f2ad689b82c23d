"""Standard streams that are full, closed, gone or of few characters; and machines that lack something.

The command runs in child processes: what Python makes of its streams is decided when it starts.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.building import a_plan
from typer.testing import CliRunner

from runs.journal import now
from runs.state import State
from snapferry.exit_codes import code_of_output
from snapferry.main import app
from snapferry.output.streams import make_safe
from tasks.records.verification import Verdict, VerificationRecord

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""
RUN = "migrate plan.yaml --execute --state state"
DIFFERENT = "migrate plan.yaml --execute --json --state differs"
REPORT = "report plan.yaml --state state"
LOST = "the result could not be written to standard output: "
FULL, CLOSED, GONE, FILE = "full", "closed", "gone", "file"
CASES = [  # command, standard output, standard error: exit code, and what is said on standard error
    (RUN, FULL, FILE, 0, "to see the report: snapferry report plan.yaml --state state"),
    (f"{RUN} --json", FULL, FILE, 1, f"{LOST}No space left on device"),
    (f"{RUN} --json", CLOSED, FILE, 1, f"{LOST}it is closed"),
    (
        f"{RUN.replace('state state', 'state differs')} --json",
        FULL,
        FILE,
        4,
        f"{LOST}No space left on device",
    ),
    (RUN, CLOSED, FILE, 0, "has already finished"),
    (RUN, FILE, CLOSED, 0, ""),
    (RUN, FILE, FULL, 0, ""),
    (RUN, FILE, GONE, 0, ""),
    (RUN, CLOSED, CLOSED, 0, ""),
    (RUN, GONE, FILE, 0, "has already finished"),
    (f"{RUN} --json", GONE, FILE, 0, "has already finished"),
    (REPORT, FULL, FILE, 1, f"{LOST}No space left on device"),
    (f"{REPORT} --format markdown", FULL, FILE, 1, f"{LOST}No space left on device"),
    ("status plan.yaml --state state", GONE, FILE, 0, ""),
    ("schema", FULL, FILE, 1, f"{LOST}No space left on device"),
    ("schema", CLOSED, FILE, 1, f"{LOST}it is closed"),
    ("--help", FULL, FILE, 1, f"{LOST}No space left on device"),
    ("--help", CLOSED, FILE, 0, ""),
    ("nonsense", FILE, FULL, 2, ""),
    ("version", FILE, CLOSED, 0, ""),
]
EACH_IN_A_PROCESS = """
import io, json, os, sys
from pathlib import Path
import reports.build.report, reports.views.markdown, reports.views.report, reports.views.status
from snapferry.main import main

def redirect(number, name, kind, path):
    getattr(sys, name).flush()
    if kind == "closed":
        os.close(number)
        setattr(sys, name, None)  # as Python does when it starts
        return
    places = {"full": "/dev/full", "file": path}
    if kind == "gone":
        reading, place = os.pipe()
        os.close(reading)
    else:
        place = os.open(places[kind], os.O_WRONLY | os.O_CREAT)
    os.dup2(place, number)
    os.close(place)
    setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))

for number, (arguments, out, err, *_) in enumerate(json.loads(sys.argv[1])):
    if os.fork():
        Path(f"{number}.code").write_text(str(os.waitstatus_to_exitcode(os.wait()[1])))
        continue
    redirect(1, "stdout", out, f"{number}.out")
    redirect(2, "stderr", err, f"{number}.err")
    sys.argv = ["snapferry", *arguments.split()]
    main()
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plan, and the state of its verified migration, in characters of the world."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    for state, status, outcome in (("state", "done", "equal"), ("differs", "different", "different")):
        journal = State(folder / state, "orders").begin(a_plan(), "migrate")
        verdict = Verdict(
            source="größe-日本", target="größe-日本", outcome=outcome, source_count=2, target_count=2
        )
        with journal.step("verify"):
            found = VerificationRecord(level="counts", verdicts=(verdict,), skipped=(), at=now())
            journal.keep("verify", found)
        journal.settle(status, "größe-日本 → “done”…")
    return folder


def shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = f'snapferry() {{ {sys.executable} -m snapferry "$@"; }}; snapferry {line}'
    inherited = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "SNAPFERRY_STATE"}}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=100,
    )


def test_streams_that_fail_change_no_exit_code_but_that_of_a_lost_result(finished: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", EACH_IN_A_PROCESS, json.dumps(CASES)],
        cwd=finished,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=100,
    )
    for number, (command, out, err, code, said) in enumerate(CASES):
        shown = [(finished / f"{number}.{name}") for name in ("out", "err")]
        text = "".join(file.read_text(encoding="utf-8") for file in shown if file.exists())
        case = (command, out, err, text)
        assert int((finished / f"{number}.code").read_text()) == code, case
        assert said in text, case
        assert "Traceback" not in text and "Exception ignored" not in text, case


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii:strict"}, 'gr\\xf6\\xdfe-\\u65e5\\u672c -> "done"...'),
        (
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            'gr\\xf6\\xdfe-\\u65e5\\u672c -> "done"...',
        ),
        ({"COLUMNS": "1"}, ""),
        ({"COLUMNS": "0", "TERM": "dumb", "NO_COLOR": "1"}, "→ “done”…"),
    ],
)
def test_a_verified_run_exits_with_0_whatever_can_be_shown(
    finished: Path, environment: dict[str, str], shown: str
) -> None:
    script = [sys.executable, "-m", "snapferry", *RUN.split()]
    inherited = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    ended = subprocess.run(
        script,
        cwd=finished,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended.stderr
    assert shown in ended.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("columns", ["0", "²", "", "-1", "abc", "99999999999"])
def test_a_width_that_is_none_is_not_used(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))  # put back afterwards
    monkeypatch.setenv("COLUMNS", columns)
    make_safe()
    assert "COLUMNS" not in os.environ
    monkeypatch.setenv("COLUMNS", "100")
    make_safe()
    assert os.environ["COLUMNS"] == "100"


def test_json_is_ascii_where_nothing_else_can_be_shown(finished: Path) -> None:
    ended = shell(finished, f"{REPORT} --json", PYTHONIOENCODING="ascii:strict")
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["message"].startswith("gr")


def test_a_user_without_a_home_is_told_to_name_a_state_folder(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    for name in ("SNAPFERRY_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ended = CliRunner().invoke(app, ["status", str(finished / "plan.yaml")])
    assert ended.exit_code == 3
    assert "name a folder with --state or SNAPFERRY_STATE" in ended.stderr


def test_a_folder_that_is_gone_is_no_reason_to_break(finished: Path) -> None:
    line = f"version; mkdir gone; cd gone; rmdir ../gone; snapferry status {finished}/plan.yaml --state"
    ended = shell(finished, f"{line} {finished}/state && snapferry status {finished}/plan.yaml --state rel")
    assert (ended.returncode, "Traceback" in ended.stderr) == (3, False)
    assert "größe-日本" in ended.stdout
    assert "the current folder is gone" in ended.stderr


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EROFS, 1), (errno.ENOENT, 2), (errno.EACCES, 2)],
)
def test_a_file_for_a_result_is_refused_as_wrong_or_fails_with_the_disk(number: int, code: int) -> None:
    assert code_of_output(OSError(number, os.strerror(number))) == code


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ENFILE])
def test_what_the_machine_lacks_is_named_without_a_traceback(
    number: int, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("reports.build.report.report_of", lacking)
    ended = CliRunner().invoke(
        app, ["report", str(finished / "plan.yaml"), "--state", str(finished / "state")]
    )
    assert ended.exit_code == 1
    assert f"this machine is short of something: {os.strerror(number)}" in ended.stderr
    assert isinstance(ended.exception, SystemExit)
