"""One seed round: copy what changed since the last one into closed indices on the target."""

from functools import partial

from flows.chains.runtime import runtime
from flows.chains.seed_round import compare_once, resolve_once, round_result, snapshot_and_restore
from flows.chains.stages import register
from flows.chains.steps import perform
from flows.seed_copies import close_and_list
from flows.sessions.begin_or_resume import Request
from flows.sessions.current_selection import with_current_selection
from flows.sessions.seeding import seeding
from tasks import steps
from tasks.migration import Migration
from tasks.records.resolution import Resolution
from tasks.records.seeding import ChangesRecord
from tasks.records.transfer import SnapshotRecord
from tasks.seeding import copies
from tasks.seeding.scope import select_only


def run(request: Request) -> str:
    """Copy what changed on the source since the last round into closed indices on the target.

    An unfinished round is resumed.

    Returns:
        The run's id.

    Raises:
        SnapferryError: refused, failed or interrupted; the journal holds the whole story.
    """
    with runtime().showing(seeding(request.plan, request.options)) as m:
        chain(m)
    return m.journal.run_id


def chain(m: Migration) -> None:
    """Run the steps in order. A resumed round goes through all of them again."""
    _, work, taken = take_round(m)
    close_round(m, work, taken)


def take_round(m: Migration) -> tuple[Resolution, ChangesRecord, SnapshotRecord | None]:
    """Restore what has changed onto its copies."""
    resolution = resolve_once(m)
    register(m, resolution)
    return with_current_selection(resolution, lambda: resolve_once(m), partial(_copy_changes, m))


def _copy_changes(
    m: Migration, resolution: Resolution
) -> tuple[Resolution, ChangesRecord, SnapshotRecord | None]:
    work = compare_once(m, resolution)
    names = {change.name for change in work.restored}
    taken = snapshot_and_restore(m, resolution, work, lambda whole: select_only(whole, names))
    return resolution, work, taken


def close_round(
    m: Migration, work: ChangesRecord, taken: SnapshotRecord | None, differing: frozenset[str] = frozenset()
) -> None:
    """Close every copy again, and record how the round went."""
    perform(m, steps.COPIES, lambda: copies.require_closed_copies(m, close_and_list(m, work, differing)))
    perform(m, steps.ROUND, lambda: round_result(m, work, taken))
