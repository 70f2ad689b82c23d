"""Putting everything back after a cutover that was not opened. Needs no Prefect: it must always work."""

from collections.abc import Generator
from contextlib import contextmanager

from domains.errors import SnapferryError
from flows.seed_copies import close_and_list, note_unfinished
from flows.sessions.recording import take_step
from flows.sessions.session import status_after
from runs.errors import StateUnusable
from runs.events import delivered_to
from runs.journal import Journal
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, freeze, open_target, roll_back, window
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord, RollBackRecord
from tasks.records.seeding import CopiesRecord

_AGAIN = "the source takes writes again; the next `snapferry cutover` goes on from the copies as they are"
_ERRORS = {"different": VerificationFailed, "interrupted": TimedOut}


@contextmanager
def roll_back_on_error(m: Migration) -> Generator[None]:
    """Puts everything back when the block fails, or is interrupted, while the source is frozen.

    Raises:
        what the block raised, once everything is put back; what hindered that.
    """
    try:
        yield
    except BaseException as error:
        if not window.is_frozen(m) or open_target.has_begun(m.journal):
            raise
        cause = window.window_over(m) if isinstance(error, TimedOut) and window.is_over(m) else error
        hint = cause.hint if isinstance(cause, SnapferryError) else ""
        with release_source_regardless(m):
            roll_back.begin(m, str(cause) or "interrupted from outside", hint, status_after(cause, m.journal))
            _roll_back(m)
        if isinstance(cause, SnapferryError):
            raise original_failure(m.journal) from error
        raise


@contextmanager
def release_source_regardless(m: Migration) -> Generator[None]:
    """Releases the source also where nothing can be written down any more, as on a full disk.

    Raises:
        StateUnusable: from the block, when that is done.
    """
    try:
        yield
    except StateUnusable:
        freeze.release_unrecorded(m)
        raise


def resume_roll_back(m: Migration) -> None:
    """Goes on with putting everything back, and raises why that is done.

    Raises:
        SnapferryError: as the cutover failed.
    """
    _roll_back(m)
    raise original_failure(m.journal)


def original_failure(journal: Journal) -> SnapferryError:
    """The error that a cutover ends with after everything was put back."""
    failure = journal.document.failure or {"message": "interrupted", "hint": "", "status": "interrupted"}
    made = _ERRORS.get(failure["status"], ExecutionError)
    return made(f"{failure['message']}; nothing was opened", _AGAIN)


def _roll_back(m: Migration) -> None:
    """The source first; each part looks before it acts, so that it may be repeated after a kill."""
    release_source(m)
    roll_back_target(m)


def release_source(m: Migration) -> ReleaseRecord:
    """Lets the source take writes again. Asks nothing of the target. May be repeated."""
    with delivered_to(None):  # no hook may keep the source from being released
        report_progress(Progress(steps.RELEASE.name, "the source is being released", waiting=True))
        return take_step(m.journal, steps.RELEASE, lambda: roll_back.release_source(m))


def roll_back_target(m: Migration) -> None:
    """Puts back everything but the source's block, and writes that all is put back. May be repeated."""
    with delivered_to(None):
        take_step(m.journal, steps.RESUME_AUTOMATED, lambda: automated_snapshots.resume(m))
        take_step(m.journal, steps.COPIES, lambda: _close_copies(m))
    why = str((m.journal.document.failure or {}).get("message", ""))
    take_step(m.journal, steps.ROLL_BACK, lambda: RollBackRecord(why=why))


def _close_copies(m: Migration) -> CopiesRecord:
    """Close the target's copies again, as a seed round leaves them."""
    roll_back.retry_transient(m, lambda: roll_back.end_snapshot(m))
    roll_back.retry_transient(m, lambda: roll_back.remove_streams(m))
    roll_back.retry_transient(m, lambda: roll_back.remove_aliases(m))
    note_unfinished(m, m.journal)
    work = m.journal.document.recorded(steps.COMPARE)
    return roll_back.retry_transient(m, lambda: close_and_list(m, work, roll_back.differing_copies(m)))
