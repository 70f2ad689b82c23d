"""The journal: whole at every instant, and it remembers what may have been done."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.building import a_plan

from domains.errors import Denied, Refused, Unreachable
from domains.http.error_bodies import parse
from reports.build.report import report_of
from reports.views.report import report_view
from runs.begun_plan import require_same_plan
from runs.errors import PlanChanged, StateUnusable
from runs.journal import DENIED, REFUSED, Intent, Journal, StepEntry, now
from runs.lifecycle import RunStatus, is_finished
from runs.state import State, default_folder, new_run_id
from tasks.records.resolution import LeftOut

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from pathlib import Path
from runs.journal import Journal, now
journal = Journal.load(Path(sys.argv[1]))
print("writing", flush=True)
number = 0
def detail(number):
    return {"targets": [f"i{number}-{k}" for k in range(number % 50)]}
while True:
    number += 1
    with journal.step(f"step {number % 7}"):
        with journal.intend("restore", "target", "restore", detail(number)):
            pass
    del journal.document.intents[:-20]
"""


def begun(folder: Path, **plan: Any) -> Journal:
    made = a_plan(**plan)
    return State(folder, made.name).begin(made, "migrate")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return begun(tmp_path)


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert started.stdout
    started.stdout.readline()
    return started


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    for stream in (process.stdout, process.stdin):
        if stream:
            stream.close()


@pytest.mark.slow
def test_a_journal_is_whole_at_every_instant_and_after_kill_9(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = begun(tmp_path).path
    seen: set[int] = set()
    for _ in range(5):
        process = child(WRITER, str(path))
        end = time.monotonic() + chance.uniform(0.02, 0.25)
        while time.monotonic() < end:
            seen.add(len(Journal.load(path).document.intents))
        killed(process)
        document = Journal.load(path).document
        assert document.plan["name"] == "orders"
        assert json.loads(path.read_text())["run_id"] == document.run_id
    assert len(seen) > 1, "it was read while it was written"
    assert [found.name for found in path.parent.glob("*.json")] == [path.name], (
        "what is half written is no journal"
    )


def test_a_kill_leaves_the_intent_without_a_result(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from runs.journal import Journal, now
journal = Journal.load(Path(sys.argv[1]))
with journal.step("snapshot"), journal.intend("snapshot", "source", "snapshot", {"name": "s"}):
    print("sent", flush=True)
    sys.stdin.read()
"""
    path = begun(tmp_path).path
    killed(child(code, str(path)))
    found = Journal.load(path)
    (intent,) = found.intents("snapshot")
    assert (intent.side, intent.detail, intent.result) == ("source", {"name": "s"}, None)
    assert found.changed_something
    assert found.document.steps["snapshot"].ended is None
    assert found.record("snapshot") is None


@pytest.mark.parametrize(
    ("result", "may"),
    [(None, True), ("sent", True), ("error: Unreachable", True), (DENIED, False), (f"{REFUSED}: x", False)],
)
def test_only_a_request_that_was_turned_away_has_surely_had_no_effect(
    journal: Journal, result: str | None, may: bool
) -> None:
    with journal.intend("snapshot", "source", "snapshot", {"name": "s"}) as intent:
        pass
    intent.result = result
    assert journal.may_have_sent(["snapshot", "restore"]) is may
    assert not journal.may_have_sent(["restore"])


def test_the_intent_is_on_disk_before_the_request_is_sent(journal: Journal) -> None:
    with journal.intend("restore", "target", "delete", {"name": "a"}):
        (on_disk,) = Journal.load(journal.path).document.intents
        assert (on_disk.action, on_disk.detail, on_disk.result) == ("delete", {"name": "a"}, None)
    assert Journal.load(journal.path).document.intents[0].result == "sent"


def test_a_request_that_failed_says_so_and_an_interrupted_one_says_nothing(journal: Journal) -> None:
    with pytest.raises(RuntimeError), journal.intend("s", "source", "x", {}):
        raise RuntimeError("refused")
    with pytest.raises(KeyboardInterrupt), journal.intend("s", "source", "y", {}):
        raise KeyboardInterrupt
    assert [intent.result for intent in Journal.load(journal.path).document.intents] == [
        "error: RuntimeError",
        None,
    ]


def test_a_denied_request_has_changed_nothing_and_any_other_may_have(journal: Journal) -> None:
    denied = Denied("source: PUT /x", 403, parse('{"Message": "not authorized"}'))
    with pytest.raises(Denied), journal.intend("s", "source", "x", {}):
        raise denied
    assert Journal.load(journal.path).intents("x")[0].result == "denied"
    assert not journal.changed_something
    with pytest.raises(Unreachable), journal.intend("s", "source", "y", {}):
        raise Unreachable("source: PUT /x", "gone")
    assert journal.changed_something


def test_a_step_keeps_attempts_time_and_the_last_error(journal: Journal) -> None:
    with pytest.raises(ValueError, match="no"), journal.step("verify"):
        raise ValueError("no")
    failed = Journal.load(journal.path).document.steps["verify"]
    assert (failed.attempts, failed.error, failed.record) == (1, "ValueError: no", None)
    with journal.step("verify"):
        time.sleep(0.01)
    journal.keep("verify", LeftOut(name="a", reason="closed"))
    entry = Journal.load(journal.path).document.steps["verify"]
    assert (entry.attempts, entry.error) == (2, None)
    assert entry.seconds >= 0.01
    assert entry.started == failed.started
    assert Journal.load(journal.path).record("verify") == {"name": "a", "reason": "closed", "detail": ""}


def test_arrivals_are_remembered(journal: Journal) -> None:
    journal.note_arrivals({"a": "u1"})
    journal.note_arrivals({"b": "u2"})
    assert Journal.load(journal.path).document.arrived == {"a": "u1", "b": "u2"}


@pytest.mark.parametrize(
    "content",
    ["", "{", "null", "[]", '{"format": 2}', '{"hello": 1}', "\xff\xfe", '{"plan": {}, "run_id": 7}'],
)
def test_a_file_that_is_no_journal_is_named_and_left_alone(journal: Journal, content: str) -> None:
    journal.path.write_bytes(content.encode("latin-1"))
    with pytest.raises(StateUnusable, match="is not a journal this version can read") as caught:
        Journal.load(journal.path)
    assert str(journal.path) in str(caught.value)
    assert "move the file away" in caught.value.hint
    assert journal.path.read_bytes() == content.encode("latin-1")


def test_a_journal_of_a_later_version_is_not_guessed_at(journal: Journal) -> None:
    document = json.loads(journal.path.read_text())
    journal.path.write_text(json.dumps({**document, "something_new": 1}))
    with pytest.raises(StateUnusable):
        Journal.load(journal.path)


def test_a_journal_that_cannot_be_read_or_written_is_said(tmp_path: Path, journal: Journal) -> None:
    with pytest.raises(StateUnusable, match="cannot read"):
        Journal.load(tmp_path)
    (tmp_path / "file").write_text("x")
    lost = Journal(tmp_path / "file" / "run.json", journal.document)
    with pytest.raises(StateUnusable, match="cannot write"):
        lost.save()


def test_a_disk_that_is_full_leaves_the_journal_as_it_was(journal: Journal) -> None:
    before = journal.path.read_bytes()
    journal.document.message = "x" * 100_000
    code = f"""
import resource
import sys
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
sys.path.insert(0, {str(ROOT)!r})
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pathlib import Path
from runs.errors import StateUnusable
from runs.journal import Journal, now
journal = Journal.load(Path({str(journal.path)!r}))
journal.document.message = "x" * 100_000
try:
    journal.save()
except StateUnusable as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "cannot write" in said.stdout
    assert journal.path.read_bytes() == before


# which run a command concerns


def finished(folder: Path, run_id: str, status: Any, **changes: Any) -> Journal:
    made = begun(folder)
    made.path.unlink()
    made.document.run_id, made.document.status = run_id, status
    for name, value in changes.items():
        setattr(made.document, name, value)
    made.path = made.path.with_name(f"{run_id}.json")
    made.save()
    return made


def intent(result: str | None) -> Intent:
    return Intent(step="restore", side="target", action="restore", at=now(), result=result)


CHANGED = [intent("sent")]
DIFFERENT = StepEntry(started=now(), record={"verdicts": [{"outcome": "equal"}, {"outcome": "different"}]})
UNDECIDED = StepEntry(started=now(), record={"verdicts": [{"outcome": "equal"}, {"outcome": "not compared"}]})


def ids(journal: Journal | None) -> str | None:
    return journal.run_id if journal else None


def test_without_runs_there_is_none(tmp_path: Path) -> None:
    state = State(tmp_path, "orders")
    assert list(state.journals()) == []
    assert state.latest() is None
    assert state.current("migrate") is None


def test_runs_are_listed_by_when_they_began_the_last_first(tmp_path: Path) -> None:
    for month, run_id in (
        (1, "20260101-000000-aaaa"),
        (3, "20260115-000000-saved"),
        (2, "20260201-000000-f"),
    ):
        finished(tmp_path, run_id, "done", started=datetime(2026, month, 1, tzinfo=UTC))
    found = [journal.run_id[:8] for journal in State(tmp_path, "orders").journals()]
    assert found == ["20260115", "20260201", "20260101"]
    assert list(State(tmp_path, "another").journals()) == []


def test_of_two_runs_begun_in_one_second_the_second_is_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = iter(["ffff", "0000"])
    instants = iter(datetime(2026, 1, 1, microsecond=at, tzinfo=UTC) for at in (998, 2_000, 11_000, 100_000))
    monkeypatch.setattr("runs.state.secrets.token_hex", lambda _: next(digits))
    monkeypatch.setattr("runs.state.now", lambda: next(instants))
    begun(tmp_path)
    second = begun(tmp_path)
    assert ids(State(tmp_path, "orders").latest()) == second.run_id


@pytest.mark.parametrize("status", ["running", "done", "different", "failed", "interrupted"])
def test_a_refused_run_does_not_hide_the_one_before(tmp_path: Path, status: Any) -> None:
    finished(tmp_path, "1", status, intents=CHANGED)
    finished(tmp_path, "2", "refused")
    state = State(tmp_path, "orders")
    assert (ids(state.latest()), ids(state.current("migrate"))) == ("1", "1")


def test_a_refused_run_alone_is_shown_but_not_continued(tmp_path: Path) -> None:
    finished(tmp_path, "1", "refused")
    state = State(tmp_path, "orders")
    assert (ids(state.latest()), ids(state.current("migrate"))) == ("1", None)


def test_an_abandoned_run_is_not_taken_up_again(tmp_path: Path) -> None:
    finished(tmp_path, "1", "abandoned")
    assert State(tmp_path, "orders").current("migrate") is None
    finished(tmp_path, "2", "interrupted", intents=CHANGED)
    assert ids(State(tmp_path, "orders").current("migrate")) == "2"


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_an_unfinished_run_that_has_changed_nothing_is_not_continued(tmp_path: Path, status: Any) -> None:
    finished(tmp_path, "1", "interrupted", intents=CHANGED)
    finished(tmp_path, "2", status, intents=[intent("denied")])
    state = State(tmp_path, "orders")
    assert (ids(state.latest()), ids(state.current("migrate"))) == ("2", "1")


def test_a_run_of_another_verb_is_not_continued(tmp_path: Path) -> None:
    finished(tmp_path, "1", "interrupted", verb="rehearse")
    assert State(tmp_path, "orders").current("migrate") is None


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        *(("done", True), ("refused", True), ("abandoned", True)),
        *(("running", False), ("failed", False), ("interrupted", False)),
    ],
)
def test_which_runs_need_no_further_command(tmp_path: Path, status: Any, ended: bool) -> None:
    assert is_finished(finished(tmp_path, "1", status).document) is ended


@pytest.mark.parametrize(("verify", "ended"), [(DIFFERENT, True), (UNDECIDED, False)])
def test_a_run_that_only_could_not_compare_needs_another_look(
    tmp_path: Path, verify: StepEntry, ended: bool
) -> None:
    assert is_finished(finished(tmp_path, "1", "different", steps={"verify": verify}).document) is ended


def test_a_corrupt_journal_is_not_passed_over(tmp_path: Path) -> None:
    finished(tmp_path, "1", "done")
    finished(tmp_path, "2", "interrupted").path.write_text("{")
    with pytest.raises(StateUnusable):
        State(tmp_path, "orders").current("migrate")


# the plan of an unfinished run


def test_the_same_plan_continues(journal: Journal) -> None:
    require_same_plan(Journal.load(journal.path), a_plan())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"indices": {"include": ["a-*"]}}, "indices.include: ['*'] → ['a-*']"),
        ({"conflicts": {"policy": "skip"}}, "conflicts.policy: 'fail' → 'skip'"),
        (
            {"restore": {"index_settings": {"index.number_of_replicas": 0}}},
            "restore.index_settings.index.number_of_repl",
        ),
        (
            {"repository": {"type": "fs", "name": "repo", "location": "/mnt"}},
            "repository.location: None → '/mnt'",
        ),
        ({"snapshot": {"wait_for_running": "1h"}}, "snapshot.wait_for_running: '30m' → '1h'"),
        ({"target": {"endpoint": "http://127.0.0.1:3", "auth": {"type": "none"}}}, "target.endpoint"),
    ],
)
def test_another_plan_is_refused_naming_what_changed(journal: Journal, change: Any, named: str) -> None:
    with pytest.raises(PlanChanged) as caught:
        require_same_plan(Journal.load(journal.path), a_plan(**change))
    assert named in str(caught.value)
    assert journal.run_id in str(caught.value)
    assert "--new-run" in caught.value.hint


def test_of_a_rehearsal_the_way_out_is_one_that_it_has(tmp_path: Path) -> None:
    begun_so = State(tmp_path, "orders").begin(a_plan(), "rehearse")
    with pytest.raises(PlanChanged) as caught:
        require_same_plan(begun_so, a_plan(indices={"include": ["b"]}))
    assert "snapferry abort PLAN --execute" in caught.value.hint
    assert "--new-run" not in caught.value.hint


def test_a_run_of_an_earlier_version_goes_on_although_keys_have_come_to_the_plan(journal: Journal) -> None:
    for key in ("kind", "checks", "gates", "hooks"):
        del journal.document.plan[key]
    del journal.document.plan["restore"]["batch"]
    require_same_plan(journal, a_plan())
    with pytest.raises(PlanChanged, match=r"restore\.batch"):
        require_same_plan(journal, a_plan(restore={"batch": 7}))
    journal.document.plan["gone"] = 1  # a plan that this version does not take is compared as it is
    with pytest.raises(PlanChanged, match="gone: 1 → None"):
        require_same_plan(journal, a_plan())


def test_checks_gates_and_hooks_may_change_between_two_sessions(journal: Journal) -> None:
    changes: dict[str, Any] = {
        "checks": {"waive": {"room.disk": "it grows by itself"}},
        "gates": {"before-restore": {"timeout": "2h"}},
        "hooks": [{"events": ["done"], "command": ["true"]}],
    }
    require_same_plan(journal, a_plan(**changes))


def test_a_setting_taken_away_is_a_change_too(tmp_path: Path) -> None:
    before = begun(tmp_path, restore={"index_settings": {"index.number_of_replicas": 0}})
    with pytest.raises(PlanChanged, match=r"number_of_replicas: 0 → None"):
        require_same_plan(before, a_plan())


# the folder


def test_the_state_folder_is_the_same_from_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SNAPFERRY_STATE", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local/state/snapferry"
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert default_folder() == Path("/xdg/snapferry")
    monkeypatch.setenv("SNAPFERRY_STATE", "/mine")
    assert default_folder() == Path("/mine")


def test_a_run_id_is_fit_for_a_snapshots_name() -> None:
    made = {new_run_id() for _ in range(50)}
    assert len(made) > 45
    assert all(set(run_id) <= set("0123456789abcdef-") for run_id in made)
    assert all(len(run_id) == 23 for run_id in made)


@pytest.mark.parametrize(
    ("action", "names", "kind", "changed"),
    [
        ("snapshot", ["s"], "snapshot_exception", False),
        ("restore", ["a", "b"], "snapshot_restore_exception", False),
        ("register", ["repo"], "cluster_block_exception", False),
        ("register", ["repo"], "repository_verification_exception", True),
        ("close", ["a", "b"], "illegal_argument_exception", True),
        ("close", ["a"], "illegal_argument_exception", False),
    ],
)
def test_what_was_refused_as_a_whole_is_no_change(
    journal: Journal, action: str, names: list[str], kind: str, changed: bool
) -> None:
    """A domain keeps what it could not verify, and of several requests the first may have worked."""
    error = {"error": {"type": kind, "reason": "no"}, "status": 400}
    refused = Refused("source: PUT /x", 400, parse(json.dumps(error)))
    with pytest.raises(Refused), journal.intend("s", "source", action, {"names": names}):
        raise refused
    assert journal.changed_something is changed
    (told,) = report_of(journal.document).changes
    assert (told.changed, told.result) == (changed, f"refused: {kind}")
    journal.settle(RunStatus.FAILED, "it failed")
    shown = Console(file=io.StringIO(), width=200)
    shown.print(report_view(report_of(journal.document)))
    assert ("Changed so far" in shown.file.getvalue()) is changed  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("wrong", [{"source": 5}, {"repository": "x"}, {"name": None}, {"gates": []}])
def test_a_journal_whose_plan_is_damaged_is_named(journal: Journal, wrong: dict[str, Any]) -> None:
    journal.save()
    damaged = json.loads(journal.path.read_text(encoding="utf-8"))
    damaged["plan"] |= wrong
    journal.path.write_text(json.dumps(damaged), encoding="utf-8")
    with pytest.raises(StateUnusable, match=f"{next(iter(wrong))}.*this is no part of a plan"):
        Journal.load(journal.path)
