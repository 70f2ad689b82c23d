"""Release indices that refuse writes: all that can be, with the way out for those that are left."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_plan_between, a_resolution, a_unit
from support.engine import FakeIndex
from support.fake_domain import CLOSE, FakeDomain, engine_error, ok
from support.operations import an_operation, sent
from support.rounds import keep
from support.writable import WritableEngine

from domains.errors import DomainError
from runs.commands import Called
from runs.journal import Journal, WindowEntry, now
from runs.lifecycle import RunStatus
from runs.state import State
from tasks.errors import PreconditionError
from tasks.operations.operation import Operation
from tasks.operations.unfreezing import UnfreezeWanted, list_blocked, prepare_unfreeze
from tasks.records.operations import NameOutcome, NoteKind, Preview, Risk

WRITE, READ_ONLY = "index.blocks.write", "index.blocks.read_only"
FULL = "index.blocks.read_only_allow_delete"


@pytest.fixture
def engine(source: FakeDomain) -> WritableEngine:
    return WritableEngine(
        source,
        "source",
        FakeIndex("orders", settings={WRITE: "true"}),
        FakeIndex("logs", settings={WRITE: "true"}),
        FakeIndex("cold", settings={READ_ONLY: "true"}),
        FakeIndex("free"),
    )


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, engine: WritableEngine) -> Operation:
    return an_operation(source, tmp_path, clock)


def preview(op: Operation, *names: str, **changes: Any) -> Preview:
    return prepare_unfreeze(op, UnfreezeWanted(names, **changes)).preview


def outcomes(op: Operation, *names: str, **changes: Any) -> dict[str, NameOutcome]:
    return {
        each.name: each.outcome for each in prepare_unfreeze(op, UnfreezeWanted(names, **changes)).act().names
    }


def a_cutover(op: Operation, source: FakeDomain, target: FakeDomain, *, ended: bool) -> Journal:
    plan = a_plan_between(source, target)
    journal = State(op.state, plan.name).begin(plan, "cutover")
    keep(journal, "resolve", a_resolution(a_unit("orders")))
    with journal.intend("freeze", "source", "block", {"names": ["orders"]}):
        pass
    at = now()
    over = {"opening": at, "ended": at} if ended else {}
    journal.document.window = WindowEntry(frozen=at, deadline=at + timedelta(hours=1), **over)
    journal.document.status = RunStatus.DONE if ended else RunStatus.INTERRUPTED
    journal.document.called = Called(verb="cutover", plan="/plans/orders.yaml", state="/runs")
    journal.save()
    return journal


def test_those_that_refuse_writes_are_listed_with_their_blocks(op: Operation, source: FakeDomain) -> None:
    rows = {row.name: row.blocks for row in list_blocked(op).indices}
    assert rows == {"orders": (WRITE,), "logs": (WRITE,), "cold": (READ_ONLY,)}
    assert sent(source) == []


def test_each_loses_the_blocks_that_it_has(op: Operation, source: FakeDomain, engine: WritableEngine) -> None:
    assert outcomes(op, "orders", "logs", "cold", "free", "gone") == {
        "orders": NameOutcome.DONE,
        "logs": NameOutcome.DONE,
        "cold": NameOutcome.DONE,
        "free": NameOutcome.NOTHING_TO_DO,
        "gone": NameOutcome.ABSENT,
    }
    bodies = [each.json for each in source.requests if each.method == "PUT"]
    assert bodies == [{WRITE: None}, {READ_ONLY: None}]
    assert list_blocked(op).indices == ()


def test_all_that_are_blocked_can_be_meant(op: Operation) -> None:
    assert set(outcomes(op, every=True)) == {"orders", "logs", "cold"}


def test_one_that_is_refused_does_not_hold_the_others_and_its_way_out_is_named(
    op: Operation, source: FakeDomain, engine: WritableEngine
) -> None:
    def change(asked: Any) -> Any:
        if "logs" in asked.path:
            return engine_error(400, "illegal_argument_exception", "final index setting")
        return engine._set(asked)  # pyright: ignore[reportPrivateUsage]

    source.on("PUT /[^_].*/_settings", change)
    outcome = prepare_unfreeze(op, UnfreezeWanted(("orders", "logs"))).act()
    left = {each.name: each for each in outcome.names}
    assert left["orders"].outcome is NameOutcome.DONE
    assert 'PUT /logs/_settings {"index.blocks.write": null}' in left["logs"].detail


def test_when_everything_is_refused_nothing_was_changed(op: Operation, source: FakeDomain) -> None:
    source.on("PUT /[^_].*/_settings", engine_error(403, "security_exception", "no permissions"))
    assert outcomes(op, "orders") == {"orders": NameOutcome.FAILED}
    assert op.sent == []


def test_a_lost_reply_is_looked_at_and_a_lost_request_ends_as_interrupted(
    op: Operation, source: FakeDomain, engine: WritableEngine
) -> None:
    def change(asked: Any) -> Any:
        engine._set(asked)  # pyright: ignore[reportPrivateUsage]
        return CLOSE

    source.on("PUT /[^_].*/_settings", change)
    assert outcomes(op, "orders") == {"orders": NameOutcome.DONE}
    source.on("PUT /[^_].*/_settings", CLOSE)
    with pytest.raises(DomainError) as error:
        outcomes(op, "logs")
    assert error.value.transient


def test_what_an_unfinished_cutover_holds_is_left_to_it_and_the_others_released(
    op: Operation, source: FakeDomain, target: FakeDomain
) -> None:
    a_cutover(op, source, target, ended=False)
    (row,) = [each for each in list_blocked(op).indices if each.name == "orders"]
    assert row.way_out == "snapferry abort /plans/orders.yaml --state /runs --execute"
    assert "snapferry abort /plans/orders.yaml" in preview(op, "orders").problems[0]
    both = preview(op, "orders", "logs")
    assert (both.problems, [note.kind for note in both.notes]) == ((), [NoteKind.HELD])
    assert outcomes(op, "orders", "logs") == {"orders": NameOutcome.HELD, "logs": NameOutcome.DONE}


def test_what_a_finished_cutover_keeps_needs_a_consent(
    op: Operation, source: FakeDomain, target: FakeDomain
) -> None:
    a_cutover(op, source, target, ended=True)
    (consent,) = preview(op, "orders").lacking
    assert (consent.risk, consent.option) == (Risk.KEPT_BY_CUTOVER, "--allow-release")
    assert preview(op, "orders", allow_release=("orders",)).lacking == ()


def test_a_damaged_state_hides_no_block_and_the_way_around_it_is_named(op: Operation) -> None:
    runs = op.state / "plans" / "broken"
    runs.mkdir(parents=True)
    (runs / "20260101-000000000-abcd.json").write_text("{")
    found = list_blocked(op)
    assert (len(found.indices), bool(found.problem)) == (3, True)
    with pytest.raises(PreconditionError) as error:
        preview(op, "orders")
    assert "--state" in error.value.hint


def test_a_full_disk_and_archived_settings_are_told(op: Operation, engine: WritableEngine) -> None:
    engine.indices["free"].settings = {FULL: "true", "archived.index.x": "1"}
    kinds = [note.kind for note in preview(op, "free").notes]
    assert kinds == [NoteKind.DISK_BLOCK, NoteKind.ARCHIVED]


def test_a_block_that_somebody_sets_again_is_told(op: Operation, source: FakeDomain) -> None:
    source.on("PUT /[^_].*/_settings", ok({"acknowledged": True}))
    (result,) = prepare_unfreeze(op, UnfreezeWanted(("orders",))).act().names
    assert "somebody has set it again" in result.detail
