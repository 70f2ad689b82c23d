"""The state folder: where journals and locks are kept, by plan name."""

import json
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from configs.plan import Plan
from runs.errors import PlanChanged
from runs.journal import FINISHED, Document, Journal, now
from runs.lock import held, holder, is_locked, pair_name

BACK_OUT = "back out"
"""The step that puts everything back after a cutover that was not opened."""


def default_folder() -> Path:
    """`$SNAPFERRY_STATE`, else the user's XDG state folder: the same from whichever folder a command runs."""
    named = os.environ.get("SNAPFERRY_STATE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "snapferry"


def new_run_id() -> str:
    """A fresh run id: the time in UTC to the millisecond, sortable, and four random digits.

    Fit for a snapshot's name.
    """
    at = now()
    return f"{at:%Y%m%d-%H%M%S}{at.microsecond // 1000:03d}-{secrets.token_hex(2)}"


class State:
    """The journals and locks of one plan.

    Args:
        folder: the state folder, shared by all plans.
        plan_name: names the sub-folder.
    """

    def __init__(self, folder: Path, plan_name: str) -> None:
        self.folder = folder
        self.plan_name = plan_name

    @classmethod
    def of(cls, journal: Journal) -> "State":
        """Where this journal lies."""
        runs = journal.path.parent
        return cls(runs.parents[1], runs.name)

    @property
    def _runs(self) -> Path:
        return self.folder / "plans" / self.plan_name

    def _path(self, run_id: str) -> Path:
        return self._runs / f"{run_id}.json"

    def lock_plan(self) -> AbstractContextManager[None]:
        """Holds this plan; Busy if another run does."""
        return held(self._runs / "lock", f"plan {self.plan_name}")

    def lock_pair(self, source_uuid: str, target_uuid: str) -> AbstractContextManager[None]:
        """Holds this pair of clusters, whatever the plan is called; Busy if another run does."""
        path = self.folder / "pairs" / f"{pair_name(source_uuid, target_uuid)}.lock"
        return held(path, "this pair of domains")

    def is_held(self) -> bool:
        """Whether a living process holds this plan."""
        return is_locked(self._runs / "lock")

    def holder(self) -> int | None:
        """The id of the living process that holds this plan; None where none does, or it cannot be told."""
        return holder(self._runs / "lock")

    def journals(self) -> Iterator[Journal]:
        """The plan's journals, the one that began last first: the id of a saved plan's run may be older."""
        found = [Journal.load(path) for path in self._runs.glob("*.json")]
        yield from sorted(found, key=lambda each: (each.document.started, each.run_id), reverse=True)

    def latest(self) -> Journal | None:
        """The newest run that was neither refused nor given up; else the newest; None without any.

        A cutover after which everything was put back is no run that was given up: the source refused writes.
        """
        newest: Journal | None = None
        for journal in self.journals():
            newest = newest or journal
            if journal.document.status not in {"refused", "abandoned"} or journal.record(BACK_OUT):
                return journal
        return newest

    def begin(self, plan: Plan, verb: str, run_id: str | None = None) -> Journal:
        """A new run's journal, written.

        Args:
            run_id: an id that was promised before; a fresh one without it.
        """
        run_id = run_id or new_run_id()
        document = Document(plan=plan_record(plan), run_id=run_id, verb=verb, started=now())
        journal = Journal(self._path(run_id), document)
        journal.save()
        return journal

    def run(self, run_id: str) -> Journal | None:
        """The run of this id, however it stands; None without one."""
        path = self._path(run_id)
        return Journal.load(path) if path.exists() else None

    def current(self, verb: str) -> Journal | None:
        """The run that the next command of this verb concerns: unfinished or finished; None if there is none.

        A run that has changed nothing, has come to no gate and is not finished (refused, or interrupted while
        looking) does not count: the next command simply starts anew.
        """
        for journal in self.journals():
            if journal.document.verb == verb and counts(journal):
                return journal
        return None

    def unfinished(self, verb: str) -> Journal | None:
        """The run of this verb that must be gone on with; None without one."""
        current = self.current(verb)
        return None if current is None or is_finished(current) else current


def counts(journal: Journal) -> bool:
    """Whether a run is one to go on with, or to show; not a cutover after which everything was put back."""
    if journal.document.status in {"refused", "abandoned"} or journal.record(BACK_OUT):
        return False
    begun = journal.changed_something or bool(journal.document.gates) or journal.document.window is not None
    return begun or is_finished(journal)


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan as a journal keeps it. It holds names of secrets, never a secret."""
    return plan.model_dump(mode="json")


def plan_begun_with(journal: Journal) -> Plan | None:
    """The plan that a run began with; None where this version does not take it any more."""
    try:
        return Plan.model_validate_json(json.dumps(journal.document.plan))
    except ValidationError:
        return None


def plan_as_now(record: dict[str, Any]) -> dict[str, Any]:
    """A plan's record with the defaults of keys that an earlier version did not have.

    As it is where this version does not take it any more.
    """
    try:
        return plan_record(Plan.model_validate_json(json.dumps(record)))
    except ValidationError:
        return record


def is_finished(journal: Journal) -> bool:
    """Whether this run needs no further command.

    One that could not compare anything that fails is not: the same command looks again. Neither is one that
    has frozen the source and not ended that.
    """
    window = journal.document.window
    if window and window.ended is None:
        return False
    return journal.document.status in FINISHED and not (
        journal.document.status == "different" and only_undecided(journal)
    )


def only_undecided(journal: Journal) -> bool:
    """Whether every failing verdict of the run is `not compared`: nothing was found to differ."""
    verdicts = (journal.record("verify") or {}).get("verdicts", [])
    return {verdict["outcome"] for verdict in verdicts} <= {"equal", "not compared"}


def require_same_plan(journal: Journal, plan: Plan, *, but: Collection[str] = ()) -> None:
    """Refuses to speak of a run under another plan than it began with.

    Args:
        but: fields and sections that may differ, as `verify.level`, beside those that decide nothing of
            what is moved: checks, gates and hooks.

    Raises:
        PlanChanged: names the fields that differ.
    """
    before, after = _leaves(plan_as_now(journal.document.plan)), _leaves(plan_record(plan))
    mutable = tuple(f"{field}." for field in (*but, "checks", "gates", "hooks"))
    keys = [key for key in before.keys() | after.keys() if not f"{key}.".startswith(mutable)]
    changed = sorted(key for key in keys if before.get(key) != after.get(key))
    if changed:
        shown = "; ".join(f"{key}: {before.get(key)!r} → {after.get(key)!r}" for key in changed[:5])
        raise PlanChanged(
            f"the plan has changed since run {journal.run_id} began: {shown}",
            f"put it back to go on with that run, {way_out(journal)}",
        )


def way_out(journal: Journal) -> str:
    """What else can be done than to go on with a run, in words that follow a first advice."""
    if journal.document.verb == "rehearse":
        return "or with the plan as it was take away what it made: snapferry abort PLAN --execute"
    if journal.document.verb == "cutover":
        return "or put everything back: snapferry abort PLAN --execute"
    return "or start another with --new-run"


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            found |= _leaves(inner, f"{path}.{key}" if path else str(key))  # pyright: ignore[reportUnknownArgumentType]
        return found
    return {path: value}
