"""The steps of a run as spans, sent to a collector beside the run: it neither waits for it nor fails with it.

All sessions of a run are one trace: its id follows from the run's. Each session has a span, and each of its
steps one below it. They are made from the journal, a moment after a step has ended.
"""

import logging
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context

from domains.errors import SnapferryError
from domains.known_secrets import cut_secrets
from reports.model.report import Report, StepReport
from runs.journal import now
from runs.run_status import RunStatus
from snapferry.output.console import say
from snapferry.tracing.misfits import misfits, said_of

if TYPE_CHECKING:
    from flows.previews.watched import WatchedPlan

_EVERY_S = 0.5
_SEND_EVERY_S = 1.0
_EXPORT_S = 5.0
_FAREWELL_S = 3.0
"""Seconds that the command waits at its end for a collector that is slow."""
_WELL = frozenset({RunStatus.DONE, RunStatus.RUNNING})


@contextmanager
def spans_sent(plan: "WatchedPlan") -> Generator[None]:
    """Inside the block, send the session of the plan's run that works in this process, and its steps."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a run's output is not about its collector
    session = _Session(plan, now())
    ended = threading.Event()
    problems: list[str] = []

    def work() -> None:
        try:
            while not ended.wait(_EVERY_S):
                session.look()
            session.end()
        except misfits() as error:
            problems.append(f"OpenTelemetry cannot be used ({said_of(error)})")

    thread = threading.Thread(target=work, name="spans", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_FAREWELL_S)
        if thread.is_alive() or session.lost:
            problems.append("the collector did not take them")
        if problems:
            say(f"Not all spans could be sent: {problems[0]}. The run is not affected.")


def trace_id_of(plan: str, run_id: str) -> int:
    """The id of a run's trace, the same in every session."""
    return int.from_bytes(sha256(f"{plan}/{run_id}".encode()).digest()[:16], "big") or 1


class _Ids(RandomIdGenerator):
    def __init__(self, trace_id: int) -> None:
        self._trace_id = trace_id

    def generate_trace_id(self) -> int:
        return self._trace_id


class _Exporter(SpanExporter):
    """Sends spans, and remembers whether one was lost."""

    def __init__(self) -> None:
        self._to = OTLPSpanExporter(timeout=_EXPORT_S)
        self.lost = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._to.export(spans)
        finally:
            self.lost = self.lost or result is not SpanExportResult.SUCCESS
        return result

    def shutdown(self) -> None:
        self._to.shutdown()


class _Session:
    """The spans of one session.

    Args:
        began: when the command began: what a run has done before is not this session's.
    """

    def __init__(self, plan: "WatchedPlan", began: datetime) -> None:
        self._plan = plan
        self._began = began
        self._exporter: _Exporter | None = None
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None
        self._root: Span | None = None
        self._until = began
        self._sent: set[tuple[str, datetime]] = set()

    @property
    def lost(self) -> bool:
        """Whether a span did not arrive."""
        return self._exporter is not None and self._exporter.lost

    def look(self) -> Report | None:
        """Send the steps that have ended since the last look; return the report of the session's run."""
        try:
            seen = self._plan.look()
        except (SnapferryError, OSError):
            return None
        if seen is None or not self._is_ours(
            seen.report, seen.snapshot.session and seen.snapshot.session.began
        ):
            return None
        tracer, root = self._begun(seen.report)
        for step in sorted(seen.report.steps, key=lambda each: each.ended or self._until):
            if step.ended and step.ended >= self._began and (step.name, step.ended) not in self._sent:
                self._sent.add((step.name, step.ended))
                self._send(tracer, root, step)
        return seen.report

    def _is_ours(self, report: Report, session_began: datetime | None) -> bool:
        later = session_began or report.ended
        return self._root is not None or (later is not None and later >= self._began)

    def _begun(self, report: Report) -> tuple[Tracer, Span]:
        if self._tracer is None or self._root is None:
            self._exporter = _Exporter()
            self._provider = TracerProvider(
                resource=Resource.create({"service.name": "snapferry"}),
                id_generator=_Ids(trace_id_of(report.plan, report.run_id)),
                shutdown_on_exit=False,
            )
            self._provider.add_span_processor(
                BatchSpanProcessor(self._exporter, schedule_delay_millis=_SEND_EVERY_S * 1000)
            )
            self._tracer = self._provider.get_tracer("snapferry")
            self._root = self._tracer.start_span(
                f"snapferry {report.verb}",
                start_time=_nanoseconds(self._began),
                attributes={
                    "snapferry.plan": report.plan,
                    "snapferry.run_id": report.run_id,
                    "snapferry.verb": report.verb,
                },
            )
        return self._tracer, self._root

    def _send(self, tracer: Tracer, root: Span, step: StepReport) -> None:
        """Send one step; of one that began in an earlier session, what this one has done of it."""
        assert step.ended
        began = min(step.ended, max(step.started, self._until))
        span = tracer.start_span(
            step.name,
            context=set_span_in_context(root),
            start_time=_nanoseconds(began),
            attributes={"snapferry.step": step.name, "snapferry.attempts": step.attempts},
        )
        if step.error:
            _fail(span, step.error, step.ended)
        span.end(_nanoseconds(step.ended))
        self._until = step.ended

    def end(self) -> None:
        """Send what is left, and the session itself."""
        report = self.look()
        if self._root is None or self._provider is None:
            return
        ended = now()
        if report:
            totals = report.totals
            self._root.set_attributes(
                {
                    "snapferry.outcome": report.outcome,
                    "snapferry.indices": totals.indices,
                    "snapferry.indices_equal": totals.equal,
                    "snapferry.documents": totals.documents,
                    "snapferry.fetched_bytes": totals.bytes,
                }
            )
            if report.outcome not in _WELL:
                _fail(self._root, report.message or str(report.outcome), ended)
        self._root.end(_nanoseconds(ended))
        self._provider.shutdown()


def _fail(span: Span, message: str, at: datetime) -> None:
    said = cut_secrets(message)
    span.add_event("exception", {"exception.message": said}, _nanoseconds(at))
    span.set_status(Status(StatusCode.ERROR, said))


def _nanoseconds(at: datetime) -> int:
    since = at - datetime.fromtimestamp(0, at.tzinfo)
    return since // timedelta(microseconds=1) * 1000
