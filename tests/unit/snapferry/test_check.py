"""`snapferry check`: which checks it runs, what it shows, its exit code, and the next step that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import a_plan
from typer.testing import CliRunner

from configs.checks import IDS, checks_named
from runs.commands import Called, called_as
from runs.state import State
from snapferry.commands.check import _next  # pyright: ignore[reportPrivateUsage]
from snapferry.exit_codes import ExitCode
from snapferry.main import app

PLAN = """name: orders
source: {endpoint: "http://127.0.0.1:1", auth: {type: none}}
target: {endpoint: "http://127.0.0.1:2", auth: {type: none}}
repository: {name: repo, bucket: my-snapshots, region: us-east-1}
"""
CALLED = Called(verb="check", plan="my plan.yaml", state="s", options=("--allow-partial",))
PLACE = "'my plan.yaml' --state s"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan between two places where nobody listens."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


def check(plan: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", str(plan), *arguments])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("window.blocked", ("window.blocked",)),
        ("window", ("window.blocked", "window.release", "window.rollover", "window.auto-create")),
        ("window.*", ("window.blocked", "window.release", "window.rollover", "window.auto-create")),
        ("*.role", ("account.role",)),
        ("*", IDS),
    ],
)
def test_checks_are_named_by_id_group_or_pattern(name: str, found: tuple[str, ...]) -> None:
    assert checks_named(name) == found


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bucket.paht", "bucket.path"),
        ("windows", "window"),
        ("windwo.*", "window"),
        ("room.disks", "room.disk"),
    ],
)
def test_a_check_that_is_not_there_is_refused_with_the_one_that_was_meant(
    plan: Path, name: str, meant: str, no_connections: list[Any]
) -> None:
    ended = check(plan, "--only", name)
    assert (ended.exit_code, ended.stdout) == (ExitCode.INVALID, "")
    said = " ".join(ended.stderr.split())
    assert f'{name}: there is no such check; did you mean "{meant}"?' in said
    assert no_connections == []


def test_only_some_checks_are_run_and_the_others_are_counted(plan: Path) -> None:
    found = json.loads(check(plan, "--only", "safety.snapshot", "--only", "account.role", "--json").stdout)
    assert [record["id"] for record in found["checks"] if record["status"] != "FAIL"] == [
        "account.role", "account.role", "safety.snapshot",
    ]  # fmt: skip
    assert len(found["not_run"]) == len(IDS) - 2
    shown = check(plan, "--only", "safety.snapshot").stdout
    assert f"Not run, because of --only: {len(IDS) - 1} other checks" in shown


def test_a_side_that_cannot_be_reached_is_said_whatever_was_asked_for(plan: Path) -> None:
    ended = check(plan, "--only", "window")
    assert ended.exit_code == ExitCode.REFUSED
    assert "FAIL domains.tcp (source): no connection to 127.0.0.1:1" in ended.stdout


def test_skipped_checks_share_a_line_where_they_share_the_reason(plan: Path) -> None:
    shown = check(plan).stdout
    assert "SKIP account.role, account.role-account, account.trust, account.trust-domains" in shown
    assert shown.splitlines()[0].startswith("FAIL")
    every = check(plan, "--all").stdout
    assert "SKIP account.role (source): no role is passed" in every and "OK   domains.dns (source)" in every
    assert "OK " not in shown


@pytest.mark.parametrize(
    ("verb", "status", "said"),
    [
        (None, None, "rehearse"),
        ("rehearse", "refused", "rehearse"),
        ("rehearse", "interrupted", "status"),
        ("rehearse", "done", "plan"),
        ("migrate", "done", "status"),
    ],
)
def test_after_a_check_comes_what_the_plan_lacks(
    tmp_path: Path, verb: str | None, status: str | None, said: str
) -> None:
    state = State(tmp_path, "orders")
    if verb:
        state.begin(a_plan(), verb).settle(status)  # pyright: ignore[reportArgumentType]
    with called_as(CALLED):
        assert _next(state, failed=False) == f"snapferry {said} {PLACE}"
        assert _next(state, failed=True) == f"snapferry check {PLACE} --allow-partial"


def test_a_state_folder_that_cannot_be_read_does_not_fail_a_check(tmp_path: Path) -> None:
    state = State(tmp_path, "orders")
    state.begin(a_plan(), "migrate").path.write_text("{")  # pyright: ignore[reportArgumentType]
    with called_as(CALLED):
        assert _next(state, failed=False) == f"snapferry rehearse {PLACE}"
