"""The state folder: where journals and locks are kept, by plan name."""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from configs.plan import Plan
from runs.begun_plan import plan_record
from runs.journal import Document, Journal, now
from runs.lifecycle import counts, is_finished, is_given_up
from runs.lock import held, holder, is_locked, pair_name
from runs.verbs import Verb


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
            if not is_given_up(journal.document):
                return journal
        return newest

    def begin(self, plan: Plan, verb: Verb, run_id: str | None = None) -> Journal:
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

    def current(self, verb: Verb) -> Journal | None:
        """The run that the next command of this verb concerns: unfinished or finished; None if there is none.

        A run that has changed nothing, has come to no gate and is not finished (refused, or interrupted while
        looking) does not count: the next command simply starts anew.
        """
        for journal in self.journals():
            if journal.document.verb == verb and counts(journal.document):
                return journal
        return None

    def unfinished(self, verb: Verb) -> Journal | None:
        """The run of this verb that must be gone on with; None without one."""
        current = self.current(verb)
        return None if current is None or is_finished(current.document) else current
