"""The snapshot of a run's progress: from its journal, its live file, and whether a process holds the plan."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.building import a_journal, a_plan, a_resolution, a_snapshot, a_unit, selected
from support.progress import AT, progress_of, reported
from support.rounds import keep

from reports.build.report import report_of
from reports.model.progress import Amount, ProgressSnapshot
from reports.model.seeding import SourceBlock
from reports.views.fitting import text_of
from reports.views.progress.screen import progress_line, progress_view
from runs.journal import Journal, StepEntry, WindowEntry
from runs.live.progress_file import LiveProgress, LiveRequests
from runs.progress import TailFigures, TailReason
from tasks import steps
from tasks.records.tail import FollowRecord
from tasks.records.transfer import IndexRestore, RestoreRecord
from tasks.records.verification import Verdict, VerificationRecord

RESTORING = {
    "message": "restoring",
    "done": 400,
    "total": 2000,
    "unit": "bytes",
    "detail": "1 of 3 shards, 1 of 2 indices",
    "counts": {"shards": (1, 3), "indices": (1, 2)},
    "eta_s": 8.0,
}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A migration of two indices whose restore is under way."""
    made = a_journal(tmp_path, a_plan())
    made.document.sessions = 1
    units = (a_unit("a", selected("a", shards=2)), a_unit("b"))
    keep(made, steps.RESOLVE.name, a_resolution(*units))
    keep(made, steps.SNAPSHOT.name, a_snapshot(bytes_written=1500))
    made.document.steps["restore"] = StepEntry(started=AT, attempts=1)
    return made


def seen(journal: Journal, live: LiveProgress | None = None, **known: object) -> ProgressSnapshot:
    return progress_of(report_of(journal.document), live=live, **known)


def restored(journal: Journal) -> None:
    made = [
        IndexRestore(source=n, target=n, restored=True, shards=s, bytes=900, reused_bytes=0, adopted=False)
        for n, s in (("a", 2), ("b", 1))
    ]
    keep(journal, steps.RESTORE.name, RestoreRecord(indices=tuple(made), batches=1))


def verified(journal: Journal, *outcomes: str) -> None:
    verdicts = [
        Verdict(source=n, target=n, outcome=outcome, source_count=10, target_count=10)  # type: ignore[arg-type]
        for n, outcome in zip("ab", outcomes, strict=True)
    ]
    record = VerificationRecord(level="operations", verdicts=tuple(verdicts), skipped=(), at=AT)
    keep(journal, steps.VERIFY.name, record)


def test_while_the_restore_runs_its_figures_are_those_that_it_reports(journal: Journal) -> None:
    found = seen(journal, reported(restore=RESTORING))
    assert found.step and found.step.step == "restore"
    assert (found.step.share, found.step.eta_s, found.step.stalled_s) == (0.2, 8.0, None)
    assert found.copied == {
        "snapshot": Amount(done=1500, total=1500),
        "restore": Amount(done=400, total=2000),
    }
    assert found.shards == Amount(done=1, total=3)
    assert (found.indices.to_move, found.indices.restored, found.indices.equal) == (2, 1, 0)
    assert (found.process_alive, found.outcome, found.verdict) == (True, "running", None)


def test_at_the_end_the_figures_are_those_of_the_report(journal: Journal) -> None:
    restored(journal)
    verified(journal, "equal", "equal")
    journal.document.requests = {"source": {"reads": 7, "writes": 2}}
    journal.settle("done")  # type: ignore[arg-type]
    report = report_of(journal.document)
    late = reported(restore=RESTORING).model_copy(update={"requests": {"source": LiveRequests(reads=7)}})
    found = seen(journal, late, held=False)
    assert found.copied["restore"] == Amount(done=1800, total=1800)
    assert found.fetched == report.totals.bytes == 1800
    assert found.documents == report.totals.documents == 20
    assert found.indices.equal == report.totals.equal == 2
    assert (found.indices.restored, found.indices.verified) == (2, 2)
    assert found.shards == Amount(done=3, total=3)
    assert (found.verdict, found.outcome, found.process_alive) == ("equal", "done", False)
    assert found.requests["source"].reads == 7  # the session's are in the journal by now, and count once
    assert found.is_over and found.step is None


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("equal", "different"), "different"),
        (("not compared", "equal"), "not compared"),
        (("as recorded", "as recorded"), "as recorded"),
    ],
)
def test_the_verdict_is_the_worst_of_all(journal: Journal, outcomes: tuple[str, str], verdict: str) -> None:
    verified(journal, *outcomes)
    assert seen(journal).verdict == verdict


def test_requests_of_this_session_are_added_to_those_of_earlier_ones(journal: Journal) -> None:
    journal.document.requests = {"source": {"reads": 7, "writes": 2}}
    sent = {"source": LiveRequests(reads=3, writes=1, repeats=2), "target": LiveRequests(reads=1)}
    found = seen(journal, reported().model_copy(update={"requests": sent})).requests
    source, target = found["source"], found["target"]
    assert (source.reads, source.writes, source.repeats, target.reads) == (10, 3, 2, 1)


def test_a_time_left_counts_down_for_seconds_only_while_nobody_renews_it(journal: Journal) -> None:
    live = reported(restore=RESTORING)
    etas = [seen(journal, live, at=AT + timedelta(seconds=s)).step for s in (0, 1, 2, 60)]
    assert [each.eta_s for each in etas if each] == [8.0, 7.0, 6.0, 6.0]


def test_a_process_that_is_gone_is_told_apart_from_one_elsewhere(journal: Journal) -> None:
    live = reported(restore=RESTORING)
    gone = seen(journal, live, held=False)
    assert (gone.process_alive, gone.outcome, gone.is_over) == (False, "interrupted", True)
    assert gone.stands.startswith("stopped unexpectedly during the restore")
    elsewhere = live.model_copy(update={"host": "another"})
    assert seen(journal, elsewhere, held=False).process_alive is None
    assert seen(journal, elsewhere, held=False, shared=True).process_alive is False
    assert seen(journal, elsewhere, held=True).process_alive is True


def test_the_later_of_two_readings_of_the_tail_counts(journal: Journal) -> None:
    figures = {"lag_s": 1.5, "rate_in": 10.0, "rate_out": 90.0, "window_s": 4.0, "can_cut_over": True}
    recorded = FollowRecord(at=AT, tail=5, why="recorded", reason=TailReason.READY, **figures)
    keep(journal, steps.FOLLOW.name, recorded)
    for seconds, why, operations in ((-1, "recorded", 5), (1, "reported", 3)):
        at = AT + timedelta(seconds=seconds)
        said = TailFigures(at=at, operations=3, why="reported", reason=TailReason.LAG, **figures)
        found = seen(journal, reported().model_copy(update={"tail": said})).tail
        assert found and (found.why, found.operations, found.can_cut_over) == (why, operations, True)
        assert found.reason == (TailReason.LAG if seconds > 0 else TailReason.READY)


def test_the_window_counts_down_until_the_opening_begins(journal: Journal) -> None:
    journal.document.window = WindowEntry(frozen=AT, deadline=AT + timedelta(seconds=60))
    journal.document.verb = "cutover"  # type: ignore[assignment]
    window = seen(journal, at=AT + timedelta(seconds=20)).window
    assert window and window.left_s == 40.0
    journal.document.window.opening = AT + timedelta(seconds=30)
    window = seen(journal, at=AT + timedelta(seconds=35)).window
    assert window and window.left_s is None
    journal.document.window = None
    before = seen(journal, window=(3.0, 9.0)).window
    assert before and (before.frozen, before.expected_low, before.expected_high) == (None, 3.0, 9.0)


def test_a_look_at_a_run_says_all_of_it_in_lines(journal: Journal) -> None:
    block = SourceBlock(
        run_id="x",
        verb="cutover",
        side="source",
        state="window",
        indices=["a", "b"],
        since=AT,
        deadline=None,
        lift="",
    )
    found = seen(journal, reported(restore=RESTORING), block=block, process=4711)
    text = text_of(progress_view(found), 200)
    assert f"Run {journal.run_id} of plan orders: running (process 4711 works on it)" in text
    assert "The source refuses writes to 2 indices since 2026-11-29 12:00:00" in text
    assert "restore: restoring ━" in text and "400 B of 2.0 kB · ~8.0 s left" in text
    assert "Copied: snapshot 1.5 kB of 1.5 kB, restore 400 B of 2.0 kB" in text
    assert "Indices: 1 of 2 restored (1 of 3 shards), 0 verified, 0 equal" in text
    assert "next: wait for it" in text or "To do: wait for it" in text
    line = progress_line(found)
    assert f"run={journal.run_id} outcome=running step=restore state=running done=400 total=2000" in line
    assert "eta_s=8" in line and "blocked=2" in line
    narrow = text_of(progress_view(found), 40).splitlines()
    assert max(map(len, narrow)) <= 40


def test_a_stall_is_said_in_words(journal: Journal) -> None:
    stalled = seen(journal, reported(restore=RESTORING | {"eta_s": None, "stalled_s": 95.0}))
    assert "stalled for 1 min 35 s" in text_of(progress_view(stalled), 200)
    assert "stalled_s=95" in progress_line(stalled)
