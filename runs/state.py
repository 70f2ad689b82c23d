"""State folder: journals and locks, by plan name."""

import errno
import json
import os
import secrets
import stat
from collections.abc import Collection, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from configs.plan import Plan
from configs.state import StateSettings, is_shared, state_disagreements
from runs.begun_plan import plan_record
from runs.errors import StateUnusable
from runs.journal import Document, Journal, now
from runs.lifecycle import counts, is_finished, is_given_up
from runs.lock import killed_holder, pair_name
from runs.progress import Progress, report_progress
from runs.state_files import close_to_others, replace_file, unreadable
from runs.stores.registry import require_no_copy, store_of
from runs.stores.store import StateStore
from runs.verbs import Verb

SENT = ".sent"
"""Suffix of the files that say what a session has sent to copies."""
_LIVE = ".live"
_NAMED = "SNAPFERRY_STATE"
_WAIT = "wait for it; `snapferry status PLAN` shows it"


def default_folder() -> Path:
    """Return `$SNAPFERRY_STATE` or the user's XDG state folder; independent of the current directory.

    Where the variable names an address in S3, it is the folder for what this machine alone keeps.

    Raises:
        StateUnusable: none is named, and the user has no home.
    """
    named = os.environ.get(_NAMED, "")
    if named and not is_shared(named):
        return Path(named)
    try:
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "snapferry"
    except RuntimeError as error:  # in a container, the user id may have no home
        raise StateUnusable(
            "there is no home folder to keep the state in", "name a folder with --state or SNAPFERRY_STATE"
        ) from error


def named_address() -> str:
    """The address in S3 that `$SNAPFERRY_STATE` names; empty if it names none."""
    named = os.environ.get(_NAMED, "")
    return named if is_shared(named) else ""


def place_shown(folder: Path) -> str:
    """Where the state with this folder is, for people: the folder itself, or an address in S3."""
    return store_of(folder).shown(folder)


def plan_names(folder: Path) -> list[str]:
    """The plans that the state has runs of.

    Raises:
        StateUnusable: it cannot be read, so nobody knows.
    """
    return sorted(path.name for path in store_of(folder).folders(folder / "plans"))


def require_place(folder: Path) -> Path:
    """Return the state folder, which need not be there yet.

    Raises:
        StateUnusable: it can be none: a file has the name, a folder above it cannot be read, the name is too
            long, or it is relative to a current folder that is gone.
    """
    if not folder.is_absolute():
        try:
            Path.cwd()
        except OSError as error:
            raise StateUnusable(
                f"the current folder is gone, so there is no {folder}",
                "change to another folder, then run again",
            ) from error
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unreadable(folder, error) from error
    require_no_copy(folder)
    return folder


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
    def _store(self) -> StateStore:
        return store_of(self.folder)

    @property
    def shown(self) -> str:
        """Where the state is, for people: a folder, or an address in S3."""
        return place_shown(self.folder)

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
        return self.runs / f"{run_id}{_LIVE}"

    def live_runs(self) -> list[str]:
        """Return the ids of the runs that say what they are doing, or said so when they were killed."""
        found = (*self._store.entries(self.runs), *self.runs.glob(f"*{_LIVE}"))
        return sorted({path.stem for path in found if path.suffix == _LIVE})

    def sent_by(self, journal: Journal) -> Path:
        """What the present session of a run sends to copies that it keeps in step."""
        return self.runs / f"{journal.run_id}-{journal.document.sessions}{SENT}"

    def remove_sent(self, kept: Collection[str]) -> None:
        """Remove what sessions have sent, except the files with these names.

        Raises:
            StateUnusable: the folder cannot be read, or a file not be removed.
        """
        for path in self._store.entries(self.runs):
            if path.suffix == SENT and path.name not in kept:
                self._store.appender(path).remove()

    @property
    def _lock(self) -> Path:
        return self.runs / "lock"

    @contextmanager
    def lock_plan(self) -> Generator[None]:
        """Hold the plan's lock; raise Busy if another run holds it.

        Takes from others the right to read what earlier versions have written here, and reports it if that
        is refused, or if the last process that worked on the plan was on another machine.
        """
        killed = killed_holder(self._lock)
        with self._store.hold(self._lock, self._title, _WAIT):
            self._close_to_others()
            if killed and killed.is_elsewhere:
                said = (
                    f"process {killed.pid} on {killed.host} worked on this plan since {killed.since} and did "
                    "not end properly; locks of another machine are not seen here: make sure it is gone"
                )
                report_progress(Progress("lock", said, finished=True))
            yield

    def require_free(self) -> None:
        """Raise Busy if a live process holds the plan."""
        self._store.require_free(self._lock, self._title, _WAIT)

    @property
    def _title(self) -> str:
        return f"plan {self.plan_name}"

    def _close_to_others(self) -> None:
        for path in (*close_to_others(self.runs), *close_to_others(self.folder / "pairs")):
            said = f"others can read {path}, which belongs to another user; take that right away there"
            report_progress(Progress("state folder", said, finished=True))

    def lock_pair(self, source_uuid: str, target_uuid: str) -> AbstractContextManager[None]:
        """Hold the lock of this pair of clusters across all plans; raise Busy if another run holds it."""
        path = self.folder / "pairs" / f"{pair_name(source_uuid, target_uuid)}.lock"
        return self._store.hold(path, "this pair of domains", "wait for it: it is a run of another plan")

    def is_held(self) -> bool:
        """Whether a live process holds this plan."""
        return self._store.is_held(self._lock)

    def holder(self) -> int | None:
        """Return the id of the live process that holds this plan; None if there is none or it is unknown."""
        return self._store.holder(self._lock)

    def journals(self) -> Iterator[Journal]:
        """Yield the plan's journals by start time, newest first: a saved plan's run id may be older.

        Raises:
            StateUnusable: one cannot be read, or is of another plan or a copy of another one.
        """
        found = [self._load(path) for path in self._journals()]
        yield from sorted(found, key=lambda each: (each.document.started, each.run_id), reverse=True)

    def _load(self, path: Path) -> Journal:
        """Load a journal of this plan; whose it is, it says itself, and not the name of its file."""
        journal = Journal.load(path)
        plan, run_id = journal.document.plan.get("name"), journal.run_id
        if (plan, run_id) != (self.plan_name, path.stem):
            raise StateUnusable(
                f"{self._store.shown(path)} is a copy: by what it says, it is the journal of run {run_id} of "
                f"plan {plan}",
                f"move it away; its place is plans/{plan}/{run_id}.json in the state folder",
            )
        return journal

    def run_ids(self) -> list[str]:
        """Return the ids of the plan's runs, whether their journals can be read or not.

        Raises:
            StateUnusable: the folder cannot be read, so nobody knows.
        """
        return sorted(path.stem for path in self._journals())

    def _journals(self) -> list[Path]:
        return [path for path in self._store.entries(self.runs) if path.suffix == ".json"]

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

        Raises:
            StateUnusable: it cannot be written, or its place in S3 is among the plan's snapshots.
        """
        self._require_apart(plan)
        run_id = run_id or new_run_id()
        document = Document(plan=plan_record(plan), run_id=run_id, verb=verb, started=now(), chain=[])
        journal = Journal(self._path(run_id), document)
        journal.save()
        return journal

    def _require_apart(self, plan: Plan) -> None:
        """Refuse a place in S3 that is the repository's own, however it was named."""
        settings = self._store.settings
        found = StateSettings.model_validate_json(json.dumps(settings)) if settings else None
        for conflict in state_disagreements(found, plan.repository):
            raise StateUnusable(
                f"the state cannot be in {self.shown}: {conflict.message}", "name another place"
            )

    def keep_plan(self, plan: Plan) -> Path:
        """Write a deployment's plan beside its journals, for commands that take a file; return its path.

        No run depends on the file, so one that cannot be written stops nothing.
        """
        path = self.runs / "plan.yaml"
        with suppress(OSError):
            replace_file(path, json.dumps(plan_record(plan), indent=2) + "\n")
        return path

    def run(self, run_id: str) -> Journal | None:
        """Return the run with this id, whatever its status; None if there is none."""
        path = self._path(run_id)
        return self._load(path) if self._store.exists(path) else None

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
