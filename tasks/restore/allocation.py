"""Wait while the target starts no shard because somebody has switched allocation off, as for maintenance."""

from domains.engine.cluster_features import allocation_enabled
from domains.errors import Refused
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import TimedOut
from tasks.migration import Migration

_KEY = "cluster.routing.allocation.enable"
_OFF = "none"


def is_off(m: Migration) -> bool:
    """Whether the target starts no shard now; where the caller may not ask, the restore itself will tell."""
    try:
        return allocation_enabled(m.target) == _OFF
    except Refused as error:
        if error.transient:
            raise
        return False


def await_allocation(m: Migration) -> None:
    """Wait until the target starts shards. Reads only.

    Raises:
        TimedOut: it did not within `patience_s`.
    """
    poll = m.poll(m.patience_s)
    while is_off(m):
        if poll.expired:
            raise TimedOut(
                f"the target's {_KEY} has been {_OFF} for {poll.waited_s:.0f} s: nothing can be restored",
                f'PUT /_cluster/settings {{"persistent": {{"{_KEY}": null}}}} on the target, then run the '
                "same command again",
            )
        message = f"waiting: the target starts no shard ({_KEY}: {_OFF})"
        report_progress(Progress(StepName.RESTORE, message, waiting=True))
        poll.pause()
