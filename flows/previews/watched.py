"""What the runs of a plan are doing, read again and again from their files. Reads no domain."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.sessions.exclusion import TAKE_AWAY
from reports.build.progress import Seen, snapshot_of
from reports.build.report import report_of
from reports.build.source_block import source_block
from reports.model.progress import ProgressSnapshot
from reports.model.report import Report
from reports.model.seeding import SourceBlock
from runs.commands import Called, in_full
from runs.journal import Document, Journal, now
from runs.lifecycle import RunStatus, is_given_up
from runs.live.progress_file import read_live_progress
from runs.seed_cycles import being_removed
from runs.state import State
from runs.stores.registry import shared_settings
from tasks import steps

_AT_WORK_S = 0.9
_ENDED_S = 30.0
_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Watched:
    """One look at a run.

    Args:
        report: its report so far.
        block: indices that cutovers of the plan left blocked.
    """

    journal: Journal
    report: Report
    snapshot: ProgressSnapshot
    block: SourceBlock | None


class WatchedPlan:
    """The latest run of a plan, or one that is named. Not thread-safe.

    A journal in a folder is read again only when its file has been replaced.

    Args:
        runs: the plan's.
        run_id: the run; None for the latest at every look.
        called: how the command was called that shows it.
    """

    def __init__(self, runs: State, run_id: str | None = None, called: Called | None = None) -> None:
        self._runs = runs
        self._run_id = run_id
        self._called = called
        self._known: dict[str, _Known] = {}

    @property
    def plan_name(self) -> str:
        """The plan's name."""
        return self._runs.plan_name

    @property
    def is_held(self) -> bool:
        """Whether a live process holds the plan."""
        return self._runs.is_held()

    def look(self) -> Watched | None:
        """How the run stands now; None if there is none.

        Raises:
            StateUnusable: a file cannot be read.
        """
        # the process first, then its file, then the journal: what has ended meanwhile is seen as ended
        held, process = self._runs.is_held(), self._runs.holder()
        reporting = [self._run_id] if self._run_id else self._runs.live_runs()
        live = {run_id: read_live_progress(self._runs.live_of(run_id)) for run_id in reporting}
        journals = sorted(self._read(), key=lambda each: (each.document.started, each.run_id), reverse=True)
        journal = self._chosen(journals)
        if journal is None:
            return None
        said = live.get(journal.run_id)
        if self._run_id is not None and held:
            held = said is not None and said.process == process
        report, block = self._report(journal), source_block(journals)
        seen = Seen(
            at=now(),
            held=held,
            process=process if held else None,
            live=said,
            here=socket.gethostname(),
            shared=shared_settings(self._runs.folder) is not None,
            block=block,
            taking_away=None if held else self._removal(journals),
            window=_expected_window(journal.document),
        )
        snapshot = snapshot_of(report, seen)
        named = {key: in_full(getattr(snapshot, key), self._called) for key in ("next", "next_command")}
        return Watched(journal, report, snapshot.model_copy(update=named), block)

    def _chosen(self, journals: list[Journal]) -> Journal | None:
        if self._run_id is not None:
            return next((each for each in journals if each.run_id == self._run_id), None)
        counting = (each for each in journals if not is_given_up(each.document))
        return next(counting, journals[0] if journals else None)

    def _removal(self, journals: list[Journal]) -> str | None:
        """The command that resumes removing the copies of seed rounds, where that has begun."""
        has_rounds = any(each.document.verb.is_round for each in journals)
        return TAKE_AWAY if has_rounds and being_removed(self._runs) else None

    def _read(self) -> Iterator[Journal]:
        run_ids = self._runs.run_ids()
        for run_id in run_ids:
            stamp = _stamp(self._runs.runs / f"{run_id}.json")
            known = self._known.get(run_id)
            if known is None or known.is_outdated(stamp, is_last=run_id == run_ids[-1]):
                journal = self._runs.run(run_id)
                if journal is None:
                    continue
                known = self._known[run_id] = _Known(stamp, time.monotonic(), journal)
            yield known.journal

    def _report(self, journal: Journal) -> Report:
        known = self._known[journal.run_id]
        if known.report is None:
            known.report = report_of(journal.document, self._called)
        return known.report


@dataclass
class _Known:
    """A journal as it was read, with its report once that was asked for.

    Args:
        stamp: of its file; None where it is in S3.
        read: when, by `time.monotonic`.
    """

    stamp: _Stamp | None
    read: float
    journal: Journal
    report: Report | None = None

    def is_outdated(self, stamp: _Stamp | None, *, is_last: bool) -> bool:
        """Whether it has to be read again. In S3 that takes a request, so what has ended is read seldom."""
        if stamp is not None:
            return stamp != self.stamp
        is_at_work = is_last or self.journal.document.status is RunStatus.RUNNING
        return time.monotonic() - self.read > (_AT_WORK_S if is_at_work else _ENDED_S)


def _stamp(path: Path) -> _Stamp | None:
    """What changes when the file is replaced; None where it is in S3."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _expected_window(document: Document) -> tuple[float, float] | None:
    expected = document.recorded(steps.ESTIMATE_WINDOW)
    return (expected.low, expected.high) if expected else None
