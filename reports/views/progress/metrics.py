"""How runs stand, as metrics for Prometheus. docs/watching.md lists them; a test holds both together.

Every sample carries the plan and the verb, never an index: the number of series stays small.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from reports.model.progress import ProgressSnapshot, Verdict
from reports.model.seeding import BlockState
from runs.lifecycle import RunStatus
from runs.progress import TailReason

Samples = Iterator[tuple[Mapping[str, str], float]]


@dataclass(frozen=True)
class MetricSpec:
    """One metric.

    Args:
        name: as a scrape shows it.
        help: one sentence.
        samples: its samples of a run, each with its labels beside plan and verb.
        labels: the names of these labels.
        kind: of the metric.
    """

    name: str
    help: str
    samples: Callable[[ProgressSnapshot], Samples] = field(repr=False)
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


def _value(read: Callable[[ProgressSnapshot], float | None]) -> Callable[[ProgressSnapshot], Samples]:
    """One sample without labels of its own; none where the value is not known."""

    def samples(snapshot: ProgressSnapshot) -> Samples:
        found = read(snapshot)
        if found is not None:
            yield {}, float(found)

    return samples


def _one_of(
    label: str, all_of: Iterable[str], read: Callable[[ProgressSnapshot], str | None]
) -> Callable[[ProgressSnapshot], Samples]:
    """One sample for each value that a state can have: 1 for the present one, 0 for the others."""
    values = tuple(all_of)

    def samples(snapshot: ProgressSnapshot) -> Samples:
        now = read(snapshot)
        for each in values:
            yield {label: each}, float(each == now)

    return samples


def _instant(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _info(snapshot: ProgressSnapshot) -> Samples:
    yield {"run_id": snapshot.run_id}, 1.0


def _step(read: Callable[[ProgressSnapshot], float | None]) -> Callable[[ProgressSnapshot], Samples]:
    """A figure of the current step; no sample between steps, or while it is not known."""

    def samples(snapshot: ProgressSnapshot) -> Samples:
        found = read(snapshot) if snapshot.step else None
        if snapshot.step and found is not None:
            yield {"step": snapshot.step.step}, found

    return samples


def _stalled_s(snapshot: ProgressSnapshot) -> float | None:
    step = snapshot.step
    if step is None or step.message is None:
        return None
    return step.stalled_s or 0.0


def _gate(snapshot: ProgressSnapshot) -> Samples:
    if snapshot.gate:
        yield {"gate": snapshot.gate}, 1.0


def _reason(snapshot: ProgressSnapshot) -> Samples:
    """The reason's word: its text names indices and paths, which metrics never hold."""
    if snapshot.tail and snapshot.tail.reason:
        yield {"reason": snapshot.tail.reason}, 1.0


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def _expected(snapshot: ProgressSnapshot) -> Samples:
    window = snapshot.window
    if window and window.expected_low is not None and window.expected_high is not None:
        yield {"bound": "low"}, window.expected_low
        yield {"bound": "high"}, window.expected_high


def _requests(snapshot: ProgressSnapshot) -> Samples:
    for side, sent in snapshot.requests.items():
        yield {"side": side, "kind": "read"}, sent.reads
        yield {"side": side, "kind": "write"}, sent.writes


def _repeats(snapshot: ProgressSnapshot) -> Samples:
    for side, sent in snapshot.requests.items():
        if sent.repeats is not None:
            yield {"side": side}, sent.repeats


METRICS: tuple[MetricSpec, ...] = (
    MetricSpec("snapferry_run_info", "Always 1; its label names the run.", _info, ("run_id",)),
    MetricSpec(
        "snapferry_run_started_timestamp_seconds",
        "When the run began.",
        _value(lambda s: _instant(s.started)),
    ),
    MetricSpec(
        "snapferry_run_ended_timestamp_seconds",
        "When its latest session ended; absent while one is at work.",
        _value(lambda s: _instant(s.ended)),
    ),
    MetricSpec(
        "snapferry_run_outcome",
        "1 for the run's present status, 0 for the others.",
        _one_of("outcome", RunStatus, lambda s: s.outcome),
        ("outcome",),
    ),
    MetricSpec(
        "snapferry_verdict",
        "1 for the verification's verdict, 0 for the others; all 0 before it.",
        _one_of("verdict", get_args(Verdict), lambda s: s.verdict),
        ("verdict",),
    ),
    MetricSpec(
        "snapferry_process_alive",
        "1 if a process works on the plan, 0 if none does; absent where only another machine can tell.",
        _value(lambda s: s.process_alive),
    ),
    MetricSpec(
        "snapferry_step_started_timestamp_seconds",
        "When the current step began in this session; absent between steps.",
        _step(lambda s: _instant(s.step.since) if s.step else None),
        ("step",),
    ),
    MetricSpec(
        "snapferry_step_progress_ratio",
        "Share of the current step that is done, from 0 to 1; absent while unknown.",
        _step(lambda s: s.step.share if s.step else None),
        ("step",),
    ),
    MetricSpec(
        "snapferry_step_left_seconds",
        "Time left of the current step; absent while unknown.",
        _step(lambda s: s.step.eta_s if s.step else None),
        ("step",),
    ),
    MetricSpec(
        "snapferry_step_stalled_seconds",
        "For how long nothing has moved in the current step; 0 while it moves.",
        _step(_stalled_s),
        ("step",),
    ),
    MetricSpec("snapferry_steps_done", "Steps that are done.", _value(lambda s: len(s.steps_done))),
    MetricSpec("snapferry_gate_waiting", "1 for the gate that the run waits at.", _gate, ("gate",)),
    MetricSpec(
        "snapferry_copied_bytes",
        "Bytes that the snapshot has written, and that the restore has brought to the target.",
        lambda s: iter([({"step": step}, float(amount.done)) for step, amount in s.copied.items()]),
        ("step",),
    ),
    MetricSpec(
        "snapferry_copy_size_bytes",
        "What that will be at the end.",
        lambda s: iter([({"step": step}, float(amount.total)) for step, amount in s.copied.items()]),
        ("step",),
    ),
    MetricSpec(
        "snapferry_fetched_bytes",
        "Bytes that the target has fetched in restores that are done, as in the report.",
        _value(lambda s: s.fetched),
    ),
    MetricSpec("snapferry_shards", "Shards that move.", _value(lambda s: s.shards and s.shards.total)),
    MetricSpec(
        "snapferry_shards_started",
        "Of these, primaries that are started on the target.",
        _value(lambda s: s.shards and s.shards.done),
    ),
    MetricSpec("snapferry_indices", "Indices that move.", _value(lambda s: s.indices.to_move)),
    MetricSpec(
        "snapferry_indices_restored", "Indices that are restored.", _value(lambda s: s.indices.restored)
    ),
    MetricSpec(
        "snapferry_indices_verified",
        "Indices that were compared, whatever the result.",
        _value(lambda s: s.indices.verified),
    ),
    MetricSpec(
        "snapferry_indices_equal", "Indices that were found equal.", _value(lambda s: s.indices.equal)
    ),
    MetricSpec(
        "snapferry_documents",
        "Live documents that the verification counted on the target.",
        _value(lambda s: s.documents),
    ),
    MetricSpec(
        "snapferry_tail_lag_seconds",
        "Age of the source's oldest operation that the copies lack.",
        _value(lambda s: s.tail and s.tail.lag_s),
    ),
    MetricSpec(
        "snapferry_tail_operations",
        "Operations of the source that the copies lack.",
        _value(lambda s: s.tail and s.tail.operations),
    ),
    MetricSpec(
        "snapferry_tail_in_operations_per_second",
        "Operations a second on the source.",
        _value(lambda s: s.tail and s.tail.rate_in),
    ),
    MetricSpec(
        "snapferry_tail_out_operations_per_second",
        "Operations a second that are brought over.",
        _value(lambda s: s.tail and s.tail.rate_out),
    ),
    MetricSpec(
        "snapferry_can_cut_over",
        "1 if a cutover may begin, 0 if not; absent without a tail.",
        _value(lambda s: s.tail and s.tail.can_cut_over),
    ),
    MetricSpec(
        "snapferry_can_cut_over_info",
        f"Always 1; its label says why it may, or why not: {_listed(TailReason)}.",
        _reason,
        ("reason",),
    ),
    MetricSpec(
        "snapferry_window_left_seconds",
        "Seconds until the window of a cutover is rolled back; absent outside of it and once opening.",
        _value(lambda s: s.window and s.window.left_s),
    ),
    MetricSpec(
        "snapferry_window_expected_seconds",
        "How long the window should take.",
        _expected,
        ("bound",),
    ),
    MetricSpec(
        "snapferry_tail_window_seconds",
        "How long a cutover would block writes now, as follow sees it.",
        _value(lambda s: s.tail and s.tail.window_s),
    ),
    MetricSpec(
        "snapferry_source_blocked",
        "1 for the state in which a domain refuses writes because of the plan, 0 for the others.",
        _one_of("state", get_args(BlockState), lambda s: s.source_blocked and s.source_blocked.state),
        ("state",),
    ),
    MetricSpec(
        "snapferry_source_blocked_indices",
        "Indices that refuse writes because of the plan.",
        _value(lambda s: s.source_blocked.indices if s.source_blocked else 0),
    ),
    MetricSpec(
        "snapferry_source_blocked_since_timestamp_seconds",
        "Since when; absent while none does.",
        _value(lambda s: _instant(s.source_blocked.since) if s.source_blocked else None),
    ),
    MetricSpec(
        "snapferry_requests_total",
        "Requests sent to a domain, over all sessions of the run.",
        _requests,
        ("side", "kind"),
        "counter",
    ),
    MetricSpec(
        "snapferry_repeated_reads_total",
        "Reads of this session that repeated one which had failed; absent once it has ended.",
        _repeats,
        ("side",),
        "counter",
    ),
)
"""Every metric of a run. One that is not known has no sample."""

READABLE = MetricSpec(
    "snapferry_state_readable",
    "1 if the files of the plan could be read at this scrape, 0 if not: then all others are absent.",
    lambda _: iter(()),
)
"""Of a plan, whether it has a run or not; it has no verb."""


def metrics_of(
    looks: Mapping[str, ProgressSnapshot | None], unreadable: Sequence[str] = ()
) -> Iterator[Metric]:
    """The metrics of several plans.

    Args:
        looks: how the run of each plan stands; None where there is none.
        unreadable: plans whose files could not be read.
    """
    readable = GaugeMetricFamily(READABLE.name, READABLE.help, labels=["plan"])
    for plan in (*looks, *unreadable):
        readable.add_metric([plan], float(plan in looks))
    yield readable
    snapshots = [snapshot for snapshot in looks.values() if snapshot]
    for spec in METRICS:
        yield _family(spec, snapshots)


def _family(spec: MetricSpec, snapshots: Sequence[ProgressSnapshot]) -> Metric:
    made = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
    family = made(spec.name, spec.help, labels=["plan", "verb", *spec.labels])
    for snapshot in snapshots:
        for labels, value in spec.samples(snapshot):
            named = [labels[label] for label in spec.labels]
            family.add_metric([snapshot.plan, snapshot.verb, *named], value)
    return family
