"""Rehearse a cutover: a seed round whose copies are opened, compared and closed again. Freezes nothing."""

from flows.chains.cutover_window import start_guard, try_opening
from flows.chains.runtime import runtime
from flows.chains.seed import close_round, take_round
from flows.chains.seed_round import open_copies_for_reading, verify_copies
from flows.chains.stages import require_true_copy
from flows.guard.guard import guard_of
from flows.sessions.begin_or_resume import Request
from flows.sessions.seeding import seeding
from tasks import steps
from tasks.migration import Migration
from tasks.seeding.scope import with_streams_split


def run(request: Request) -> str:
    """Do what a cutover does in its window, except the freeze and the opening, and measure it.

    The source takes writes all the time. Writes in the meantime make a verdict bracketed: everything up to
    the round's snapshot is there.

    Returns:
        The run's id; it counts as a seed round.

    Raises:
        SnapferryError: refused, failed, interrupted or different. The next round closes what it leaves open.
    """
    with runtime().showing(seeding(request.plan, request.options)) as m:
        _rehearse(m)
    return m.journal.run_id


def _rehearse(m: Migration) -> None:
    with guard_of(m) as guard:
        resolution, work, taken = take_round(m)
        start_guard(m, resolution, guard)
    open_copies_for_reading(m, resolution)
    try_opening(m, with_streams_split(resolution))
    verified = verify_copies(m, with_streams_split(resolution), work, steps.VERIFY)
    wrong = frozenset(v.target for v in verified.failing if v.outcome != "bracketed")
    close_round(m, work, taken, wrong)
    require_true_copy(verified)
