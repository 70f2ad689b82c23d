"""State folder: journals and locks, by plan name."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from configs.plan import Plan
from runs.begun_plan import plan_record
from runs.journal import Document, Journal, now
from runs.lifecycle import counts, is_finished, is_given_up
from runs.lock import held, holder, is_locked, pair_name
from runs.verbs import Verb


def default_folder() -> Path:
    """Return `$SNAPFERRY_STATE` or the user's XDG state folder; independent of the current directory."""
    named = os.environ.get("SNAPFERRY_STATE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "snapferry"


def new_run_id() -> str:
    """Make a new run id: UTC time to the millisecond (sortable) and four random hex digits.

    It is valid in a snapshot's name.
    """
    at = now()
    return f"{at:%Y%m%d-%H%M%S}{at.microsecond // 1000:03d}-{secrets.token_hex(2)}"


class State:
    """The journals and locks of one plan.

    Args:
        folder: the state folder, shared by all plans.
        plan_name: name of the sub-folder.
    """

    def __init__(self, folder: Path, plan_name: str) -> None:
        self.folder = folder
        self.plan_name = plan_name

    @classmethod
    def of(cls, journal: Journal) -> "State":
        """Return the state that this journal belongs to."""
        runs = journal.path.parent
        return cls(runs.parents[1], runs.name)

    @property
    def runs(self) -> Path:
        """The folder with the plan's journals."""
        return self.folder / "plans" / self.plan_name

    def _path(self, run_id: str) -> Path:
        return self.runs / f"{run_id}.json"

    @property
    def output_log(self) -> Path:
        """Where a command's output goes once its terminal is gone."""
        return self.runs / "output.log"

    def log_of(self, run_id: str) -> Path:
        """The log of a run: everything that the commands working on it said."""
        return self.runs / f"{run_id}.log"

    def live_of(self, run_id: str) -> Path:
        """What a run is doing right now."""
        return self.runs / f"{run_id}.live"

    def lock_plan(self) -> AbstractContextManager[None]:
        """Hold the plan's lock; raise Busy if another run holds it."""
        return held(
            self.runs / "lock", f"plan {self.plan_name}", "wait for it; `snapferry status PLAN` shows it"
        )

    def lock_pair(self, source_uuid: str, target_uuid: str) -> AbstractContextManager[None]:
        """Hold the lock of this pair of clusters across all plans; raise Busy if another run holds it."""
        path = self.folder / "pairs" / f"{pair_name(source_uuid, target_uuid)}.lock"
        return held(path, "this pair of domains", "wait for it: it is a run of another plan")

    def is_held(self) -> bool:
        """Whether a live process holds this plan."""
        return is_locked(self.runs / "lock")

    def holder(self) -> int | None:
        """Return the id of the live process that holds this plan; None if there is none or it is unknown."""
        return holder(self.runs / "lock")

    def journals(self) -> Iterator[Journal]:
        """Yield the plan's journals by start time, newest first: a saved plan's run id may be older."""
        found = [Journal.load(path) for path in self.runs.glob("*.json")]
        yield from sorted(found, key=lambda each: (each.document.started, each.run_id), reverse=True)

    def run_ids(self) -> list[str]:
        """Return the ids of the plan's runs, whether their journals can be read or not."""
        return sorted(path.stem for path in self.runs.glob("*.json"))

    def latest(self) -> Journal | None:
        """Return the newest run that was neither refused nor abandoned, else the newest; None without runs.

        A rolled-back cutover does not count as abandoned: the source did refuse writes.
        """
        newest: Journal | None = None
        for journal in self.journals():
            newest = newest or journal
            if not is_given_up(journal.document):
                return journal
        return newest

    def begin(self, plan: Plan, verb: Verb, run_id: str | None = None) -> Journal:
        """Create and save a new run's journal.

        Args:
            run_id: an id reserved earlier; a new one if None.
        """
        run_id = run_id or new_run_id()
        document = Document(plan=plan_record(plan), run_id=run_id, verb=verb, started=now())
        journal = Journal(self._path(run_id), document)
        journal.save()
        return journal

    def keep_plan(self, plan: Plan) -> Path:
        """Write a deployment's plan beside its journals, for commands that take a file; return its path.

        No run depends on the file, so one that cannot be written stops nothing.
        """
        path = self.runs / "plan.yaml"
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(plan_record(plan), indent=2) + "\n", encoding="utf-8")
        return path

    def run(self, run_id: str) -> Journal | None:
        """Return the run with this id, whatever its status; None if there is none."""
        path = self._path(run_id)
        return Journal.load(path) if path.exists() else None

    def current(self, verb: Verb) -> Journal | None:
        """Return the run, finished or not, that the next command of this verb applies to; None if none.

        An unfinished run that changed nothing and reached no gate (refused, or interrupted while reading)
        does not count: the next command starts a new run.
        """
        for journal in self.journals():
            if journal.document.verb == verb and counts(journal.document):
                return journal
        return None

    def unfinished(self, verb: Verb) -> Journal | None:
        """Return the unfinished run that this verb resumes; None if there is none."""
        current = self.current(verb)
        return None if current is None or is_finished(current.document) else current
