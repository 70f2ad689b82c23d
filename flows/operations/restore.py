"""`snapferry restore`: restore indices of one snapshot on one domain."""

from flows.operations.operation import Prepare
from tasks.operations.restoring import RestoreWanted, prepare_restore
from tasks.records.operations import Restored


def restore(wanted: RestoreWanted) -> Prepare[Restored]:
    """Restore indices of a snapshot."""
    return lambda op: prepare_restore(op, wanted)
