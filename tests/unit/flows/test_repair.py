"""Which run `snapferry repair` is about, and how the run stands afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import a_migration, a_resolution, a_unit
from support.fake_domain import FakeDomain
from support.pair import Pair, window
from support.rounds import intended, keep

from flows.repair import _settle
from reports.build.report import report_of
from reports.views.markdown import markdown
from runs.journal import now
from runs.lifecycle import RunStatus
from runs.step_names import StepName
from snapferry.exit_codes import ExitCode
from tasks.migration import Migration
from tasks.records.repair import Deed, NotRepaired, RepairedDocument, RepairedIndex, RepairRecord
from tasks.records.verification import Verdict, VerificationRecord


@pytest.fixture
def pair(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Pair:
    return Pair(tmp_path, source, target)


def refusal(pair: Pair) -> str:
    """Why a repair is refused, with and without --execute."""
    said = set[str]()
    for options in ((), ("--execute",)):
        result = pair.command("repair", *options)
        assert result.exit_code == ExitCode.REFUSED, result.output
        assert "next: " in result.stderr
        said.add(result.stderr)
    assert pair.source.changing + pair.target.changing == []
    (text,) = said
    return text


def test_without_a_run_there_is_nothing_to_repair(pair: Pair) -> None:
    assert "no run of plan orders has moved anything" in refusal(pair)


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_a_migration_that_has_not_ended_is_ended_first(pair: Pair, status: str) -> None:
    pair.run("migrate", status)
    text = refusal(pair)
    assert "is unfinished: there is nothing to repair" in text
    assert pair.named("migrate") in text


def test_a_target_that_a_cutover_has_opened_is_in_use(pair: Pair) -> None:
    pair.run("migrate")
    pair.run("cutover", window=window(opening=now(), ended=now()))
    assert "has opened the target, which is in use" in refusal(pair)


def test_a_cutover_that_is_unfinished_is_ended_first(pair: Pair) -> None:
    pair.run("cutover", "interrupted", window=window())
    assert "is unfinished" in refusal(pair)


def test_seeded_copies_are_the_next_rounds_business(pair: Pair) -> None:
    pair.seeded()
    assert "made copies that are not open yet" in refusal(pair)


def test_a_rehearsal_is_not_repaired(pair: Pair) -> None:
    pair.run("rehearse")
    assert "no run of plan orders has moved anything" in refusal(pair)


# how the run stands afterwards


@pytest.fixture
def m(tmp_path: Path, source: FakeDomain, target: FakeDomain) -> Migration:
    return a_migration(tmp_path, source, target)


def repaired(m: Migration, outcome: Any, before: RunStatus, **resolution: Any) -> RunStatus:
    """The run's status after a repair whose last verification had this outcome."""
    intended(m.journal, "restore", "a")
    keep(m.journal, StepName.RESOLVE, a_resolution(a_unit("a"), **resolution))
    m.journal.settle(before)
    verdict = Verdict(source="a", target="a", outcome=outcome, source_count=1, target_count=1)
    verified = VerificationRecord(level="operations", verdicts=(verdict,), skipped=(), at=now())
    record = RepairRecord(at=now(), verified=verified)
    keep(m.journal, StepName.REPAIR, record)
    _settle(m, record)
    return m.journal.document.status


@pytest.mark.parametrize(
    ("outcome", "before", "after"),
    [
        ("equal", RunStatus.DIFFERENT, RunStatus.DONE),
        ("equal", RunStatus.DONE, RunStatus.DONE),
        ("bracketed", RunStatus.DONE, RunStatus.DONE),
        ("bracketed", RunStatus.DIFFERENT, RunStatus.DIFFERENT),
        ("different", RunStatus.DONE, RunStatus.DIFFERENT),
        ("not compared", RunStatus.DONE, RunStatus.DIFFERENT),
    ],
)
def test_a_run_stands_as_its_last_verification_says(
    m: Migration, outcome: Any, before: RunStatus, after: RunStatus
) -> None:
    assert repaired(m, outcome, before) == after
    assert [index.verdict for index in report_of(m.journal.document).indices] == [outcome]


def test_a_migration_with_more_to_do_goes_on_with_it(m: Migration) -> None:
    automatic = m.plan.model_copy(update={"metadata": m.plan.metadata.model_copy(update={"automatic": True})})
    made = Migration(automatic, m.source_domain, m.target, m.journal)
    assert repaired(made, "equal", RunStatus.DIFFERENT) is RunStatus.INTERRUPTED
    assert "snapferry migrate PLAN --execute" in report_of(m.journal.document).next


def test_a_repair_that_was_killed_is_told_in_the_next_step(m: Migration) -> None:
    m.journal.settle(RunStatus.DONE)
    with pytest.raises(KeyboardInterrupt), m.journal.step(StepName.REPAIR):
        raise KeyboardInterrupt
    assert report_of(m.journal.document).next_command == "snapferry repair PLAN --execute"


def test_a_report_in_a_file_lists_what_was_repaired(m: Migration) -> None:
    document = RepairedDocument(
        id="A-7", routing="r", shard=0, kind="missing on the target", deed=Deed.WRITTEN, confirmed=True
    )
    left = NotRepaired(id="A-8", shard=1, why="it is too large")
    index = RepairedIndex(source="a", target="a", documents=(document,), left=(left,))
    keep(m.journal, StepName.REPAIR, RepairRecord(at=now(), indices=(index,)))
    text = markdown(report_of(m.journal.document))
    assert "1 document was repaired (1 written)" in text
    assert "| a | A-7 | r | 0 | missing on the target | written |" in text
    assert "| a | A-8 |  | 1 |  | it is too large |" in text
