"""Putting everything back after a cutover that was not opened. Needs no Prefect: it must always work."""

from collections.abc import Generator
from contextlib import contextmanager

from domains.errors import SnapferryError
from flows.seed_copies import closed, note_unfinished
from flows.sessions.recording import take_step
from flows.sessions.session import status_after
from runs.errors import StateUnusable
from runs.events import delivered_to
from runs.journal import Journal
from runs.lifecycle import RunStatus, opening_has_begun
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cutover import automated_snapshots, freeze, roll_back, window
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord, RollBackRecord
from tasks.records.seeding import CopiesRecord

_AGAIN = "the source takes writes again; the next `snapferry cutover` goes on from the copies as they are"
_ERRORS = {RunStatus.DIFFERENT: VerificationFailed, RunStatus.INTERRUPTED: TimedOut}


@contextmanager
def rolled_back_on_error(m: Migration) -> Generator[None]:
    """Puts everything back when the block fails, or is interrupted, while the source is frozen.

    Raises:
        what the block raised, once everything is put back; what hindered that.
    """
    try:
        yield
    except BaseException as error:
        if not window.is_frozen(m) or opening_has_begun(m.journal.document):
            raise
        told = window.over(m) if isinstance(error, TimedOut) and window.is_over(m) else error
        hint = told.hint if isinstance(told, SnapferryError) else ""
        with source_released_regardless(m):
            window.withdraw_opening(m)  # all that was to open the target was turned away
            roll_back.begin(m, str(told) or "interrupted from outside", hint, status_after(told, m.journal))
            _everything(m)
        if isinstance(told, SnapferryError):
            raise as_it_failed(m.journal) from error
        raise


@contextmanager
def source_released_regardless(m: Migration) -> Generator[None]:
    """Releases the source also where nothing can be written down any more, as on a full disk.

    Raises:
        StateUnusable: from the block, when that is done.
    """
    try:
        yield
    except StateUnusable:
        freeze.lift(m)
        raise


def resume_roll_back(m: Migration) -> None:
    """Goes on with putting everything back, and raises why that is done.

    Raises:
        SnapferryError: as the cutover failed.
    """
    _everything(m)
    raise as_it_failed(m.journal)


def as_it_failed(journal: Journal) -> SnapferryError:
    """The error that a cutover ends with after everything was put back."""
    failure = journal.document.failure or {
        "message": "interrupted",
        "hint": "",
        "status": RunStatus.INTERRUPTED,
    }
    made = _ERRORS.get(failure["status"], ExecutionError)
    return made(f"{failure['message']}; nothing was opened", _AGAIN)


def _everything(m: Migration) -> None:
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
        take_step(m.journal, steps.COPIES, lambda: _copies_again(m))
    why = str((m.journal.document.failure or {}).get("message", ""))
    take_step(m.journal, steps.ROLL_BACK, lambda: RollBackRecord(why=why))


def _copies_again(m: Migration) -> CopiesRecord:
    """Close the target's copies again, as a seed round leaves them."""
    roll_back.repeated(m, lambda: roll_back.end_snapshot(m))
    roll_back.repeated(m, lambda: roll_back.remove_streams(m))
    roll_back.repeated(m, lambda: roll_back.remove_aliases(m))
    note_unfinished(m, m.journal)
    work = m.journal.document.recorded(steps.COMPARE)
    return roll_back.repeated(m, lambda: closed(m, work, roll_back.doubted(m)))
