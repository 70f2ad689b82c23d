"""Roll back a cutover that did not open the target. Needs no Prefect: it must always work."""

from collections.abc import Generator
from contextlib import contextmanager

from domains.errors import SnapferryError, is_transient
from flows.seed_copies import close_and_list, note_unfinished
from flows.sessions.recording import take_step
from flows.sessions.session import status_after
from runs import interruptions
from runs.errors import StateUnusable
from runs.events import delivered_to
from runs.journal import FROM_OUTSIDE, Journal
from runs.lifecycle import RunStatus, opening_has_begun
from runs.progress import Progress, report_progress
from tasks import steps
from tasks.cleanup.removal import end_snapshot
from tasks.cutover import automated_snapshots, freeze, roll_back, window
from tasks.errors import ExecutionError, TimedOut, VerificationFailed
from tasks.migration import Migration
from tasks.records.cutover import ReleaseRecord, RollBackRecord
from tasks.records.seeding import CopiesRecord
from tasks.seeding.copies import ledger_of
from tasks.tail.session import put_in_order, try_to_put_in_order

_AGAIN = "the source takes writes again; `snapferry cutover PLAN` continues from the copies as they are"
_BACK_AGAIN = "the source takes writes again; `snapferry fallback PLAN` begins anew"
_ERRORS = {RunStatus.DIFFERENT: VerificationFailed, RunStatus.INTERRUPTED: TimedOut}


@contextmanager
def roll_back_on_error(m: Migration) -> Generator[None]:
    """Roll back if the block fails, or is interrupted, while the source is frozen; else put copies in order.

    Raises:
        what the block raised, once everything is rolled back; or what stopped the roll-back.
    """
    with interruptions.raised_once():
        try:
            yield
        except BaseException as error:
            if opening_has_begun(m.journal.document):
                raise
            if not window.is_frozen(m):
                with interruptions.ignored():
                    try_to_put_in_order(m)
                raise
            cause = _cause(m, error)
            _roll_back_because(m, cause)
            if isinstance(cause, SnapferryError):
                raise original_failure(m.journal) from error
            raise


def _cause(m: Migration, error: BaseException) -> BaseException:
    late = isinstance(error, TimedOut) or (isinstance(error, Exception) and is_transient(error))
    return window.window_over(m) if late and window.is_over(m) else error


def _roll_back_because(m: Migration, cause: BaseException) -> None:
    hint = cause.hint if isinstance(cause, SnapferryError) else ""
    with interruptions.ignored(), release_source_regardless(m):
        window.withdraw_opening(m)  # every request to open the target was refused
        altered = cause.copies if isinstance(cause, VerificationFailed) else ()
        why = str(cause) or FROM_OUTSIDE
        roll_back.begin(m, why, hint, status_after(cause, m.journal), altered)
        _roll_back(m)


@contextmanager
def release_source_regardless(m: Migration) -> Generator[None]:
    """Release the source even if nothing can be recorded any more, for example on a full disk.

    Raises:
        StateUnusable: from the block, once the source is released.
    """
    try:
        yield
    except StateUnusable:
        freeze.release_unrecorded(m)
        raise


def resume_roll_back(m: Migration) -> None:
    """Resume the roll-back, then raise the failure that caused it.

    Raises:
        SnapferryError: the original failure.
    """
    with interruptions.put_off():
        window.withdraw_opening(m)  # killed before anything was opened
        _roll_back(m)
    raise original_failure(m.journal)


def original_failure(journal: Journal) -> SnapferryError:
    """The error that ends a cutover after it was rolled back."""
    failure = journal.document.failure or {
        "message": "interrupted",
        "hint": "",
        "status": RunStatus.INTERRUPTED,
    }
    made = _ERRORS.get(failure["status"], ExecutionError)
    return made(f"{failure['message']}; nothing was opened", _BACK_AGAIN if journal.document.back else _AGAIN)


def _roll_back(m: Migration) -> None:
    """Roll back, the source first; each part reads before it acts, so it is safe to repeat after a kill.

    An index of the source that cannot be released does not keep the target's copies open.
    """
    kept: ExecutionError | None = None
    try:
        release_source(m)
    except ExecutionError as error:
        kept = error
    close_target(m)
    if kept:
        raise kept
    record_rolled_back(m.journal)


def release_source(m: Migration) -> ReleaseRecord:
    """Let the source take writes again. Does not depend on the target. Safe to repeat."""
    with delivered_to(None):  # no hook may keep the source from being released
        report_progress(Progress(steps.RELEASE.name, "releasing the source", waiting=True))
        return take_step(m.journal, steps.RELEASE, lambda: roll_back.release_source(m))


def close_target(m: Migration) -> None:
    """Roll back everything but the source's block. Safe to repeat."""
    with delivered_to(None):
        take_step(m.journal, steps.RESUME_AUTOMATED, lambda: automated_snapshots.resume(m))
        take_step(m.journal, steps.COPIES, lambda: _close_copies(m))


def record_rolled_back(journal: Journal) -> None:
    """Record that everything is rolled back."""
    why = str((journal.document.failure or {}).get("message", ""))
    take_step(journal, steps.ROLL_BACK, lambda: RollBackRecord(why=why))


def _close_copies(m: Migration) -> CopiesRecord:
    """Close the target's copies again, as a seed round leaves them; those of a way back stay as they are."""
    if m.journal.document.back:
        roll_back.retry_transient(m, lambda: put_in_order(m))
        return CopiesRecord(round=0, copies=tuple(ledger_of(m).copies.values()))
    roll_back.retry_transient(m, lambda: put_in_order(m))
    roll_back.retry_transient(m, lambda: end_snapshot(m))
    roll_back.retry_transient(m, lambda: roll_back.remove_streams(m))
    roll_back.retry_transient(m, lambda: roll_back.remove_aliases(m))
    note_unfinished(m, m.journal)
    work = m.journal.document.recorded(steps.COMPARE)
    return roll_back.retry_transient(m, lambda: close_and_list(m, work, roll_back.differing_copies(m)))
