"""What a command makes of the guard of an earlier one: it waits for it, and heeds what it did."""

from collections.abc import Collection

from runs.errors import Busy
from runs.guard_record import GuardRecord, GuardState, ended_by_guard, live_guards, record_path
from runs.journal import Journal
from runs.lifecycle import RunStatus, is_frozen, opening_has_begun
from runs.progress import Poll, Progress, report_progress
from runs.state import State
from runs.step_names import StepName
from runs.stores.registry import shared_settings
from tasks.cutover import roll_back
from tasks.migration import Migration

_PATIENCE_S = 60.0


def guard_at_work(state: State) -> GuardRecord | None:
    """What a live guard of the plan's cutovers has recorded, if no command works on the plan."""
    found = next(live_guards(state.runs), None)
    return found if found and state.holder() in (None, found.process) else None


def await_guard(state: State, but: Collection[GuardState] = ()) -> None:
    """Wait for a minute at most until a guard that clears up after a killed command has ended.

    Args:
        but: what it may be doing without being waited for.
    """
    poll = Poll(_PATIENCE_S)
    while not poll.expired:
        found = guard_at_work(state)
        if found is None or found.state in but:
            return
        report_progress(Progress(StepName.ROLL_BACK, f"waiting: {_doing(found)}", waiting=True))
        poll.pause()


def heed_earlier_guard(m: Migration) -> None:
    """Begin to roll back if the guard of an earlier session has released the source.

    Raises:
        Busy: a guard of the plan lives, of this cutover or of an earlier one, and goes on by itself.
    """
    found = next(live_guards(State.of(m.journal).runs), None)
    if found:
        raise Busy(
            _doing(found), "it goes on until the source takes writes again; `snapferry status PLAN` shows it"
        )
    why = ended_by_guard(m.journal) or _guarded_elsewhere(m.journal)
    if why:
        roll_back.begin(m, why, "", RunStatus.INTERRUPTED)


def _guarded_elsewhere(journal: Journal) -> str:
    """Why a window that another machine began must end: its guard cannot be asked to stand down from here."""
    is_open = is_frozen(journal.document) and not opening_has_begun(journal.document)
    if not is_open or shared_settings(journal.path) is None or record_path(journal.path).exists():
        return ""
    return "the window began on another machine, whose guard may release the source at any time"


def _doing(found: GuardRecord) -> str:
    problem = f" ({found.problem})" if found.problem else ""
    return f"the guard of {found.verb} {found.run_id} (process {found.process}) is rolling it back{problem}"
