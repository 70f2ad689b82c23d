"""Runs of the state folder that are not over and work on the domain of an operation. Reads files only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from configs.plan import Side
from domains.http.json_replies import Json, child
from runs.commands import command, in_full
from runs.journal import DENIED, Journal
from runs.lifecycle import RunStatus, counts, is_finished, is_frozen, is_rolling_back
from runs.seed_cycles import runs_with_copies
from runs.state import State, plan_names
from runs.step_names import StepName
from runs.verbs import Verb
from tasks import steps
from tasks.operations.operation import Operation
from tasks.records.resolution import Resolution
from tasks.repository.bodies import PLACE, same_place


@dataclass(frozen=True)
class RunHere:
    """A run that works on the operation's domain.

    Args:
        side: which side of the run the domain is.
        unfinished: whether it is unfinished itself; else its seed cycle is.
    """

    journal: Journal
    side: Side
    unfinished: bool

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.journal.run_id

    @property
    def plan(self) -> str:
        """The name of its plan."""
        return str(self.journal.document.plan.get("name"))

    @property
    def words(self) -> str:
        """The run in words."""
        return f"{self.journal.document.verb} {self.run_id} of plan {self.plan}"

    def command(self, verb: str, *options: str) -> str:
        """A command about its plan, which can be pasted where it is known how the run was called."""
        called = self.journal.document.called
        if called is None or not called.plan:
            return " ".join(["snapferry", verb, f"FILE-OF-PLAN-{self.plan}", *options])
        return in_full(command(verb, *options), called)

    @property
    def snapshot(self) -> str:
        """The name of its snapshot."""
        existing = child(self.journal.document.plan, "snapshot").get("existing")
        return str(existing or f"{self.plan}-{self.run_id}")

    def uses_repository(self, name: str, registration: Json | None) -> bool:
        """Whether its repository is this one: the same name, or the same place under another."""
        repository = child(self.journal.document.plan, "repository")
        if repository.get("name") == name:
            return True
        place = {key: repository[key] for key in PLACE if repository.get(key)}
        wanted: Json = {"type": repository.get("type") or "s3", "settings": place}
        return registration is not None and bool(place) and same_place(registration, wanted)

    def index_names(self) -> frozenset[str]:
        """Names of the indices and data streams on this domain that it works on.

        Raises:
            StateUnusable: another version wrote what it has decided, so nobody knows.
        """
        decided = self.journal.document.recorded(steps.RESOLVE)
        found = set(_names(decided, self.side)) if decided else set[str]()
        if self.side == "target":
            found |= self.journal.document.arrived.keys()
        for intent in self.journal.document.intents:
            if intent.side == self.side and intent.action == "restore":
                found |= set(intent.detail["targets"])
        return frozenset(found)

    def blocked_names(self) -> frozenset[str]:
        """Names of the indices on this domain that it has blocked, or may have blocked."""
        if self.side != "source":
            return frozenset()
        sent = (each for each in self.journal.intents("block") if each.result != DENIED)
        return frozenset(name for each in sent for name in each.detail["names"])

    @property
    def may_hold_blocks(self) -> bool:
        """Whether it is a cutover in its window, or one that is being rolled back."""
        document = self.journal.document
        return is_frozen(document) or is_rolling_back(document)


def unfinished_runs(op: Operation) -> tuple[RunHere, ...]:
    """Runs on this domain that are unfinished, or whose seed cycle is; newest first for each plan.

    Raises:
        StateUnusable: a journal cannot be read, so nobody knows.
    """
    return tuple(_unfinished(op))


def _unfinished(op: Operation) -> Iterator[RunHere]:
    for state in plans_of(op):
        in_cycle = {journal.run_id for journal in runs_with_copies(state)}
        alive = state.is_held()
        for journal in state.journals():
            begun = counts(journal.document) and not is_finished(journal.document)
            unfinished = begun or (alive and journal.document.status is RunStatus.RUNNING)
            side = _side(op, journal)
            if side and (unfinished or journal.run_id in in_cycle):
                yield RunHere(journal, side, unfinished)


def kept_blocks(op: Operation) -> dict[str, RunHere]:
    """Indices of this domain that a finished cutover keeps from taking writes, each with that cutover."""
    found: dict[str, RunHere] = {}
    for state in plans_of(op):
        for journal in state.journals():
            document, side = journal.document, _side(op, journal)
            over = document.verb is Verb.CUTOVER and document.status is RunStatus.DONE
            if side == "source" and over:
                run = RunHere(journal, side, False)
                found = {**dict.fromkeys(run.blocked_names(), run), **found}
    return found


def find_run(op: Operation, run_id: str) -> Journal | None:
    """The run with this id, of whichever plan; None if the state folder has none."""
    for state in plans_of(op):
        if run_id in state.run_ids():
            return state.run(run_id)
    return None


def plans_of(op: Operation) -> list[State]:
    """The plans that the state folder has runs of.

    Raises:
        StateUnusable: the folder cannot be read, so nobody knows.
    """
    return [State(op.state, name) for name in plan_names(op.state)]


def _side(op: Operation, journal: Journal) -> Side | None:
    """Which side of a run the domain is: by its cluster; by its place if the run has not asked it yet."""
    sides: tuple[Side, Side] = ("source", "target")
    record: Any = journal.record(StepName.RESOLVE)
    for side in sides:
        if record is not None and child(record, side).get("cluster_uuid") == op.cluster:
            return side
    if record is not None:
        return None
    return next((side for side in sides if _is_at(op, child(journal.document.plan, side))), None)


def _is_at(op: Operation, begun: Json) -> bool:
    if begun.get("endpoint"):
        return str(begun["endpoint"]).rstrip("/") == op.endpoint.rstrip("/")
    named = op.settings.domain is not None and begun.get("domain") == op.settings.domain
    return named and begun.get("region") == op.settings.region


def _names(decided: Resolution, side: Side) -> Iterator[str]:
    for unit in decided.moving:
        yield unit.name if side == "source" else unit.target
        yield from (index.name if side == "source" else index.target for index in unit.indices)
