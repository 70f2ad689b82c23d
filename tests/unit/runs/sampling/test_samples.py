"""Samples of progress: few, in order, and with the latest; old journals have none."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.building import a_journal, a_plan

from runs.journal import Document, Journal, StepEntry
from runs.progress import Progress, report_progress
from runs.sampling.sampler import add_sample, sampled
from runs.sampling.samples import MOST, StepSamples
from runs.verbs import Verb

BEGAN = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)


def a_run() -> Document:
    steps = {"restore": StepEntry(started=BEGAN)}
    return Document(plan={"name": "orders"}, run_id="r", verb=Verb.MIGRATE, started=BEGAN, steps=steps)


def add(document: Document, seconds: float, done: int, total: int = 100, unit: str = "bytes") -> None:
    at = BEGAN + timedelta(seconds=seconds)
    add_sample(document, Progress("restore", "restoring", done, total, unit), at)


@pytest.mark.parametrize("each", [0.1, 5.0])
def test_a_long_step_keeps_few_samples_its_first_and_its_latest(each: float) -> None:
    samples = StepSamples(unit="bytes")
    for number in range(20_000):
        samples = samples.added(number * each, number, 20_000)
        assert len(samples.points) <= MOST
    times = [seconds for seconds, _, _ in samples.points]
    assert times == sorted(times) and len(times) > MOST / 3
    assert times[0] == 0 and samples.points[-1] == (pytest.approx(19_999 * each, abs=0.01), 19_999, 20_000)
    gaps = [later - sooner for sooner, later in pairwise(times[:-1])]
    assert max(gaps) <= 2.5 * min(gaps)


def test_what_counts_nothing_or_belongs_to_no_step_leaves_no_sample() -> None:
    document = a_run()
    add(document, 1, 0, 0)
    add_sample(document, Progress("hooks", "calling", 1, 2, "bytes"), BEGAN)
    assert document.samples == {}


def test_bytes_say_more_than_shards_and_others_are_not_mixed() -> None:
    document = a_run()
    add(document, 1, 1, 9, "shards")
    add(document, 2, 10)
    add(document, 3, 9, 9, "shards")
    assert document.samples["restore"].unit == "bytes"
    assert document.samples["restore"].points == ((2.0, 10, 100),)


def test_they_survive_the_journal_and_a_resumption(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, a_plan())
    with sampled(lambda: journal.document), journal.step("restore"):
        report_progress(Progress("restore", "restoring", 10, 100, "bytes"))
    again = Journal.load(journal.path)
    again.resume()
    with sampled(lambda: again.document), again.step("restore"):
        report_progress(Progress("restore", "restoring", 70, 100, "bytes"))
    points = Journal.load(journal.path).document.samples["restore"].points
    assert [done for _, done, _ in points] == [10, 70]


def test_a_journal_of_before_has_none() -> None:
    kept = a_run().model_dump(mode="json")
    del kept["samples"]
    assert Document.model_validate(kept).samples == {}
