"""List, show and delete snapshots: many of them, PARTIAL ones, and those that a run still needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.building import Clock, a_plan_between, a_resolution, a_unit
from support.engine import FakeEngine
from support.fake_domain import FakeDomain, engine_error, html, ok
from support.operations import Repositories, an_operation, sent
from support.rounds import keep

from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.state import State
from tasks.errors import PreconditionError
from tasks.operations.deleting_snapshots import DeleteWanted, prepare_delete
from tasks.operations.operation import Operation
from tasks.operations.reading_snapshots import ListWanted, list_snapshots, require_snapshot, show_snapshot
from tasks.records.operations import NameOutcome, Risk, TakerKind

FAILED = [{"index": "b", "shard_id": 1, "reason": "primary shard is not allocated"}]


@pytest.fixture
def held(source: FakeDomain) -> Repositories:
    FakeEngine(source, "source")
    return Repositories(source)


@pytest.fixture
def op(tmp_path: Path, source: FakeDomain, clock: Clock, held: Repositories) -> Operation:
    clock.step = 1.0
    return an_operation(source, tmp_path, clock)


def a_run(op: Operation, source: FakeDomain, target: FakeDomain, status: str = "failed") -> Journal:
    """A migration from this domain that has changed something, and stands so."""
    plan = a_plan_between(source, target)
    journal = State(op.state, plan.name).begin(plan, "migrate")
    keep(journal, "resolve", a_resolution(a_unit("a")))
    with journal.intend("snapshot", "source", "snapshot", {"name": "x"}):
        pass
    journal.document.status = RunStatus(status)
    journal.save()
    return journal


# list


def test_hundreds_are_read_some_at_a_time_and_listed_newest_first(op: Operation, held: Repositories) -> None:
    for number in range(345):
        held.put("r", f"s-{number:03}")
    found = list_snapshots(op, ListWanted("r"))
    assert [each.name for each in found.snapshots] == [f"s-{n:03}" for n in reversed(range(345))]
    asked = [each for each in held.domain.requests if "/_snapshot/r/s-" in each.path]
    assert len(asked) == 18
    assert all(len(each.target) < 4096 for each in asked)


def test_each_says_who_took_it(
    op: Operation, source: FakeDomain, target: FakeDomain, held: Repositories
) -> None:
    run = a_run(op, source, target)
    held.put("r", "by-run", run=run.run_id)
    held.put("r", "by-take", metadata={"snapferry_take": "x"})
    held.put("r", "by-policy", metadata={"sm_policy": "daily"})
    held.put("r", "by-nobody")
    held.put("cs-automated", "hourly")
    takers = {each.name: each.taken_by for each in list_snapshots(op, ListWanted()).snapshots}
    assert (takers["by-run"].name, takers["by-run"].plan) == (run.run_id, "orders")
    assert takers["by-policy"].name == "daily"
    kinds = {name: taker.kind for name, taker in takers.items()}
    assert kinds == {
        "by-run": TakerKind.RUN, "by-take": TakerKind.TAKE, "by-policy": TakerKind.POLICY,
        "by-nobody": TakerKind.UNKNOWN, "hourly": TakerKind.SERVICE,
    }  # fmt: skip


@pytest.mark.parametrize("why", ["could not read", "Unable to execute HTTP request: connection refused"])
def test_a_repository_that_cannot_be_read_does_not_hide_the_others(
    op: Operation, source: FakeDomain, held: Repositories, why: str
) -> None:
    held.put("good", "s")
    held.held["bad"] = {"type": "s3", "settings": {}}
    source.on("GET /_snapshot/bad/_all", engine_error(500, "repository_exception", why))
    found = list_snapshots(op, ListWanted())
    assert [each.name for each in found.snapshots] == ["s"]
    assert [each.name for each in found.unread] == ["bad"]


def test_sizes_are_asked_for_one_by_one_and_only_of_the_newest(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    for number in range(30):
        held.put("r", f"s-{number:02}")
    stats = {"total": {"size_in_bytes": 9}, "incremental": {"size_in_bytes": 4}}
    source.on("GET /_snapshot/r/s-[0-9]+/_status", ok({"snapshots": [{"stats": stats}]}))
    found = list_snapshots(op, ListWanted("r", sizes=True)).snapshots
    assert [each.bytes_total for each in found] == [9] * 20 + [None] * 10
    assert len([each for each in source.requests if each.path.endswith("/_status")]) == 20


def test_only_one_state_and_only_the_newest(op: Operation, held: Repositories) -> None:
    for number in range(6):
        held.put("r", f"s-{number}", "PARTIAL" if number % 2 else "SUCCESS")
    found = list_snapshots(op, ListWanted("r", state="PARTIAL", newest=2))
    assert ([each.name for each in found.snapshots], found.read) == (["s-5", "s-3"], 6)


def test_names_that_are_not_there_are_suggested(op: Operation, held: Repositories) -> None:
    held.put("nightly", "monday")
    with pytest.raises(PreconditionError, match="no repository nightli") as error:
        list_snapshots(op, ListWanted("nightli"))
    assert "did you mean nightly?" in error.value.hint
    with pytest.raises(PreconditionError) as error:
        require_snapshot(op, "nightly", "mondai")
    assert "did you mean monday?" in error.value.hint


# show


def test_a_partial_one_says_for_each_index_which_older_snapshot_holds_it_whole(
    op: Operation, held: Repositories
) -> None:
    held.put("r", "oldest", indices=["a", "b"])
    held.put("r", "older", indices=["a", "b"])
    held.put("r", "also-broken", "PARTIAL", indices=["b"], failures=FAILED)
    held.put("r", "without", indices=["a"])
    shards = {"total": 3, "failed": 2, "successful": 1}
    failures = [*FAILED, {"index": "c", "shard_id": 0, "reason": "node left"}]
    held.put("r", "broken", "PARTIAL", indices=["a", "b", "c"], failures=failures, shards=shards)
    held.put("r", "later", indices=["a", "b", "c"])
    first, second = show_snapshot(op, "r", "broken").lacking
    assert (first.name, first.whole_in) == ("b", "older")
    assert (first.shards[0].shard, first.shards[0].reason) == (1, "primary shard is not allocated")
    assert (second.name, second.whole_in) == ("c", "")


def test_a_size_that_cannot_be_had_is_said_and_nothing_else_lost(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "s", indices=["a"])
    source.on("GET /_snapshot/r/s/_status", engine_error(413, "too_many_shards_exception", "too many shards"))
    found = show_snapshot(op, "r", "s")
    assert (found.indices, "too many shards" in found.size_problem) == (("a",), True)


# delete


def outcomes(op: Operation, *names: str, **changes: Any) -> dict[str, NameOutcome]:
    found = prepare_delete(op, DeleteWanted("r", names, **changes))
    assert found.preview.lacking == ()
    return {each.name: each.outcome for each in found.act().names}


def test_a_name_that_is_not_there_does_not_hold_the_others(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "a")
    held.put("r", "b")
    found = outcomes(op, "a", "gone", "b")
    assert found == {"a": NameOutcome.DONE, "gone": NameOutcome.ABSENT, "b": NameOutcome.DONE}
    assert sent(source) == ["DELETE /_snapshot/r/a", "DELETE /_snapshot/r/b"]


def test_one_that_was_taken_anew_since_it_was_looked_at_stays(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "a")
    found = prepare_delete(op, DeleteWanted("r", ("a",)))
    held.put("r", "a", uuid="another")
    (result,) = found.act().names
    assert (result.outcome, sent(source)) == (NameOutcome.FAILED, [])


def test_one_that_refuses_does_not_hold_the_others(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "a")
    held.put("r", "b")
    source.on(
        "DELETE /_snapshot/r/a", engine_error(500, "repository_exception", "[r] concurrent modification")
    )
    assert outcomes(op, "a", "b") == {"a": NameOutcome.FAILED, "b": NameOutcome.DONE}


def test_a_long_deletion_that_ends_in_504_is_waited_for(
    op: Operation, source: FakeDomain, held: Repositories
) -> None:
    held.put("r", "a")
    looks: list[int] = []

    def get(asked: Any) -> Any:
        looks.append(1)
        if len(looks) > 8:
            held.snapshots.pop(("r", "a"), None)
        return held._listed(asked)  # pyright: ignore[reportPrivateUsage]

    source.on("GET /_snapshot/r/a", get)
    source.on("DELETE /_snapshot/r/a", html(504))
    assert outcomes(op, "a") == {"a": NameOutcome.DONE}
    assert sent(source) == ["DELETE /_snapshot/r/a"]


def test_a_busy_domain_is_waited_for(op: Operation, source: FakeDomain, held: Repositories) -> None:
    held.put("r", "a")
    busy = engine_error(503, "concurrent_snapshot_execution_exception", "[r:a] cannot delete snapshot during")

    def delete(asked: Any) -> Any:
        return held._delete(asked)  # pyright: ignore[reportPrivateUsage]

    source.on("DELETE /_snapshot/r/a", busy, busy, delete)
    assert outcomes(op, "a") == {"a": NameOutcome.DONE}


def test_a_running_one_is_aborted_only_with_consent(op: Operation, held: Repositories) -> None:
    held.put("r", "a", "IN_PROGRESS")
    (consent,) = prepare_delete(op, DeleteWanted("r", ("a",))).preview.lacking
    assert (consent.option, consent.risk) == ("--allow-abort", Risk.RUNNING)
    assert outcomes(op, "a", allow_abort=("a",)) == {"a": NameOutcome.DONE}


@pytest.mark.parametrize(
    ("status", "risk"),
    [("failed", Risk.RUN_NEEDS_IT), ("interrupted", Risk.RUN_NEEDS_IT), ("done", None), ("abandoned", None)],
)
def test_the_snapshot_of_an_unfinished_run_needs_a_consent(
    op: Operation, source: FakeDomain, target: FakeDomain, held: Repositories, status: str, risk: Risk | None
) -> None:
    run = a_run(op, source, target, status)
    held.put("r", "s", run=run.run_id)
    held.put("repo", f"orders-{run.run_id}")
    for wanted in (DeleteWanted("r", ("s",)), DeleteWanted("repo", (f"orders-{run.run_id}",))):
        found = [each.risk for each in prepare_delete(op, wanted).preview.lacking]
        assert found == ([risk] if risk else [])


def test_the_snapshot_of_a_run_that_nobody_knows_may_be_needed_elsewhere(
    op: Operation, held: Repositories
) -> None:
    held.put("r", "s", run="20260101-000000000-abcd")
    (consent,) = prepare_delete(op, DeleteWanted("r", ("s",))).preview.lacking
    assert consent.risk is Risk.OF_AN_UNKNOWN_RUN


def test_the_services_own_and_those_of_a_readonly_registration_are_refused(
    op: Operation, held: Repositories
) -> None:
    held.put("cs-automated", "hourly")
    held.put("ro", "s")
    held.held["ro"]["settings"]["readonly"] = "true"
    assert (
        "belongs to the service"
        in prepare_delete(op, DeleteWanted("cs-automated", ("hourly",))).preview.problems[0]
    )
    assert "registered readonly" in prepare_delete(op, DeleteWanted("ro", ("s",))).preview.problems[0]
