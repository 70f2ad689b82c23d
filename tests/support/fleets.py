"""Fleets for tests: files with plans, and a worker in memory whose runs leave real journals."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from configs.fleet.loading import LoadedFleet, load_fleet
from flows.fleet.workers import Assignment, Ended, Started, WorkerAway
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from runs.journal import Journal
from runs.lifecycle import RunStatus
from runs.state import State
from runs.verbs import Verb

ROLE = "arn:aws:iam::123456789012:role/Snapshots"
MONDAY = datetime(2026, 12, 7, 12, tzinfo=UTC)


def a_plan_file(folder: Path, name: str, *, source: str = "", target: str = "", **more: Any) -> Path:
    """A plan in a file, between domains of its own unless they are named."""
    plan = {
        "name": name,
        "source": _domain(source or f"{name}-old"),
        "target": _domain(target or f"{name}-new"),
        "repository": {
            "name": name,
            "bucket": "snapshots",
            "base_path": name,
            "region": "us-east-1",
            "role_arn": ROLE,
        },
        **more,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return path


def _domain(name: str) -> dict[str, Any]:
    return {"domain": name, "region": "us-east-1"}


def a_fleet(
    folder: Path, plans: Mapping[str, Mapping[str, Any]] | Sequence[str], **settings: Any
) -> LoadedFleet:
    """A fleet of plans, loaded from files.

    Args:
        plans: for each name: `after` and `verb` of its entry, `source` and `target` of its plan.
        settings: other keys of the fleet.
    """
    entries = plans if isinstance(plans, Mapping) else {name: {} for name in plans}
    listed: list[dict[str, Any]] = []
    for name, given in entries.items():
        sides = {side: str(given[side]) for side in ("source", "target") if side in given}
        a_plan_file(folder, name, **sides)
        entry = {key: value for key, value in given.items() if key not in sides}
        listed.append({"plan": f"{name}.yaml", **entry})
    return load_fleet(write_fleet(folder, {"plans": listed, **settings}))


def write_fleet(folder: Path, keys: Mapping[str, Any]) -> Path:
    """A fleet file with these keys."""
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump({"kind": "fleet", "name": "weekend", **keys}), encoding="utf-8")
    return path


@dataclass
class FleetClock:
    """Time that passes by sleeping only; something may happen whenever it does."""

    at: datetime = MONDAY
    happens: Callable[[], None] = field(default=lambda: None)

    def now(self) -> datetime:
        """The time."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
        self.happens()


@dataclass
class MemoryWorker:
    """A worker whose runs take a while and then end as they are told to; their journals are real.

    Args:
        folder: the state folder.
        ends: for each plan, how its attempts end, one after the other; DONE after the last.
        lasts: how long a run takes, in seconds.
        away: chances that the worker does not answer, by this source of chance.
    """

    folder: Path
    clock: FleetClock
    ends: dict[str, list[PlanStatus]] = field(default_factory=dict[str, list[PlanStatus]])
    lasts: float = 20.0
    away: random.Random | None = None
    running: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])
    started: list[str] = field(default_factory=list[str])
    most: int = 0

    def start(self, assignment: Assignment) -> Started:
        """Start a run; the same assignment finds the same one."""
        self._may_be_away()
        name = assignment.member.name
        if assignment.key not in self.running:
            assert name not in {running for running, _ in self.running.values()}, f"{name} runs twice"
            self.started.append(name)
            self._begin(assignment)
            self.running[assignment.key] = (name, self.clock.now() + timedelta(seconds=self.lasts))
            self.most = max(self.most, len(self.running))
        self._may_be_away()
        return Started(f"memory {name}", {"key": assignment.key})

    def _begin(self, assignment: Assignment) -> None:
        state = State(self.folder, assignment.member.plan.name)
        verb = Verb(assignment.member.entry.verb)
        unfinished = state.unfinished(verb)
        journal = unfinished or state.begin(assignment.member.plan, verb)
        journal.resume()
        with journal.intend("resolve", "source", "snapshot", {"name": "x"}):
            pass

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        """As `Worker.poll`."""
        self._may_be_away()
        found = self.running.get(attempt.handle["key"])
        if found is None:
            return Ended()
        name, until = found
        if self.clock.now() < until:
            return None
        del self.running[attempt.handle["key"]]
        status = self.ends[name].pop(0) if self.ends.get(name) else PlanStatus.DONE
        journal = next(State(self.folder, entry.plan).journals())
        _settle(journal, status)
        return Ended(status=status)

    def interrupt(self, running: Mapping[str, Attempt]) -> str:
        """Leave everything running."""
        return "they go on"

    def _may_be_away(self) -> None:
        if self.away and self.away.random() < 0.2:
            raise WorkerAway("nobody answers")


def _settle(journal: Journal, status: PlanStatus) -> None:
    by_status = {
        PlanStatus.DONE: RunStatus.DONE,
        PlanStatus.DIFFERENT: RunStatus.DIFFERENT,
        PlanStatus.FAILED: RunStatus.FAILED,
        PlanStatus.WAITING: RunStatus.INTERRUPTED,
    }
    journal.settle(by_status[status], "" if status is PlanStatus.DONE else f"it is {status}")
