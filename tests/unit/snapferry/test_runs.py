"""`status` while a step runs, the list of runs, and `--run`: what another process sees of a run."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.building import a_plan
from support.watched import until_written
from typer.testing import CliRunner

from reports.build.run_list import run_list
from runs.journal import Journal
from runs.live.progress_file import live_progress, read_live_progress
from runs.progress import Progress, report_progress, working_on
from runs.state import State
from snapferry.exit_codes import ExitCode
from snapferry.main import app

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
HERE = socket.gethostname()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps(a_plan().model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    return file


def snapferry(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def status(plan: Path, *more: str) -> str:
    ended = snapferry("status", plan, "--state", plan.parent / "state", *more)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def begun(plan: Path, run_id: str | None = None, verb: Any = "migrate", name: str = "orders") -> Journal:
    return State(plan.parent / "state", name).begin(a_plan(name=name), verb, run_id)


@contextmanager
def at_work(journal: Journal) -> Iterator[None]:
    """A session that restores: it holds the plan, and has restored a part."""
    runs = State.of(journal)
    with ExitStack() as stack:
        stack.enter_context(runs.lock_plan())
        stack.enter_context(working_on(journal.run_id))
        stack.enter_context(live_progress(runs.live_of(journal.run_id)))
        with journal.step("resolve"):
            pass
        stack.enter_context(journal.step("restore"))
        names = {"names": [f"i{n}" for n in range(7)]}
        with journal.intend("restore", "target", "restore", names):
            pass
        detail = "12 of 33 shards, 8 of 25 indices"
        report_progress(Progress("restore", "restoring", 4_000_000, 27_000_000, "bytes", detail=detail))
        until_written(runs.live_of(journal.run_id), "restore")
        yield


def test_while_a_step_runs_its_figures_its_process_and_the_latest_change_are_shown(plan: Path) -> None:
    journal = begun(plan)
    with at_work(journal):
        lines = status(plan).splitlines()
        told = json.loads(status(plan, "--json"))
    assert lines[0].endswith(f"running (process {os.getpid()} on {HERE} works on it)")
    (now,) = [line for line in lines if line.startswith("Now: ")]
    assert now.startswith("Now: restore, since 20")
    assert "restoring, 4.0 MB of 27.0 MB, 12 of 33 shards, 8 of 25 indices (as of 20" in now
    (change,) = [line for line in lines if line.startswith("Last change: ")]
    assert change.startswith("Last change: target restore i0, i1, i2, i3, i4 and 2 more (sent), 20")
    assert (told["step"], told["session"]["process"], told["session"]["alive"]) == (
        "restore",
        os.getpid(),
        True,
    )
    assert (told["progress"]["done"], told["progress"]["total"]) == (4_000_000, 27_000_000)
    assert told["last_change"]["action"] == "restore"


def test_a_request_that_has_no_reply_yet_is_under_way(plan: Path) -> None:
    journal = begun(plan)
    with at_work(journal), journal.intend("restore", "target", "close", {"names": ["a"]}):
        assert "Last change: target close a (under way), 20" in status(plan)


def test_after_a_kill_the_process_is_gone_and_its_last_figures_are_shown(plan: Path) -> None:
    journal = begun(plan)
    runs = State.of(journal)
    with at_work(journal):
        journal_then, live_then = journal.path.read_bytes(), runs.live_of(journal.run_id).read_bytes()
    journal.path.write_bytes(journal_then)
    runs.live_of(journal.run_id).write_bytes(live_then)
    shown = status(plan)
    assert f"(process {os.getpid()} on {HERE} is gone)" in shown
    assert "Last seen: restore, since" in shown and "4.0 MB of 27.0 MB" in shown
    elsewhere = json.loads(live_then) | {"host": "bastion-2"}
    runs.live_of(journal.run_id).write_text(json.dumps(elsewhere))
    assert "on bastion-2 worked on it; whether it is alive can be seen on that machine only" in status(plan)


def test_the_figures_of_another_step_are_not_shown(plan: Path) -> None:
    journal = begun(plan)
    with at_work(journal):
        report_progress(Progress("hooks", "calling hook 1"))
        assert "Now: restore, since 20" in status(plan) and "hook" not in status(plan)


def test_what_a_run_is_doing_is_the_owners_and_is_gone_with_its_session(plan: Path) -> None:
    journal = begun(plan)
    live = State.of(journal).live_of(journal.run_id)
    with at_work(journal):
        assert stat.S_IMODE(live.stat().st_mode) == 0o600
        assert read_live_progress(live)
    assert not live.exists() and read_live_progress(live) is None


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"process": "x"}'])
def test_where_it_cannot_be_read_or_written_everything_goes_on(plan: Path, kept: str) -> None:
    journal = begun(plan)
    live = State.of(journal).live_of(journal.run_id)
    live.write_text(kept)
    assert "no process works on it" in status(plan)
    with live_progress(Path("/proc/none/live")):
        report_progress(Progress("restore", "restoring"))


def test_the_log_is_named(plan: Path) -> None:
    journal = begun(plan)
    assert "Log: " not in status(plan)
    log = State.of(journal).log_of(journal.run_id)
    log.write_text("said")
    assert f"\nLog: {log}\n" in status(plan)


# the list


def test_the_runs_of_all_plans_are_listed_newest_first(plan: Path) -> None:
    state = plan.parent / "state"
    made = [("orders", "migrate"), ("people", "seed"), ("orders", "rehearse")]
    for number, (name, verb) in enumerate(made):
        journal = begun(plan, f"2026112{number}-120000000-abcd", verb, name)
        journal.document.started = AT + timedelta(days=number)
        journal.settle("done" if number else "failed")  # pyright: ignore[reportArgumentType]
    rows = snapferry("runs", "--state", state).stdout.splitlines()
    assert [row.split()[:3] for row in rows[1:]] == [
        ["20261122-120000000-abcd", "orders", "rehearse"],
        ["20261121-120000000-abcd", "people", "seed"],
        ["20261120-120000000-abcd", "orders", "migrate"],
    ]
    assert "2026-11-29 12:00:00" in rows[3] and rows[3].endswith("failed")
    for word in (str(plan), "orders"):
        found = json.loads(snapferry("runs", word, "--state", state, "--json").stdout)["runs"]
        assert [run["run_id"] for run in found] == ["20261122-120000000-abcd", "20261120-120000000-abcd"]
        assert {run["plan"] for run in found} == {"orders"}


def test_a_run_that_was_killed_is_not_called_running(plan: Path) -> None:
    journal = begun(plan)
    with at_work(journal):
        live = State.of(journal).live_of(journal.run_id)
        then, doing = journal.path.read_bytes(), live.read_bytes()
        assert [run.status for run in run_list(plan.parent / "state", ["orders"])] == ["running"]
    journal.path.write_bytes(then)
    live.write_bytes(doing)
    assert [run.status for run in run_list(plan.parent / "state", ["orders"])] == ["stopped unexpectedly"]


def test_a_journal_that_cannot_be_read_does_not_hide_the_others(plan: Path) -> None:
    bad, good = begun(plan), begun(plan)
    bad.path.write_text("{")
    ended = snapferry("runs", plan, "--state", plan.parent / "state")
    assert ended.exit_code == 0
    assert any(line.startswith(good.run_id) and "migrate" in line for line in ended.stdout.splitlines())
    assert f"{bad.run_id}: " in ended.stdout and "is not a journal" in ended.stdout


def test_of_many_runs_the_newest_twenty_are_listed(plan: Path) -> None:
    for _ in range(25):
        begun(plan)
    shown = snapferry("runs", plan, "--state", plan.parent / "state").stdout
    assert shown.count("migrate") == 20 and "… and 5 older ones; --all lists them" in shown
    assert snapferry("runs", plan, "--all", "--state", plan.parent / "state").stdout.count("migrate") == 25


def test_without_runs_the_list_says_so(plan: Path) -> None:
    ended = snapferry("runs", "--state", plan.parent / "state")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "There is no run in" in ended.stderr
    assert json.loads(snapferry("runs", "--json", "--state", plan.parent / "state").stdout) == {"runs": []}


# --run


@pytest.mark.parametrize("verb", ["status", "report"])
def test_an_earlier_run_is_shown_by_its_id(plan: Path, verb: str) -> None:
    first, second = begun(plan), begun(plan)
    for journal in (first, second):
        journal.settle("failed", "the reason")  # pyright: ignore[reportArgumentType]
    state = ("--state", plan.parent / "state")
    assert second.run_id in snapferry(verb, plan, *state).stdout
    shown = snapferry(verb, plan, "--run", first.run_id, *state, "--json")
    assert json.loads(shown.stdout)["run_id"] == first.run_id


@pytest.mark.parametrize("verb", ["status", "report"])
@pytest.mark.parametrize("word", ["20261129-1200", "../orders/x", "*", "x" * 300])
def test_a_run_that_is_not_there_is_refused(plan: Path, verb: str, word: str) -> None:
    journal = begun(plan)
    ended = snapferry(verb, plan, "--run", word, "--state", plan.parent / "state")
    assert (ended.exit_code, ended.stdout) == (ExitCode.INVALID, "")
    assert f"plan orders has no run {word}" in " ".join(ended.stderr.split())
    almost = snapferry(verb, plan, "--run", journal.run_id[:-1], "--state", plan.parent / "state")
    assert f"did you mean {journal.run_id}?" in " ".join(almost.stderr.split())
