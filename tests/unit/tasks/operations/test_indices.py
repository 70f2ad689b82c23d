"""Delete indices: aliases that would be lost, writers, runs, data streams, and names that are in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_plan_between, a_resolution, a_unit
from support.engine import FakeEngine, FakeIndex
from support.fake_domain import CLOSE, FakeDomain, engine_error, ok
from support.operations import an_operation, sent
from support.rounds import keep

from runs.lifecycle import RunStatus
from runs.state import State
from tasks.operations.indices import IndexDeletionWanted, list_indices, prepare_delete
from tasks.operations.operation import Operation
from tasks.records.operations import NameOutcome, NoteKind, Preview, Risk


@pytest.fixture
def engine(source: FakeDomain) -> FakeEngine:
    made = FakeEngine(
        source,
        "source",
        FakeIndex("alone", aliases={"app": {}}),
        FakeIndex("old", aliases={"logs": {"is_write_index": False}}),
        FakeIndex("new", aliases={"logs": {"is_write_index": True}}),
        FakeIndex("free"),
        FakeIndex(".kibana_1"),
        FakeIndex(".ds-events-000001"),
        FakeIndex(".ds-events-000002"),
    )
    made.streams["events"] = [".ds-events-000001", ".ds-events-000002"]
    source.on("GET /.*/_stats/indexing", lambda _: ok(written(5)))
    return made


def written(count: int) -> dict[str, Any]:
    done = {"primaries": {"indexing": {"index_total": count, "delete_total": 0}}}
    return {"indices": dict.fromkeys(("alone", "new", "old"), done)}


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, engine: FakeEngine) -> Operation:
    clock.step = 1.0
    return an_operation(source, tmp_path, clock)


def preview(op: Operation, *names: str, **changes: Any) -> Preview:
    return prepare_delete(op, IndexDeletionWanted(names, **changes)).preview


def outcomes(op: Operation, *names: str, **changes: Any) -> dict[str, NameOutcome]:
    return {
        each.name: each.outcome
        for each in prepare_delete(op, IndexDeletionWanted(names, **changes)).act().names
    }


def risks(found: Preview) -> list[tuple[str, Risk, str]]:
    return [(each.name, each.risk, each.value) for each in found.lacking]


def test_an_alias_that_loses_its_only_index_or_its_write_index_needs_a_consent(op: Operation) -> None:
    assert risks(preview(op, "alone", "new", "free")) == [
        ("alone", Risk.ONLY_INDEX, "app"),
        ("new", Risk.WRITE_INDEX, "logs"),
    ]
    assert risks(preview(op, "old", "free")) == []
    assert preview(op, "alone", allow_alias=("app",)).lacking == ()


def test_an_alias_that_loses_all_of_its_indices_at_once_would_be_gone(op: Operation) -> None:
    assert {(name, risk) for name, risk, _ in risks(preview(op, "old", "new"))} == {
        ("old", Risk.ONLY_INDEX),
        ("new", Risk.ONLY_INDEX),
    }


@pytest.mark.parametrize(("second", "kind"), [(5, NoteKind.NO_WRITES_NOW), (9, NoteKind.WRITES_NOW)])
def test_two_readings_say_whether_somebody_writes_right_now(
    op: Operation, source: FakeDomain, second: int, kind: NoteKind
) -> None:
    source.on("GET /.*/_stats/indexing", ok(written(5)), ok(written(second)))
    (note,) = preview(op, "alone").notes
    assert (note.kind, note.names) == (kind, ("alone", "app"))


def test_nothing_is_watched_where_no_alias_is_at_risk(op: Operation, source: FakeDomain) -> None:
    preview(op, "free", "old")
    assert not [each for each in source.requests if "_stats" in each.path]


def test_names_that_are_gone_or_aliases_do_not_hold_the_others(op: Operation, source: FakeDomain) -> None:
    found = preview(op, "free", "fre", "app")
    assert {(note.kind, note.names) for note in found.notes} == {
        (NoteKind.ABSENT, ("fre",)),
        (NoteKind.IS_AN_ALIAS, ("app",)),
    }
    assert outcomes(op, "free", "fre", "app") == {
        "free": NameOutcome.DONE,
        "fre": NameOutcome.ABSENT,
        "app": NameOutcome.FAILED,
    }
    assert sent(source) == ["DELETE /free"]


def test_an_alias_alone_is_refused_with_its_indices(op: Operation) -> None:
    (problem,) = preview(op, "app").problems
    assert "alias of alone" in problem


def test_a_request_that_is_refused_goes_on_by_single_names(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    no = engine_error(
        403, "security_exception", "no permissions for [indices:admin/delete] and User [name=x]"
    )

    def delete(asked: Any) -> Any:
        if "old" in asked.path:
            return no
        for name in asked.path.split("/")[1].split(","):
            del engine.indices[name]
        return ok({"acknowledged": True})

    source.on("DELETE /[^_].*", delete)
    assert outcomes(op, "old", "free") == {"old": NameOutcome.FAILED, "free": NameOutcome.DONE}
    assert "old" in engine.indices


def test_a_lost_reply_is_looked_at(op: Operation, source: FakeDomain, engine: FakeEngine) -> None:
    def delete(_: Any) -> Any:
        del engine.indices["free"]
        return CLOSE

    source.on("DELETE /free", delete)
    assert outcomes(op, "free") == {"free": NameOutcome.DONE}
    assert sent(source) == ["DELETE /free"]


def test_a_running_snapshot_is_waited_for(op: Operation, source: FakeDomain, engine: FakeEngine) -> None:
    busy = engine_error(
        400, "snapshot_in_progress_exception", "Cannot delete indices that are being snapshotted"
    )

    def delete(_: Any) -> Any:
        del engine.indices["free"]
        return ok({"acknowledged": True})

    source.on("DELETE /free", busy, busy, delete)
    assert outcomes(op, "free") == {"free": NameOutcome.DONE}


def test_an_index_that_was_made_anew_since_it_was_looked_at_stays(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    found = prepare_delete(op, IndexDeletionWanted(("free",)))
    engine.put(FakeIndex("free", "another-uuid"))
    (result,) = found.act().names
    assert (result.outcome, "made anew" in result.detail) == (NameOutcome.FAILED, True)
    assert sent(source) == []


def test_an_errant_write_that_made_the_name_again_is_told(
    op: Operation, source: FakeDomain, engine: FakeEngine
) -> None:
    def delete(_: Any) -> Any:
        del engine.indices["alone"]
        engine.put(FakeIndex("app", "made-by-a-write"))
        return ok({"acknowledged": True})

    source.on("DELETE /alone", delete)
    outcome = prepare_delete(op, IndexDeletionWanted(("alone",), allow_alias=("app",))).act()
    assert [(note.kind, note.names) for note in outcome.notes] == [(NoteKind.MADE_AGAIN, ("app",))]


def test_all_means_what_belongs_to_users_and_each_needs_its_consent(op: Operation) -> None:
    found = preview(op, every=True)
    names = {each.name for each in found.lacking if each.option == "--allow-delete"}
    assert names == {"alone", "old", "new", "free", "events"}
    assert not any(".kibana" in each.path for each in found.requests)


def test_a_system_index_needs_more_than_its_name(op: Operation) -> None:
    assert risks(preview(op, ".kibana_1")) == [(".kibana_1", Risk.SYSTEM_INDEX, ".kibana_1")]


def test_data_streams_are_deleted_as_wholes_and_their_write_index_never(
    op: Operation, source: FakeDomain
) -> None:
    assert "delete the data stream, or roll it over" in preview(op, ".ds-events-000002").problems[0]
    assert risks(preview(op, ".ds-events-000001")) == [(".ds-events-000001", Risk.BACKING_INDEX, "events")]
    assert outcomes(op, "events", ".ds-events-000002") == {"events": NameOutcome.DONE}
    assert sent(source) == ["DELETE /_data_stream/events"]


def test_what_an_unfinished_run_works_on_is_refused_with_the_way_out(
    op: Operation, source: FakeDomain, target: FakeDomain
) -> None:
    plan = a_plan_between(source, target)
    journal = State(op.state, plan.name).begin(plan, "migrate")
    keep(journal, "resolve", a_resolution(a_unit("free")))
    with journal.intend("restore", "target", "restore", {"targets": ["free"]}):
        pass
    (problem,) = preview(op, "free", "old").problems
    assert problem.startswith("free: migrate ")
    assert "abort" in problem
    journal.document.status = RunStatus.DONE
    journal.save()
    assert preview(op, "free").problems == ()


def test_many_names_are_cut_to_fit_a_request_line(op: Operation, engine: FakeEngine) -> None:
    names = [f"index-with-a-rather-long-name-{number:04}" for number in range(500)]
    for name in names:
        engine.put(FakeIndex(name))
    found = preview(op, *names)
    assert len(found.requests) > 1
    assert all(len(each.path) < 4096 for each in found.requests)
    assert set(outcomes(op, *names).values()) == {NameOutcome.DONE}


def test_indices_are_listed_with_what_writes_into_them_and_system_ones_on_request(op: Operation) -> None:
    rows = {row.name: row for row in list_indices(op, ["new", ".k*", ".ds*"], system=True).indices}
    assert rows["new"].write_aliases == ("logs",)
    assert rows[".ds-events-000001"].stream == "events"
    assert rows[".kibana_1"].system
    found = list_indices(op, [], system=False)
    assert (".kibana_1" in {row.name for row in found.indices}, found.system) == (False, 1)
