"""A fleet is run to its end, whatever happens on the way."""

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fleets import FleetClock, MemoryWorker, a_fleet

from configs.fleet.loading import LoadedFleet
from flows.fleet.runner import FleetRequest, run_fleet
from flows.fleet.workers import Assignment, AssignmentRefused, Ended, Started
from runs.errors import Busy as HeldByAnother
from runs.fleets.journal import Attempt, FleetDocument, FleetStatus, PlanEntry, PlanStatus
from runs.fleets.state import FleetState
from runs.lifecycle import RunStatus
from runs.state import State
from tasks.errors import PreconditionError


class Killed(BaseException):
    """The process is gone."""


class Operations:
    """A fleet, its state, and whoever runs it."""

    def __init__(self, folder: Path, fleet: LoadedFleet, **worker: Any) -> None:
        self.state = FleetState(folder / "state", fleet.settings.name)
        self.clock = FleetClock()
        self.worker = MemoryWorker(self.state.folder, self.clock, **worker)
        self.fleet = fleet

    def run(self, **options: Any) -> FleetDocument:
        request = FleetRequest(self.fleet, self.state, self.worker, **options)
        return run_fleet(request, clock=self.clock.now, sleep=self.clock.sleep).document


def _statuses(document: FleetDocument) -> dict[str, str]:
    return {name: str(entry.status) for name, entry in document.plans.items()}


def test_a_fleet_is_done_when_every_plan_is(tmp_path: Path) -> None:
    fleet = a_fleet(tmp_path, {"a": {}, "b": {"after": ["a"]}, "c": {}})
    operations = Operations(tmp_path, fleet)
    document = operations.run()
    assert document.status is FleetStatus.DONE
    assert operations.worker.started == ["a", "c", "b"]
    assert all(entry.run_id for entry in document.plans.values())


def test_a_finished_fleet_is_not_repeated_unless_asked_for(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"]))
    first = operations.run()
    assert operations.run().run_id == first.run_id
    assert operations.worker.started == ["a"]
    again = operations.run(new_run=True)
    assert again.run_id != first.run_id
    assert operations.worker.started == ["a", "a"]


def test_a_failure_stops_what_is_not_started_and_the_same_command_tries_again(tmp_path: Path) -> None:
    fleet = a_fleet(tmp_path, list("abc"), limits={"total": 1})
    operations = Operations(tmp_path, fleet, ends={"a": [PlanStatus.FAILED]})
    ended = operations.run()
    assert ended.status is FleetStatus.ENDED
    assert _statuses(ended) == {"a": "failed", "b": "waiting", "c": "waiting"}
    assert ended.plans["a"].message == "it is failed"
    assert operations.run().status is FleetStatus.DONE
    assert operations.worker.started == ["a", "a", "b", "c"]


def test_an_interrupted_plan_is_started_again_and_given_up_in_the_end(tmp_path: Path) -> None:
    fleet = a_fleet(tmp_path, list("ab"), retry={"attempts": 3, "pause": "1m"})
    ends = {"a": [PlanStatus.WAITING] * 2, "b": [PlanStatus.WAITING] * 9}
    document = Operations(tmp_path, fleet, ends=ends).run()
    assert _statuses(document) == {"a": "done", "b": "given up"}
    assert [len(entry.attempts) for entry in document.plans.values()] == [3, 3]
    first, second, _ = document.plans["a"].attempts
    assert first.ended and (second.at - first.ended).total_seconds() >= 60


class Liar(MemoryWorker):
    """A worker that says it is done and has done nothing."""

    def start(self, assignment: Assignment) -> Started:
        return Started("liar", {"key": assignment.key})

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        return Ended(0, PlanStatus.DONE)


def test_a_worker_that_says_it_is_done_is_not_believed(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"]))
    operations.worker = Liar(operations.state.folder, operations.clock)
    found = operations.run().plans["a"]
    assert found.status is PlanStatus.FAILED
    assert found.message == "it ended without a run of its own in the fleet's state"


class Choosy(MemoryWorker):
    """A worker that does not take a plan."""

    def start(self, assignment: Assignment) -> Started:
        if assignment.member.name == "a":
            raise AssignmentRefused("the server refuses it: gates is not of type 'object'")
        return super().start(assignment)


def test_a_plan_that_the_server_does_not_take_is_refused_and_not_asked_for_again(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a", "b"], stop={"failures": None}))
    operations.worker = Choosy(operations.state.folder, operations.clock)
    document = operations.run()
    assert _statuses(document) == {"a": "refused", "b": "done"}
    assert "not of type" in document.plans["a"].message
    assert len(document.plans["a"].attempts) == 1


class Busy(MemoryWorker):
    """A worker whose first attempt meets somebody who works on the plan already."""

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        return Ended(6, PlanStatus.WAITING, "another run holds the plan")


@dataclass
class Unborn(MemoryWorker):
    """A worker whose first process dies before its run begins."""

    asked: list[bool] = field(default_factory=list[bool])

    def start(self, assignment: Assignment) -> Started:
        self.asked.append(assignment.new_run)
        if assignment.number == 1:
            return Started("unborn", {"key": "none"})
        return super().start(assignment)


def test_an_earlier_run_never_stands_for_one_that_did_not_begin(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, {"a": {}, "b": {"verb": "seed"}}))
    first = operations.run()
    worker = Unborn(operations.state.folder, operations.clock)
    operations.worker = worker
    again = operations.run(new_run=True)
    assert again.status is FleetStatus.DONE
    assert worker.asked == [True, True, True, True], "until a run of its own has begun"
    assert all(again.plans[name].run_id != first.plans[name].run_id for name in ("a", "b"))


def test_a_seed_round_that_did_not_begin_is_not_the_last_one(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, {"b": {"verb": "seed"}}))
    operations.run()
    operations.state = FleetState(operations.state.folder, "another")
    worker = Unborn(operations.state.folder, operations.clock)
    operations.worker = worker
    found = operations.run().plans["b"]
    assert found.status is PlanStatus.DONE and len(found.attempts) == 2
    assert worker.started == ["b"]


def test_one_plan_whose_runs_cannot_be_read_holds_no_other(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a", "b"], stop={"failures": None}))
    broken = State(operations.state.folder, "a").runs / "copy.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{}")
    document = operations.run()
    assert _statuses(document) == {"a": "failed", "b": "done"}
    assert "not a journal this version can read" in document.plans["a"].message


def test_a_finished_fleet_that_got_another_plan_is_not_called_done(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"]))
    operations.run()
    operations.fleet = a_fleet(tmp_path, ["a", "z"])
    with pytest.raises(PreconditionError, match="is done, and began with other plans"):
        operations.run()


def test_consents_are_kept_for_whoever_resumes(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"]), ends={"a": [PlanStatus.FAILED]})
    document = operations.run(consent_options=["--allow-freeze", "a"])
    assert document.consents == ["--allow-freeze", "a"]


def test_whoever_works_on_a_plan_already_is_waited_for(tmp_path: Path) -> None:
    """That may take hours, and no attempt of the fleet is lost meanwhile."""
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"], retry={"attempts": 2}))
    operations.worker = Busy(operations.state.folder, operations.clock)
    others = ExitStack()
    plan = State(operations.state.folder, "a")
    others.enter_context(plan.lock_plan())
    waited: list[int] = []

    def finish_later() -> None:
        waited.append(1)
        if len(waited) == 200:
            next(plan.journals()).settle(RunStatus.DONE)
            others.close()

    operations.clock.happens = finish_later
    document = operations.run()
    assert _statuses(document) == {"a": "done"}
    assert len(document.plans["a"].attempts) == 1
    assert len(waited) >= 200


def test_two_processes_cannot_run_one_fleet(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a"]))
    with operations.state.hold(), pytest.raises(HeldByAnother, match="holds fleet weekend"):
        operations.run()


def test_other_plans_cannot_be_slipped_into_an_unfinished_run(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, ["a", "b"]), ends={"a": [PlanStatus.FAILED]})
    operations.run()
    operations.fleet = a_fleet(tmp_path, {"a": {"verb": "seed"}, "c": {}})
    with pytest.raises(PreconditionError) as caught:
        operations.run()
    assert caught.value.problems == (
        "a was migrate of plan a when the run began",
        "b is not in the fleet any more",
        "c is new",
    )
    assert operations.run(new_run=True).status is FleetStatus.DONE


def test_ctrl_c_is_written_down_and_resumed(tmp_path: Path) -> None:
    operations = Operations(tmp_path, a_fleet(tmp_path, list("ab")))
    operations.clock.happens = _raise_once(KeyboardInterrupt(), after=3)
    with pytest.raises(KeyboardInterrupt):
        operations.run()
    latest = operations.state.latest()
    assert latest and latest.document.status is FleetStatus.INTERRUPTED
    assert latest.document.message == "interrupted; they go on"
    assert operations.run().status is FleetStatus.DONE
    assert operations.worker.started == ["a", "b"]


def test_a_wave_is_approved_while_the_fleet_waits(tmp_path: Path) -> None:
    waves = [{"name": "canary", "plans": ["a"]}, {"name": "rest", "plans": ["*"], "approval": True}]
    operations = Operations(tmp_path, a_fleet(tmp_path, list("abc"), waves=waves))
    waited: list[int] = []

    def approve_later() -> None:
        waited.append(1)
        if len(waited) == 100:
            journal = operations.state.latest()
            assert journal and operations.worker.started == ["a"]
            assert operations.state.approve(journal, "rest", "me@here")[1]

    operations.clock.happens = approve_later
    assert operations.run().status is FleetStatus.DONE
    assert len(waited) > 100


def _raise_once(error: BaseException, after: int) -> Any:
    left = [after]

    def happens() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise error

    return happens


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**9))
def test_whatever_happens_no_plan_runs_twice_and_all_ends_as_it_would(tmp_path_factory, seed) -> None:  # type: ignore[no-untyped-def]
    """Random fleets whose process is killed, whose worker does not answer, and whose runs are interrupted."""
    folder: Path = tmp_path_factory.mktemp("fleet")
    chance = random.Random(seed)
    names = [f"p{number}" for number in range(chance.randint(1, 6))]
    after = {n: chance.sample(names[:at], chance.randint(0, min(at, 2))) for at, n in enumerate(names)}
    plans = {name: {"after": before} for name, before in after.items()}
    fleet = a_fleet(folder, plans, limits={"total": chance.randint(1, 3)}, retry={"attempts": 50})
    ends = {name: [PlanStatus.WAITING] * chance.randint(0, 2) for name in names}
    operations = Operations(folder, fleet, ends=ends, lasts=6.0, away=chance)
    for _ in range(500):
        operations.clock.happens = _raise_once(Killed(), after=chance.randint(1, 25))
        try:
            document = operations.run()
            break
        except Killed:
            continue
    assert document.status is FleetStatus.DONE
    order = {name: operations.worker.started.index(name) for name in names}
    assert all(order[before] < order[name] for name in names for before in after[name])
    assert operations.worker.most <= fleet.settings.limits.total
    for name in names:
        assert document.plans[name].status is PlanStatus.DONE
