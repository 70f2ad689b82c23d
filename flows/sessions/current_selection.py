"""Keep what a run has decided to move in step with the source, until its snapshot is taken."""

from collections.abc import Callable
from typing import TypeVar

from runs.progress import Progress, report_progress
from tasks import steps
from tasks.errors import SelectionOutdated
from tasks.records.resolution import Resolution

_SELECTIONS = 10
T = TypeVar("T")


def with_current_selection(
    decided: Resolution, decide_again: Callable[[], Resolution], act: Callable[[Resolution], T]
) -> T:
    """Act on what was decided; decide again if an index was deleted or recreated before the snapshot.

    Raises:
        SelectionOutdated: that happened each time.
    """
    for _ in range(_SELECTIONS - 1):
        try:
            return act(decided)
        except SelectionOutdated as error:
            report_progress(Progress(steps.RESOLVE.name, f"{error.message}: selecting again", waiting=True))
            decided = decide_again()
    return act(decided)
