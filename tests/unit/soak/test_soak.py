"""The soak's own parts: what follows from a seed, when the command is given again, what is kept of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.door.faults import FaultPlan
from tests.lab.migrations import Ended
from tests.soak import ledger
from tests.soak.classes import CLASSES, class_of
from tests.soak.ledger import COLUMNS, Ledger
from tests.soak.runs import Outcome, goes_on, row


def test_sixty_seeds_meet_every_class_and_each_plan_is_one_the_lab_takes():
    kinds = [class_of(seed) for seed in range(1, 61)]
    assert {kind.name for kind in kinds} == {kind.name for kind in CLASSES}
    assert min(kinds.count(kind) for kind in CLASSES) >= 3
    for seed, kind in enumerate(kinds, 1):
        plan = FaultPlan.model_validate(kind.plan(seed))
        assert plan.classes or plan.s3
        assert kind.kill_after(seed) == kind.kill_after(seed)


def test_a_victim_is_killed_by_number_of_requests_or_when_it_is_at_work():
    moments = {
        (kind.victim, kind.kill_after(seed).request) for seed in range(1, 200) if (kind := class_of(seed))
    }
    assert {("source", "snapshot create"), ("target", "restore"), ("command", "restore")} <= moments
    seeds = range(15, 2000, len(CLASSES))
    at_work = next(seed for seed in seeds if class_of(seed).kill_after(seed).request)
    restoring = class_of(at_work).kill_after(at_work)
    assert not restoring.reached([{"method": "GET", "path": "/_snapshot/r/s"}] * 99)
    assert restoring.reached([{"method": "POST", "path": "/_snapshot/r/s/_restore"}])
    counting = class_of(13).kill_after(13)
    assert counting.request is None
    entry = {"method": "GET", "path": "/"}
    assert not counting.reached([entry] * (counting.requests - 1))
    assert counting.reached([entry] * counting.requests)


@pytest.mark.parametrize(
    ("ended", "again"),
    [
        (Ended(5, "", "snapferry: interrupted"), True),
        (Ended(3, "", "nothing was changed"), True),
        (Ended(4, "could not be compared", ""), True),
        (Ended(-9, "", ""), True),
        (Ended(1, "Next: run the same command again", ""), True),
        (Ended(1, "Next: start again with --new-run", ""), False),
        (Ended(2, "plan.yaml:1:1", ""), False),
    ],
)
def test_the_command_is_given_again_when_it_says_so(ended, again):
    assert goes_on(ended) is again


def test_a_soak_that_was_ended_goes_on_under_its_heading_or_under_that_of_another_commit(
    tmp_path: Path, monkeypatch
):
    results = tmp_path / "soak.md"
    monkeypatch.setattr(ledger, "commit", lambda: "c0ffee1")
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(ledger, "RESULTS", results)
    first = Ledger(1, 2, record=True)
    first.begin("OpenSearch 3.6.0")
    first.add(row(Outcome(1, "delay", exits=[5, -9, 0], hit=4, requests=80, seconds=12.3, verdict="done")))
    again = Ledger(1, 2, record=True)
    assert again.done(1) and not again.done(2)
    again.begin("OpenSearch 3.6.0")
    again.add(row(Outcome(2, "not sent", exits=[0], verdict="done")))
    lines = results.read_text().strip().splitlines()
    assert lines[0].startswith("## 20") and lines[0].endswith("UTC, OpenSearch 3.6.0, commit c0ffee1")
    assert [line.count("|") for line in lines[2:]] == [len(COLUMNS) + 1] * 4
    assert lines[4] == "| 1 | delay | 80 | 4 | 0 | 5 killed 0 | 12 | done |"
    monkeypatch.setattr(ledger, "commit", lambda: "c0ffee2")
    Ledger(1, 2, record=True).begin("OpenSearch 3.6.0")
    assert results.read_text().count("## 20") == 2
    again.finish()
    assert not Ledger(1, 2, record=True).done(1)


def test_two_soaks_at_once_keep_their_rows_apart(tmp_path: Path, monkeypatch):
    results = tmp_path / "soak.md"
    results.write_text("# The soak\n")
    monkeypatch.setattr(ledger, "commit", lambda: "c0ffee1")
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(ledger, "RESULTS", results)
    both = [Ledger(1, 2, record=True, job=job, columns=("seed", "verdict")) for job in ("tail", "way-back")]
    for each in both:
        each.begin("OpenSearch 3.6.0")
    for seed in (1, 2):
        for each in both:
            each.add({"seed": seed, "verdict": "done"})
    head, *sections = results.read_text().split("\n## ")
    assert head == "# The soak\n"
    for section, job in zip(sections, ("tail", "way-back"), strict=True):
        title, *table = section.strip().splitlines()
        assert title.endswith(f"commit c0ffee1, {job}")
        assert table == ["", "| seed | verdict |", "|---|---|", "| 1 | done |", "| 2 | done |"]


def test_without_recording_the_results_are_left_alone(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(ledger, "RESULTS", tmp_path / "soak.md")
    one = Ledger(7, 1, record=False)
    one.begin("OpenSearch 3.6.0")
    one.add(row(Outcome(7, "connection reset", exits=[0], verdict="done")))
    assert not (tmp_path / "soak.md").exists() and Ledger(7, 1, record=False).done(7)
