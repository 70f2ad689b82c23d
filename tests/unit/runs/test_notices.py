"""Notices to people: sent by apprise to a real receiver, in words; what goes wrong names no secret."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from support.building import a_plan, a_plan_between
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain
from typer.testing import CliRunner

from configs.hooks import EventName, Hook, NotifyAddress
from configs.loading.loader import load_plan
from configs.loading.problems import PlanError
from configs.plan import Plan
from flows.sessions.options import RunOptions
from flows.sessions.session import session
from reports.words.notices import notice
from runs import notices
from runs.events import Event, Notice, emit
from runs.notices import notify_unusable, send_notice
from runs.verbs import Verb
from snapferry.main import app
from tasks.errors import PreconditionError, TimedOut

TO = NotifyAddress(env="ORDERS_NOTIFY")
SECRET = "s3cr3t-Token"


class Receiver(ThreadingHTTPServer):
    """Keeps the notices that it gets."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.status, self.delay_s = 200, 0.0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.delay_s)
        self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("ORDERS_NOTIFY", f"json://user:{SECRET}@127.0.0.1:{made.server_port}/hook")
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    FakeEngine(source, "source", FakeIndex("a"))
    FakeEngine(target, "target", FakeIndex("b"))
    hook = {"events": list(get_args(EventName)), "notify": {"env": "ORDERS_NOTIFY"}, "on_failure": "continue"}
    return a_plan_between(source, target).model_copy(update={"hooks": [Hook.model_validate(hook)]})


def test_people_are_told_of_a_run_in_words(plan: Plan, receiver: Receiver, tmp_path: Path) -> None:
    with pytest.raises(TimedOut), session(plan, RunOptions(state=tmp_path)) as m:
        emit(Event("gate-waiting", "waiting for approval", "snapferry approve …", gate="before-restore"))
        raise TimedOut("nothing has moved for 600 s", "the same command resumes")
    assert [(each["title"], each["type"]) for each in receiver.got] == [
        ("orders: migration has started", "info"),
        ("orders: migration waits for approval of before-restore", "warning"),
        ("orders: migration was interrupted", "warning"),
    ]
    body = receiver.got[1]["message"]
    assert body == f"waiting for approval\nTo do: snapferry approve …\nRun {m.journal.run_id}"
    kept = m.journal.path.read_text()
    assert (
        "1 (notify env ORDERS_NOTIFY)" in kept
        and SECRET not in kept
        and "127.0.0.1:" not in kept.split('"hooks": [')[-1].split("]")[0]
    )


def test_every_event_has_its_words() -> None:
    for event in get_args(EventName):
        happened = Event(event, "why", step="restore", gate="before-open")
        told = notice(happened, "orders", Verb.MIGRATE, "id")
        assert told.title.startswith("orders: migration ") and "{" not in told.title
        assert told.body.startswith("why\n")


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["status", "slow", "away"])
def test_what_goes_wrong_is_said_without_the_address(
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    problem: str,
) -> None:
    receiver.status, receiver.delay_s = (500, 0.0) if problem == "status" else (200, 3.0)
    if problem == "away":
        monkeypatch.setenv("ORDERS_NOTIFY", f"json://user:{SECRET}@127.0.0.1:1/hook")
    began = time.monotonic()
    said = send_notice(TO, Notice("t", "b"), 1.0 if problem == "slow" else 10.0)
    assert said == ("no answer within 1 s" if problem == "slow" else "not every receiver took it")
    assert time.monotonic() - began < 8
    captured = capfd.readouterr()
    assert SECRET not in said + captured.out + captured.err + caplog.text


def test_addresses_that_are_read_slowly_count_against_the_timeout(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "secret", lambda *_: time.sleep(3) or "json://127.0.0.1:1")
    began = time.monotonic()
    assert send_notice(TO, Notice("t", "b"), 0.2) == "no answer within 0.2 s"
    assert time.monotonic() - began < 2


def test_a_notice_that_does_not_arrive_fails_no_run_unless_the_plan_says_so() -> None:
    way = {"events": ["done"], "notify": {"env": "ORDERS_NOTIFY"}}
    assert Hook.model_validate(way).on_failure == "continue"
    assert Hook.model_validate({**way, "on_failure": "fail"}).may_fail("done")
    assert Hook.model_validate({"events": ["done"], "command": ["x"]}).may_fail("window-opened")


def test_a_plan_whose_notice_would_roll_a_window_back_is_refused(tmp_path: Path) -> None:
    written = a_plan().model_dump(mode="json", exclude_defaults=True)
    hook = {"events": ["done", "window-opened"], "notify": {"env": "ORDERS_NOTIFY"}, "on_failure": "fail"}
    written["hooks"] = [hook]
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(PlanError, match=r"hooks\[0\].on_failure.*would roll the window back"):
        load_plan(file)
    written["hooks"] = [{**hook, "on_failure": "continue"}]
    file.write_text(json.dumps(written), encoding="utf-8")
    assert load_plan(file).hooks[0].on_failure == "continue"


def test_a_run_that_began_with_such_a_plan_is_not_rolled_back_by_it(
    plan: Plan, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 500
    way = {"notify": {"env": "ORDERS_NOTIFY"}, "on_failure": "fail"}
    strict = [Hook.model_validate({"events": ["window-opened", "gate-waiting"], **way})]
    hooked = plan.model_copy(update={"hooks": strict})
    with pytest.raises(PreconditionError, match="gate-waiting"), session(hooked, RunOptions(state=tmp_path)):
        emit(Event("window-opened", "writes are refused"))
        emit(Event("gate-waiting", "waiting for approval"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (f"nonsense://{SECRET}", "address 1 of 1 is none that apprise knows"),
        (f"json://a.example {SECRET}", "address 2 of 2 is none that apprise knows"),
        (None, "ORDERS_NOTIFY"),
        ("", "ORDERS_NOTIFY"),
    ],
)
def test_addresses_that_cannot_be_used_are_found_before_a_run(
    monkeypatch: pytest.MonkeyPatch, value: str | None, said: str
) -> None:
    monkeypatch.delenv("ORDERS_NOTIFY", raising=False)
    if value is not None:
        monkeypatch.setenv("ORDERS_NOTIFY", value)
    for problem in (notify_unusable(TO), send_notice(TO, Notice("t", "b"), 5)):
        assert said in problem and SECRET not in problem


@pytest.mark.parametrize("verb", ["check", "plan", "migrate", "cutover"])
def test_without_apprise_the_plan_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(notices, "find_spec", lambda name: None if name == "apprise" else find_spec(name))
    written = a_plan().model_dump(mode="json", exclude_defaults=True)
    written["hooks"] = [{"events": ["failed"], "notify": {"env": "ORDERS_NOTIFY"}}]
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps(written), encoding="utf-8")
    ended = CliRunner().invoke(app, [verb, str(file), "--state", str(tmp_path / "state")])
    assert ended.exit_code == 2
    assert "pip install 'snapferry[notify]'" in " ".join(ended.stderr.split())
    assert CliRunner().invoke(app, ["status", str(file), "--state", str(tmp_path / "state")]).exit_code == 0


def test_a_deployment_without_apprise_refuses_to_run(
    plan: Plan, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "find_spec", lambda _: None)
    strict = [hook.model_copy(update={"on_failure": "fail"}) for hook in plan.hooks]
    with (
        pytest.raises(PreconditionError, match="pip install"),
        session(plan.model_copy(update={"hooks": strict}), RunOptions(state=tmp_path)),
    ):
        pass
