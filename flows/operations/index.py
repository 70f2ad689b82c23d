"""`snapferry index`: list and delete the indices of one domain."""

from collections.abc import Sequence

from flows.operations.operation import Place, Prepare, open_operation
from tasks.operations import indices
from tasks.operations.indices import IndexDeletionWanted
from tasks.records.operations import IndexList, NamesOutcome


def list_indices(place: Place, patterns: Sequence[str], *, system: bool) -> IndexList:
    """List indices by name. Reads only."""
    return indices.list_indices(open_operation(place), patterns, system=system)


def delete(wanted: IndexDeletionWanted) -> Prepare[NamesOutcome]:
    """Delete indices and data streams by their exact names."""
    return lambda op: indices.prepare_delete(op, wanted)
