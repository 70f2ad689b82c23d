"""Files that are no plan, no saved plan and no journal: every verb says so at once, whatever they are."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import a_plan
from support.sockets import bound_socket
from typer.testing import CliRunner

from configs.loading.loader import MAX_BYTES
from flows.sessions import saved_plans
from runs.live.progress_file import live_progress
from runs.state import State
from snapferry.exit_codes import ExitCode
from snapferry.main import app
from snapferry.output import run_log

pytestmark = pytest.mark.timeout(60)  # a pipe would be waited for, and a bomb would take for ever
KIND = "kind: saved-plan\n"
VERBS = [
    *(["status"], ["report"], ["abort"], ["abort", "--execute"], ["finish"], ["finish", "--execute"]),
    *(["approve", "before-restore"], ["plan"], ["migrate"], ["migrate", "--execute"], ["verify"]),
    *(["rehearse", "--execute"], ["seed", "--execute"], ["cutover", "--execute"]),
]
PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""
GATES = "gates: {before-restore: {timeout: 1h}}\n"


def bomb() -> str:
    """Ten lines of YAML that stand for 9 to the tenth values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    return "\n".join(lines) + "\n"


def sparse(path: Path, head: bytes) -> None:
    path.write_bytes(head)
    os.truncate(path, 1 << 30)


ODD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "alias bomb": (lambda p: p.write_text(bomb()), "more than 50000 values"),
    "saved alias bomb": (lambda p: p.write_text(KIND + bomb()), "this saved plan is not whole"),
    "saved and deep": (lambda p: p.write_text(f"{KIND}x: {'[' * 100_000}"), "this saved plan is not whole"),
    "saved, huge number": (lambda p: p.write_text(f"{KIND}x: {'9' * 10_000}"), "saved plan is not whole"),
    "saved, binary": (lambda p: p.write_bytes(KIND.encode() + bytes(range(256))), "not UTF-8 text"),
    "pipe": (os.mkfifo, "this is a pipe, not a file; save the plan as a file"),
    "endless device": (lambda p: p.symlink_to("/dev/zero"), "this is a device, not a file"),
    "socket": (bound_socket, "this is a socket or a device"),
    "folder": (Path.mkdir, "this is a folder; give the plan file inside it"),
    "circle of links": (lambda p: p.symlink_to(p), "these symbolic links lead in a circle"),
    "link to nothing": (lambda p: p.symlink_to("nothing"), "there is no such file"),
    "1 GB": (lambda p: sparse(p, PLAN.encode()), "larger than 1 MiB, too large for a plan"),
    "saved, 1 GB": (lambda p: sparse(p, KIND.encode()), "larger than 64 MiB, too large for a plan"),
    "binary": (lambda p: p.write_bytes(bytes(range(256))), "not UTF-8 text; save it as UTF-8"),
    "UTF-16": (lambda p: p.write_text(PLAN, encoding="utf-16"), "not UTF-8 text; save it as UTF-8"),
    "zeros": (lambda p: p.write_bytes(bytes(100)), "unprintable character"),
    "nothing": (lambda p: p.write_bytes(b""), "the file is empty"),
}


def snapferry(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plan_is_named_by_every_verb(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_connections: list[Any]
) -> None:
    make, said = ODD[kind]
    monkeypatch.setenv("SNAPFERRY_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    make(Path("plan.yaml"))
    for verb, *options in VERBS:
        result = snapferry(verb, "plan.yaml", *options)
        assert result.exit_code == ExitCode.INVALID, (verb, result.output)
        assert result.stderr.startswith("plan.yaml:1:"), (verb, result.output)
        assert said in result.stderr, (verb, result.output)
        assert isinstance(result.exception, SystemExit)
    assert no_connections == []
    assert not (tmp_path / "state").exists()


def test_a_byte_order_mark_is_no_fault(tmp_path: Path, no_connections: list[Any]) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8-sig")
    result = snapferry("status", file, "--state", tmp_path / "state")
    assert result.exit_code == ExitCode.DONE
    assert "There is no run of plan orders yet" in result.stderr


@pytest.mark.parametrize("verb", [*VERBS, ["check"], ["runs"]], ids=" ".join)
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("plan.yaml", "it is not a folder"),
        ("x" * 300, "this name is too long for a file"),
        ("circle", "its symbolic links lead in a circle"),
    ],
)
def test_what_is_no_state_folder_is_named_by_every_verb(
    verb: list[str], place: str, said: str, tmp_path: Path, no_connections: list[Any]
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN + GATES, encoding="utf-8")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    ended = snapferry(verb[0], tmp_path / "plan.yaml", *verb[1:], "--state", tmp_path / place)
    assert ended.exit_code == ExitCode.REFUSED, ended.output
    assert f"cannot read {tmp_path / place}: {said}" in ended.stderr
    assert "--state" in ended.stderr.partition("next: ")[2]


def test_a_folder_that_may_not_be_read_is_not_taken_for_one_without_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_connections: list[Any]
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN + GATES, encoding="utf-8")
    runs = State(tmp_path / "state", "orders").begin(a_plan(), "migrate").path.parent
    real = Path.iterdir

    def refused(path: Path) -> Any:
        if path == runs:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    for verb, *options in VERBS:
        ended = snapferry(verb, tmp_path / "plan.yaml", *options, "--state", tmp_path / "state")
        assert ended.exit_code == ExitCode.REFUSED, (verb, ended.output)
        assert f"cannot read {runs}: permission denied" in ended.stderr, (verb, ended.output)
    listed = snapferry("runs", "--state", tmp_path / "state")
    assert listed.exit_code == 0 and f"cannot read {runs}: permission denied" in listed.stdout


@pytest.mark.parametrize("ending", ["live", "log", "guard", "live-new"])
def test_no_pipe_beside_a_journal_is_waited_for(
    ending: str, tmp_path: Path, no_connections: list[Any]
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    journal = State(tmp_path / "state", "orders").begin(a_plan(), "migrate")
    os.mkfifo(journal.path.with_suffix(f".{ending}"))
    shown = snapferry("status", tmp_path / "plan.yaml", "--state", tmp_path / "state")
    assert shown.exit_code == ExitCode.DONE and journal.run_id in shown.stdout
    run_log.open_log(State.of(journal).log_of(journal.run_id))
    run_log.close()
    with live_progress(State.of(journal).live_of(journal.run_id)):
        pass


def test_a_plan_that_may_not_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "access", lambda *_, **__: False)
        ended = snapferry("status", tmp_path / "plan.yaml")
    assert ended.exit_code == ExitCode.INVALID
    assert "is not readable" in ended.stderr and "There is no plan" not in ended.stderr


def test_the_limits_leave_room_for_real_plans() -> None:
    assert MAX_BYTES == 1 << 20
    assert saved_plans.MAX_BYTES == 64 << 20


JOURNALS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut off": (lambda p: p.write_bytes(p.read_bytes()[:-40]), "is not a journal"),
    "other JSON": (lambda p: p.write_text('{"hello": 1}'), "is not a journal"),
    "deep": (lambda p: p.write_text("[" * 100_000), "is not a journal"),
    "binary": (lambda p: p.write_bytes(bytes(range(256))), "is not a journal"),
    "1 GB": (lambda p: sparse(p, b"{"), "it is larger than 256 MiB"),
    "pipe": (lambda p: (p.unlink(), os.mkfifo(p)), "it is a pipe, not a file"),
    "device": (lambda p: (p.unlink(), p.symlink_to("/dev/zero")), "it is a device, not a file"),
    "folder": (lambda p: (p.unlink(), p.mkdir()), "Is a directory"),
    "of another plan": (
        lambda p: p.write_text(p.read_text().replace('"name": "orders"', '"name": "people"')),
        "is a copy: by what it says, it is the journal of run",
    ),
    "a copy": (lambda p: p.rename(p.with_name("copy.json")), "copy.json is a copy: by what it says"),
    "of a later version": (
        lambda p: p.write_text(p.read_text().replace('"format": 1', '"format": 2')),
        "was written by a later version of Snapferry",
    ),
    "with a later key": (
        lambda p: p.write_text(p.read_text().replace('"format": 1', '"format": 1, "news": 1')),
        "it has a key that this version does not know: news",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", JOURNALS)
def test_what_is_no_journal_is_named_by_every_verb(
    kind: str, tmp_path: Path, no_connections: list[Any]
) -> None:
    make, said = JOURNALS[kind]
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    journal = State(tmp_path / "state", "orders").begin(a_plan(), "migrate")
    journal.settle("failed", "the reason")
    make(journal.path)
    for verb, *options in (["status"], ["report"], ["abort"], ["finish"], ["migrate", "--execute"]):
        result = snapferry(verb, tmp_path / "plan.yaml", *options, "--state", tmp_path / "state")
        assert result.exit_code == ExitCode.REFUSED, (verb, result.output)
        assert str(journal.path.parent) in result.stderr
        assert said in result.stderr, (verb, result.output)
        assert "next: " in result.stderr
    assert no_connections == []
