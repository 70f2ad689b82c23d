"""The metrics of runs: what they say is what the snapshot says, plan by plan."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from prometheus_client.metrics_core import Metric
from support.building import a_journal, a_plan, a_resolution, a_unit
from support.progress import AT, progress_of, reported
from support.rounds import keep

from reports.build.report import report_of
from reports.model.progress import BlockProgress, ProgressSnapshot, TailProgress
from reports.views.progress.metrics import METRICS, READABLE, metrics_of
from runs.journal import StepEntry, WindowEntry
from runs.live.progress_file import LiveRequests
from runs.progress import TailReason
from tasks import steps

WHY = "orders-2026 cannot be brought back: /data/orders: read_only"
TAIL = TailProgress(
    at=AT,
    lag_s=1.5,
    rate_in=10,
    rate_out=90,
    operations=7,
    window_s=4.0,
    can_cut_over=False,
    why=WHY,
    reason=TailReason.LOST,
)
BLOCK = BlockProgress(side="source", indices=3, since=AT, state="window")


def everything(folder: Path, name: str = "orders") -> ProgressSnapshot:
    """A run of which everything is known that can be known at once."""
    journal = a_journal(folder, a_plan(name=name))
    keep(journal, steps.RESOLVE.name, a_resolution(a_unit("a"), a_unit("b")))
    journal.document.steps["restore"] = StepEntry(started=AT, attempts=1)
    journal.document.window = WindowEntry(frozen=AT, deadline=AT + timedelta(seconds=60))
    journal.document.verb = "cutover"  # type: ignore[assignment]
    journal.document.ended = AT
    restoring = {"message": "restoring", "done": 400, "total": 2000, "unit": "bytes", "eta_s": 8.0}
    sent = {"source": LiveRequests(reads=7, writes=2, repeats=1)}
    live = reported(restore=restoring).model_copy(update={"requests": sent})
    found = progress_of(report_of(journal.document), live=live)
    assert found.window
    window = found.window.model_copy(update={"expected_low": 3.0, "expected_high": 9.0})
    return found.model_copy(
        update={
            "tail": TAIL,
            "source_blocked": BLOCK,
            "window": window,
            "gate": "before-open",
        }
    )


def samples(*metrics: Metric) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{k}={v}" for k, v in sample.labels.items())): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_the_metrics_say_what_the_snapshot_says(tmp_path: Path) -> None:
    found = samples(*metrics_of({"orders": everything(tmp_path)}))
    of = ("plan=orders", "verb=cutover")
    assert found["snapferry_step_progress_ratio", *of, "step=restore"] == 0.2
    assert found["snapferry_step_left_seconds", *of, "step=restore"] == 8.0
    assert found["snapferry_copied_bytes", *of, "step=restore"] == 400
    assert found["snapferry_copy_size_bytes", *of, "step=restore"] == 2000
    assert found["snapferry_indices", *of] == 2
    assert found["snapferry_window_left_seconds", *of] == 60
    assert found["snapferry_window_expected_seconds", *of, "bound=high"] == 9.0
    assert found["snapferry_source_blocked", *of, "state=window"] == 1
    assert found["snapferry_source_blocked", *of, "state=kept"] == 0
    assert found["snapferry_source_blocked_indices", *of] == 3
    assert found["snapferry_can_cut_over", *of] == 0
    assert found["snapferry_gate_waiting", *of, "gate=before-open"] == 1
    assert found["snapferry_process_alive", *of] == 1
    assert found["snapferry_requests_total", *of, "side=source", "kind=write"] == 2
    assert found["snapferry_repeated_reads_total", *of, "side=source"] == 1
    assert found["snapferry_run_outcome", *of, "outcome=running"] == 1
    assert found["snapferry_run_outcome", *of, "outcome=done"] == 0


def test_a_reason_is_a_word_of_a_closed_set_and_no_text(tmp_path: Path) -> None:
    found = samples(*metrics_of({"orders": everything(tmp_path)}))
    (reason,) = [key[-1] for key in found if key[0] == "snapferry_can_cut_over_info"]
    assert reason == "reason=lost"
    assert "orders-2026" not in str(found) and "/data" not in str(found)


def test_a_tail_that_an_earlier_version_has_recorded_has_no_reason(tmp_path: Path) -> None:
    old = everything(tmp_path).model_copy(update={"tail": TAIL.model_copy(update={"reason": None})})
    names = {key[0] for key in samples(*metrics_of({"orders": old}))}
    assert "snapferry_can_cut_over_info" not in names and "snapferry_can_cut_over" in names


def test_every_metric_can_be_seen_and_has_the_labels_that_it_says(tmp_path: Path) -> None:
    made = list(metrics_of({"orders": everything(tmp_path)}))
    seen = {sample.name: set(sample.labels) for metric in made for sample in metric.samples}
    assert seen == {
        READABLE.name: {"plan"},
        **{spec.name: {"plan", "verb", *spec.labels} for spec in METRICS},
    }
    for spec in METRICS:
        assert spec.name.endswith("_total") == (spec.kind == "counter")
        assert spec.help.endswith(".") and spec.name.startswith("snapferry_")


def test_what_is_not_known_has_no_sample(tmp_path: Path) -> None:
    snapshot = progress_of(report_of(a_journal(tmp_path, a_plan()).document))
    elsewhere = snapshot.model_copy(update={"process_alive": None})
    names = {key[0] for key in samples(*metrics_of({"orders": elsewhere}))}
    absent = {"snapferry_process_alive", "snapferry_can_cut_over", "snapferry_window_left_seconds"}
    absent |= {"snapferry_step_left_seconds", "snapferry_shards", "snapferry_run_ended_timestamp_seconds"}
    assert not names & absent
    assert {"snapferry_source_blocked", "snapferry_indices"} <= names


def test_several_plans_are_told_apart_and_one_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    looks = {"orders": everything(tmp_path), "people": everything(tmp_path, "people"), "empty": None}
    found = samples(*metrics_of(looks, ["broken"]))
    readable = {key[1]: value for key, value in found.items() if key[0] == READABLE.name}
    assert readable == {"plan=orders": 1, "plan=people": 1, "plan=empty": 1, "plan=broken": 0}
    assert {key[1] for key in found if key[0] == "snapferry_indices"} == {"plan=orders", "plan=people"}
