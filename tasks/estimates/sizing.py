"""Looking at what a migration's duration depends on: its indices, the nodes of both sides, their limits."""

from collections.abc import Sequence

from configs.plan import Plan
from domains.domain import Side
from domains.engine import nodes as nodes_of
from domains.errors import SnapferryError
from tasks.estimates.workload import sizes
from tasks.records.estimates import DOCUMENTED_LIMIT, Workload
from tasks.records.resolution import SelectedIndex
from tasks.survey import Survey


def workload(look: Survey, indices: Sequence[SelectedIndex]) -> Workload:
    """The work of moving these indices. Reads only; what a domain does not tell is replaced, and said so."""
    notes: list[str] = []
    return Workload(
        **sizes(indices),
        source_nodes=_nodes(look, "source", notes),
        target_nodes=_nodes(look, "target", notes),
        snapshot_limit=_snapshot_limit(look.plan),
        restore_limit=_restore_limit(look, notes),
        notes=tuple(notes),
    )


def _nodes(look: Survey, side: Side, notes: list[str]) -> int:
    try:
        found = sum(node.data for node in look.nodes(side))
    except SnapferryError as error:
        notes.append(f"the {side} has one data node (its nodes could not be looked at: {error.message})")
        return 1
    return max(1, found)


def _snapshot_limit(plan: Plan) -> int | None:
    told = plan.repository.settings.get("max_snapshot_bytes_per_sec")
    return DOCUMENTED_LIMIT if told is None else _rate(str(told))


def _restore_limit(look: Survey, notes: list[str]) -> int | None:
    told = look.plan.repository.settings.get("max_restore_bytes_per_sec")
    limits = [_recovery_limit(look, notes), _rate(str(told)) if told is not None else None]
    return min((limit for limit in limits if limit is not None), default=None)


def _recovery_limit(look: Survey, notes: list[str]) -> int | None:
    def ask() -> int | None:
        return nodes_of.recovery_limit(look.domain("target"))

    try:
        return look.once("recovery limit", ask)
    except SnapferryError as error:
        notes.append(
            "each node of the target restores at most 40 MB a second, the documented default "
            f"(its setting could not be read: {error.message})"
        )
        return DOCUMENTED_LIMIT


def _rate(text: str) -> int | None:
    try:
        return nodes_of.rate(text)
    except ValueError:
        return DOCUMENTED_LIMIT  # the domain will say what it thinks of it
