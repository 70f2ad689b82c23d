"""`snapferry snapshot`: list, show, take and delete the snapshots of one domain's repositories."""

from flows.operations.operation import Place, Prepare, open_operation
from tasks.errors import PreconditionError
from tasks.operations import deleting_snapshots, reading_snapshots, taking
from tasks.operations.deleting_snapshots import DeleteWanted
from tasks.operations.reading_snapshots import ListWanted
from tasks.operations.taking import TakeWanted
from tasks.records.operations import NamesOutcome, SnapshotDetails, SnapshotList, Taken
from tasks.snapshot import await_end


def list_snapshots(place: Place, wanted: ListWanted) -> SnapshotList:
    """List snapshots, newest first. Reads only."""
    return reading_snapshots.list_snapshots(open_operation(place), wanted)


def show(place: Place, repository: str, name: str, *, wait: bool) -> SnapshotDetails:
    """Show one snapshot. Reads only.

    Args:
        wait: whether to wait until it has ended, if it is running.
    """
    op = open_operation(place)
    found = reading_snapshots.require_snapshot(op, repository, name)
    if wait and found.running:
        ended, _ = await_end(op.domain, repository, name, op.poll, op.patience_s)
        if ended is None:
            raise PreconditionError(
                f"snapshot {name} is gone from repository {repository}",
                hint="somebody has aborted or deleted it; take another one",
            )
        found = ended
    return reading_snapshots.details_of(op, repository, found, with_size=True)


def take(wanted: TakeWanted) -> Prepare[Taken]:
    """Take a snapshot."""
    return lambda op: taking.prepare_take(op, wanted)


def delete(wanted: DeleteWanted) -> Prepare[NamesOutcome]:
    """Delete snapshots."""
    return lambda op: deleting_snapshots.prepare_delete(op, wanted)
