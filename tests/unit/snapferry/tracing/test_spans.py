"""Spans of a run reach a receiver of OTLP over HTTP; a collector that is away or hangs changes nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.runtime_version import VersionError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.watched import a_plan_file, at_work, runs_of
from typer.testing import CliRunner

from flows.previews.watched import WatchedPlan
from runs.run_status import RunStatus
from snapferry.main import app
from snapferry.tracing import configured, spans
from snapferry.tracing.configured import is_configured, traced
from snapferry.tracing.spans import trace_id_of

pytestmark = pytest.mark.slow

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(ThreadingHTTPServer):
    """Takes spans as a collector does."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []
        self.hangs = threading.Event()
        self.status = 200
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def named(self, name: str) -> Any:
        """The one span with this name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while self.server.hangs.is_set():
            time.sleep(0.05)
        sent = ExportTraceServiceRequest.FromString(body)
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{made.server_port}")
    yield made
    made.hangs.clear()
    made.shutdown()
    made.server_close()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return a_plan_file(tmp_path)


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_session_and_each_of_its_steps_is_a_span(plan: Path, collector: Collector) -> None:
    with traced(WatchedPlan(runs_of(plan))):
        with at_work(plan) as journal:
            pass
        journal.settle(RunStatus.DONE)
    root, step = collector.named("snapferry migrate"), collector.named("restore")
    assert len(collector.spans) == 2 and step.parent_span_id == root.span_id and not root.parent_span_id
    trace = trace_id_of("orders", journal.run_id).to_bytes(16, "big")
    assert root.trace_id == step.trace_id == trace
    entry = journal.document.steps["restore"]
    assert entry.ended and abs(step.end_time_unix_nano / 1e9 - entry.ended.timestamp()) < 0.001
    assert root.start_time_unix_nano <= step.start_time_unix_nano <= step.end_time_unix_nano
    assert attributes(root) | {} == {
        "snapferry.plan": "orders",
        "snapferry.run_id": journal.run_id,
        "snapferry.verb": "migrate",
        "snapferry.outcome": "done",
        "snapferry.indices": 0,
        "snapferry.indices_equal": 0,
        "snapferry.documents": 0,
        "snapferry.fetched_bytes": 0,
    }
    assert attributes(step) == {"snapferry.step": "restore", "snapferry.attempts": 1}


def test_a_resumed_session_joins_the_trace_and_sends_its_own_steps_only(
    plan: Path, collector: Collector
) -> None:
    with traced(WatchedPlan(runs_of(plan))):
        with at_work(plan) as journal:
            pass
        journal.settle(RunStatus.INTERRUPTED, "a timeout")
    assert collector.named("snapferry migrate").status.message == "a timeout"
    first = collector.spans.copy()
    collector.spans.clear()
    with traced(WatchedPlan(runs_of(plan))):
        with at_work(plan, journal), journal.step("verify"):
            pass
        journal.settle(RunStatus.DONE)
    assert {span.trace_id for span in (*first, *collector.spans)} == {first[0].trace_id}
    assert sorted(span.name for span in collector.spans) == ["restore", "snapferry migrate", "verify"]
    assert collector.named("verify").parent_span_id == collector.named("snapferry migrate").span_id


def test_an_error_is_on_its_step(plan: Path, collector: Collector) -> None:
    with traced(WatchedPlan(runs_of(plan))):
        with pytest.raises(ValueError, match="boom"), at_work(plan) as journal:
            raise ValueError("boom")
        journal.settle(RunStatus.FAILED, "ValueError: boom")
    for name in ("restore", "snapferry migrate"):
        span = collector.named(name)
        assert span.status.code == 2 and span.status.message == "ValueError: boom"
        assert span.events[0].name == "exception"


def test_a_run_that_has_ended_before_sends_nothing(plan: Path, collector: Collector) -> None:
    with at_work(plan) as journal:
        pass
    journal.settle(RunStatus.DONE)
    with traced(WatchedPlan(runs_of(plan))):
        pass
    assert collector.spans == []


def test_a_collector_that_hangs_holds_nothing_up(
    plan: Path, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.hangs.set()
    began = time.monotonic()
    with traced(WatchedPlan(runs_of(plan))), at_work(plan) as journal:
        journal.settle(RunStatus.DONE)
        worked = time.monotonic() - began
    assert worked < 2 and time.monotonic() - began < 8
    assert "Not all spans could be sent" in capsys.readouterr().err


@pytest.mark.parametrize("problem", ["away", "refuses", "no address"])
def test_a_collector_that_cannot_be_used_is_said_once(
    plan: Path,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    problem: str,
) -> None:
    monkeypatch.setattr(spans, "_FAREWELL_S", 0.8)
    collector.status = 400
    if problem != "refuses":
        monkeypatch.setenv(VARIABLE, "http://127.0.0.1:1" if problem == "away" else "nonsense")
    with traced(WatchedPlan(runs_of(plan))), at_work(plan) as journal:
        journal.settle(RunStatus.DONE)
    said = capsys.readouterr().err
    assert said.count("Not all spans could be sent") == 1 and "Traceback" not in said


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ImportError("cannot import name X"), "ImportError: cannot import name X"),
        (TypeError("Descriptors cannot be created directly"), "TypeError: Descriptors cannot be"),
        (VersionError("Detected incompatible Protobuf"), "VersionError: Detected incompatible Protobuf"),
        (StopIteration(), "StopIteration"),
    ],
)
def test_an_installation_that_does_not_fit_together_is_said_in_a_line_and_the_run_goes_on(
    plan: Path,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: Exception,
    said: str,
) -> None:
    class Broken(MetaPathFinder):
        def find_spec(self, fullname: str, *_: object) -> None:
            if fullname == "snapferry.tracing.spans":
                raise raised

    monkeypatch.delitem(sys.modules, "snapferry.tracing.spans")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with traced(WatchedPlan(runs_of(plan))), at_work(plan) as journal:
        journal.settle(RunStatus.DONE)
    heard = " ".join(capsys.readouterr().err.split())
    assert heard.count("No spans are sent: OpenTelemetry cannot be used") == 1 and said in heard


def test_an_error_of_the_run_is_no_error_of_opentelemetry(plan: Path, collector: Collector) -> None:
    with pytest.raises(ValueError, match="of the run"), traced(WatchedPlan(runs_of(plan))):
        raise ValueError("of the run")


def test_a_variable_that_it_cannot_use_is_said_in_a_line_and_litters_nothing(
    plan: Path,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    lost: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", lost.append)
    with traced(WatchedPlan(runs_of(plan))), at_work(plan) as journal:
        journal.settle(RunStatus.DONE)
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("Not all spans could be sent: OpenTelemetry cannot be used (ValueError: ") == 1
    assert lost == [] and "Traceback" not in said


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({VARIABLE: " "}, False),
        ({VARIABLE: "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({VARIABLE: "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({VARIABLE: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_usual_variables_decide(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_configured() is wanted


def test_without_the_extra_it_says_so_once(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(configured, "_EXTRA", ("nowhere.at_all",))
    with traced(WatchedPlan(runs_of(plan))):
        pass
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("pip install 'snapferry[otel]'") == 1


def test_without_a_collector_nothing_of_it_is_imported(plan: Path) -> None:
    state = str(runs_of(plan).folder)
    code = (
        "import sys; from typer.testing import CliRunner; from snapferry.main import app; "
        f"ended = CliRunner().invoke(app, ['migrate', {str(plan)!r}, '--execute', '--state', {state!r}]); "
        "assert ended.exit_code == 6, ended.output; "
        "assert not any(name.startswith('opentelemetry.sdk') for name in sys.modules)"
    )
    with runs_of(plan).lock_plan():  # so that the command ends at once
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_verb_that_runs_sends_spans(
    plan: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(configured, "_is_installed", lambda: bool(seen.append("asked")))
    bad = plan.read_text(encoding="utf-8").replace("my-snapshots", "My_Snapshots")
    plan.write_text(bad, encoding="utf-8")  # so that the commands end at once
    for verb in ("migrate", "rehearse", "seed", "follow", "cutover", "fallback"):
        CliRunner().invoke(app, [verb, str(plan), "--state", str(plan.parent)])
        assert seen == []
    CliRunner().invoke(app, ["seed", str(plan), "--execute", "--state", str(plan.parent)])
    assert seen == ["asked"]
