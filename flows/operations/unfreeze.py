"""`snapferry unfreeze`: list the indices of one domain that refuse writes, and release some of them."""

from flows.operations.operation import Place, Prepare, open_operation
from tasks.operations import unfreezing
from tasks.operations.unfreezing import UnfreezeWanted
from tasks.records.operations import BlockedList, NamesOutcome


def list_blocked(place: Place) -> BlockedList:
    """List the indices that refuse writes. Reads only."""
    return unfreezing.list_blocked(open_operation(place))


def unfreeze(wanted: UnfreezeWanted) -> Prepare[NamesOutcome]:
    """Release indices, so that they take writes again."""
    return lambda op: unfreezing.prepare_unfreeze(op, wanted)
