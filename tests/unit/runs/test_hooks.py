"""Hooks: the events sent to a command and a webhook, their failures, and that no secret leaks.

The commands are real processes, the webhook's other end is a real server.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import pytest
from support.building import a_plan, a_plan_between, a_resolution, a_unit
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import FakeDomain

from configs.hooks import EventName, Hook, WebhookAddress
from configs.plan import Plan
from flows.sessions.notifications import Notifier, notify_end_again
from flows.sessions.options import RunOptions
from flows.sessions.session import session
from flows.sessions.verb_rules import finished_before
from runs.commands import Called, called_as
from runs.events import Event, delivered_to, emit
from runs.hook_commands import run_command
from runs.hooks import EXIT_CODES, HookMessage, message_for, unusable_hooks
from runs.journal import Journal
from runs.state import State
from runs.webhooks import call_webhook
from snapferry.exit_codes import code_of_run, code_of_status
from tasks.errors import ExecutionError, PreconditionError, TimedOut

ROOT = Path(__file__).resolve().parents[3]
SAYS = ["/bin/sh", "-c"]
ALL: list[EventName] = list(get_args(EventName))


def command(script: str, *events: EventName, **changes: Any) -> dict[str, Any]:
    return {"events": list(events or ALL), "command": [*SAYS, script], **changes}


@pytest.fixture
def plan(source: FakeDomain, target: FakeDomain) -> Plan:
    """A plan between two engines, without hooks."""
    FakeEngine(source, "source", FakeIndex("a"))
    FakeEngine(target, "target", FakeIndex("b"))
    return a_plan_between(source, target)


def with_hooks(plan: Plan, *hooks: dict[str, Any]) -> Plan:
    return plan.model_copy(update={"hooks": [Hook.model_validate(hook) for hook in hooks]})


def changes(journal: Journal) -> None:
    with journal.intend("restore", "target", "restore", {"names": ["a"]}):
        pass


def journal_in(state: Path) -> Journal:
    return next(State(state, "orders").journals())


# ---- commands


def test_a_command_gets_the_environment_the_directory_and_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINE", "kept")
    script = 'cat; echo "$MINE $SNAPFERRY_EVENT" > told; pwd >> told'
    assert run_command([*SAYS, script], {"SNAPFERRY_EVENT": "done"}, 5, ()) == ""
    assert (tmp_path / "told").read_text() == f"kept done\n{tmp_path}\n"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo out; echo err >&2; exit 3", "exit code 3: out\nerr"),
        ("exit 4", "exit code 4"),
        ("kill -TERM $$", "it was killed by signal 15"),
    ],
)
def test_a_failing_command_is_told_with_its_output(script: str, problem: str) -> None:
    assert run_command([*SAYS, script], {}, 5, ()) == problem


def test_of_a_long_output_the_end_is_kept() -> None:
    script = "import sys; print('x' * 200_000 + 'ü the end'); sys.exit(1)"
    said = run_command([sys.executable, "-c", script], {}, 20, ())
    assert said.endswith("xü the end")
    assert len(said.encode()) < 4200


def test_at_the_timeout_everything_that_the_command_started_is_killed(tmp_path: Path) -> None:
    child = tmp_path / "child"
    began = time.monotonic()
    said = run_command([*SAYS, f"sleep 60 & echo $! > {child}; wait"], {}, 0.3, ())
    assert said == "it was still running after 0.3 s and was killed"
    assert time.monotonic() - began < 10
    pid = int(child.read_text())
    deadline = time.monotonic() + 10
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_what_a_command_leaves_in_the_background_is_not_waited_for() -> None:
    began = time.monotonic()
    assert run_command([*SAYS, "sleep 3 &"], {}, 20, ()) == ""
    assert time.monotonic() - began < 2.5


def test_a_program_that_is_not_there_is_told() -> None:
    assert "could not be started: No such file" in run_command(["./not-there"], {}, 5, ())


def test_no_secret_of_the_environment_is_kept_of_what_a_command_prints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    monkeypatch.setenv("SOURCE_LOGIN", "x1y")  # nothing in its name tells, but the plan does
    said = run_command([*SAYS, "env; exit 1"], {}, 5, ["SOURCE_LOGIN"])
    assert "AWS_SECRET_ACCESS_KEY=[secret]" in said
    assert "SOURCE_LOGIN=[secret]" in said
    assert "wJalr" not in said


# ---- webhooks


class Other:
    """The other end of a webhook: answers with `status`, after `delay_s`, and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.delay_s = 200, 0.0
        self.got: list[tuple[str, dict[str, str], Any]] = []

    @contextmanager
    def serving(self) -> Iterator[str]:
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                other.got.append((self.path, dict(self.headers), json.loads(body)))
                time.sleep(other.delay_s)
                self.send_response(other.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()


@pytest.fixture
def other() -> Iterator[Other]:
    """Somebody who is called: `other.url` with a secret in it is in $HOOK."""
    made = Other()
    with pytest.MonkeyPatch.context() as patch, made.serving() as url:
        patch.setenv("HOOK", f"{url}/T0secret")
        yield made


BY_ENV = WebhookAddress.model_validate({"env": "HOOK"})


def test_a_webhook_gets_one_document_by_post(other: Other) -> None:
    assert call_webhook(BY_ENV, {"event": "done"}, 5) == ""
    [(path, headers, document)] = other.got
    assert (path, document) == ("/T0secret", {"event": "done"})
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_whatever_is_not_2xx_is_a_failure_and_a_redirect_is_not_followed(other: Other, status: int) -> None:
    other.status = status
    assert call_webhook(BY_ENV, {}, 5) == f"it answered HTTP {status}"
    assert len(other.got) == 1


def test_a_webhook_that_does_not_answer_in_time_has_failed(other: Other) -> None:
    other.delay_s = 1.0
    assert call_webhook(BY_ENV, {}, 0.2) == "no answer within 0.2 s"


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/T0secret", "T0secret", "http://T0secret:x/", ""])
def test_the_address_of_a_webhook_is_told_to_nobody(
    other: Other, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    call_webhook(BY_ENV, {}, 5)
    monkeypatch.setenv("HOOK", address)
    said = call_webhook(BY_ENV, {}, 5)
    assert said
    assert "T0secret" not in said + caplog.text


def test_a_password_of_netrc_is_not_sent(
    other: Other, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert call_webhook(BY_ENV, {}, 5) == ""
    assert "Authorization" not in other.got[0][1]


# ---- the documented events


def test_everything_that_is_told_is_documented() -> None:
    text = (ROOT / "docs/gates-and-hooks.md").read_text(encoding="utf-8")
    names = [f"`SNAPFERRY_{name.upper()}`" for name in told_names()]
    assert [name for name in names if name not in text] == []
    assert [name for name in told_names() if f"`{name}`" not in text and f'"{name}"' not in text] == []
    assert [event for event in ALL if f"`{event}`" not in text] == []


def told_names() -> list[str]:
    return [field.name for field in fields(HookMessage)]


def test_commands_and_webhooks_are_told_the_same(tmp_path: Path) -> None:
    plan = a_plan()
    journal = State(tmp_path, "orders").begin(plan, "migrate")
    with journal.step("resolve"):
        journal.keep("resolve", a_resolution(a_unit("a"), snapshot="orders-1"))
    happening = Event("failed", "why\0\ud800", "what to do", step="restore")
    told = message_for(happening, plan, journal, (tmp_path / "r.json", journal.path, journal.path))
    document, variables = told.document(), told.variables()
    assert document["source"] == variables["SNAPFERRY_SOURCE"] == "http://127.0.0.1:1"
    assert document["snapshot"] == variables["SNAPFERRY_SNAPSHOT"] == "orders-1"
    assert (document["exit_code"], variables["SNAPFERRY_EXIT_CODE"]) == (1, "1")
    assert variables["SNAPFERRY_STATE"] == str(tmp_path)
    assert variables["SNAPFERRY_REPORT_JSON"] == ""  # it is not there
    assert variables["SNAPFERRY_REPORT_MARKDOWN"] == variables["SNAPFERRY_REPORT_HTML"] == str(journal.path)
    assert run_command([*SAYS, '[ "$SNAPFERRY_MESSAGE" = "why\\u0000\\ud800" ]'], variables, 5, ()) == ""
    assert json.loads(json.dumps(document)) == document


def test_the_exit_codes_that_are_told_are_those_of_the_command() -> None:
    assert {event: int(code_of_status(event)) for event in EXIT_CODES} == EXIT_CODES


# ---- what becomes of the run


def heard_in(plan: Plan, state: Path, error: Exception | None = None, *, changing: bool = True) -> Journal:
    """A session that ends so, with a step in it, and whatever a hook raises swallowed."""
    try:
        with session(plan, RunOptions(state=state)) as m:
            if changing:
                changes(m.journal)
            emit(Event("step-done", "a step is done", step="a"))
            if error:
                raise error
    except (ExecutionError, PreconditionError, TimedOut):
        pass
    return journal_in(state)


def test_the_hooks_hear_a_run_in_order_and_with_its_report(plan: Plan, tmp_path: Path) -> None:
    script = f'echo "$SNAPFERRY_EVENT $SNAPFERRY_EXIT_CODE" >> {tmp_path}/heard'
    hooked = with_hooks(plan, command(script), command(f"cp $SNAPFERRY_REPORT_JSON {tmp_path}/r", "done"))
    heard_in(hooked, tmp_path, TimedOut("later"))
    journal = heard_in(hooked, tmp_path)
    heard = (tmp_path / "heard").read_text().splitlines()
    assert heard == ["run-started ", "step-done ", "interrupted 5", "run-continued ", "step-done ", "done 0"]
    assert json.loads((tmp_path / "r").read_text())["outcome"] == "done"
    assert [entry.event for entry in journal.document.hooks][-2:] == ["done", "done"]
    assert not any(entry.problem for entry in journal.document.hooks)


def test_the_hint_that_a_hook_hears_can_be_pasted(plan: Plan, tmp_path: Path) -> None:
    hooked = with_hooks(plan, command(f'echo "$SNAPFERRY_HINT" >> {tmp_path}/heard', "interrupted"))
    with called_as(Called(verb="migrate", plan="my plan.yaml", options=("--execute",))):
        heard_in(hooked, tmp_path, TimedOut("later", "see `snapferry report PLAN`"))
    assert (tmp_path / "heard").read_text() == "see `snapferry report 'my plan.yaml'`\n"


@pytest.mark.parametrize(("changing", "status"), [(False, "refused"), (True, "failed")])
def test_a_failing_hook_fails_the_run(plan: Plan, tmp_path: Path, changing: bool, status: str) -> None:
    hooked = with_hooks(plan, command("echo not now; exit 1", "step-done"))
    family = ExecutionError if changing else PreconditionError
    with pytest.raises(family), session(hooked, RunOptions(state=tmp_path)) as m:
        if changing:
            changes(m.journal)
        emit(Event("step-done", "a step is done", step="a"))
    document = journal_in(tmp_path).document
    assert (document.status, document.message) == (
        status,
        "hook 1 (/bin/sh) failed at step-done: exit code 1: not now",
    )
    assert "run the same command again" in document.hint


def test_a_run_whose_first_hook_refuses_changes_nothing(
    plan: Plan, tmp_path: Path, source: FakeDomain, target: FakeDomain
) -> None:
    journal = heard_in(with_hooks(plan, command("exit 1", "run-started")), tmp_path)
    assert journal.document.status == "refused"
    assert source.changing == target.changing == []


def test_a_hook_that_may_fail_is_only_noted(plan: Plan, tmp_path: Path) -> None:
    hooked = with_hooks(plan, command("exit 1", "step-done", "done", on_failure="continue"))
    document = heard_in(hooked, tmp_path).document
    assert (document.status, document.unheard) == ("done", "")
    assert [entry.problem for entry in document.hooks] == ["exit code 1", "exit code 1"]
    assert code_of_run(document) == 0
    report = json.loads((tmp_path / "plans/orders/reports" / f"{document.run_id}.json").read_text())
    assert [hook["problem"] for hook in report["hooks"]] == ["exit code 1", "exit code 1"]


def test_hooks_that_cannot_run_at_all_are_found_before_anything_is_done(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOBODY_SET_THIS", raising=False)
    hooked = with_hooks(
        plan,
        {"events": ["done"], "command": ["./no-such-program"]},
        {"events": ["done"], "webhook": {"env": "NOBODY_SET_THIS"}},
        {"events": ["done"], "command": ["./no-such-program"], "on_failure": "continue"},
    )
    assert len(list(unusable_hooks(hooked))) == 2
    document = heard_in(hooked, tmp_path).document
    assert document.status == "refused"
    assert "no program ./no-such-program" in document.message
    assert "NOBODY_SET_THIS is not set" in document.message


def test_a_hook_does_not_hide_why_a_run_failed(plan: Plan, tmp_path: Path) -> None:
    hooked = with_hooks(plan, command("exit 1", "failed"))
    with pytest.raises(ExecutionError, match="the reason"), session(hooked, RunOptions(state=tmp_path)) as m:
        changes(m.journal)
        raise ExecutionError("the reason")
    document = journal_in(tmp_path).document
    assert (document.status, document.message, document.unheard) == ("failed", "the reason", "")
    assert document.hooks[-1].problem == "exit code 1"


def test_a_finished_run_whose_hook_has_failed_is_told_again_and_moves_nothing(
    plan: Plan, tmp_path: Path
) -> None:
    count = f"echo >> {tmp_path}/first"
    hooked = with_hooks(plan, command(count, "done"), command(f"[ -e {tmp_path}/right ]", "done"))
    with (
        pytest.raises(ExecutionError, match=r"hook 2 .*failed at done"),
        session(hooked, RunOptions(state=tmp_path)) as m,
    ):
        changes(m.journal)
    journal = finished_before(hooked, RunOptions(state=tmp_path))
    assert journal
    assert (journal.document.status, code_of_run(journal.document)) == ("done", 1)
    notify_end_again(hooked, State(tmp_path, "orders"), journal)
    assert code_of_run(journal.document) == 1
    (tmp_path / "right").touch()
    notify_end_again(hooked, State(tmp_path, "orders"), journal)
    assert code_of_run(journal_in(tmp_path).document) == 0
    assert (tmp_path / "first").read_text() == "\n"  # who has heard it is not told again


def test_killed_before_its_hooks_heard_the_end_they_hear_it_from_the_same_command(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Notifier) -> str:
        raise SystemExit(137)

    hooked = with_hooks(plan, command(f"echo >> {tmp_path}/heard", "done"))
    with (
        monkeypatch.context() as patch,
        pytest.raises(SystemExit),
        session(hooked, RunOptions(state=tmp_path)) as m,
    ):
        changes(m.journal)
        patch.setattr(Notifier, "end", killed)
    journal = finished_before(hooked, RunOptions(state=tmp_path))
    assert journal
    assert code_of_run(journal.document) == 1
    notify_end_again(hooked, State(tmp_path, "orders"), journal)
    assert (tmp_path / "heard").exists()
    assert code_of_run(journal_in(tmp_path).document) == 0


def test_nobody_hears_what_nobody_may_stop(plan: Plan, tmp_path: Path) -> None:
    journal = State(tmp_path, "orders").begin(plan, "rehearse")
    hooked = with_hooks(plan, command("exit 1", "step-done"))
    with delivered_to(Notifier(hooked, journal)):
        with delivered_to(None):
            emit(Event("step-done", "removed"))
        with pytest.raises(PreconditionError):
            emit(Event("step-done", "moved"))
