"""Read what a migration's duration depends on: its indices, the nodes of both sides, their limits."""

from collections.abc import Sequence

from configs.plan import Plan
from domains.domain import Side
from domains.engine import nodes as nodes_of
from domains.errors import SnapferryError
from tasks.estimates.workload import sizes
from tasks.records.estimates import DOCUMENTED_LIMIT, UnknownFigure, Workload
from tasks.records.resolution import SelectedIndex
from tasks.survey import Survey


def workload(survey: Survey, indices: Sequence[SelectedIndex]) -> Workload:
    """The work of moving these indices. Reads only; what a domain does not report is assumed, and noted."""
    unknown: list[UnknownFigure] = []
    return Workload(
        **sizes(indices),
        source_nodes=_nodes(survey, "source", unknown),
        target_nodes=_nodes(survey, "target", unknown),
        snapshot_limit=_snapshot_limit(survey.plan),
        restore_limit=_restore_limit(survey, unknown),
        unknown=tuple(unknown),
        notes=(),
    )


def _nodes(survey: Survey, side: Side, unknown: list[UnknownFigure]) -> int:
    if side not in survey.sides:
        return 1  # it does nothing: the source is a snapshot
    try:
        found = sum(node.data for node in survey.nodes(side))
    except SnapferryError as error:
        unknown.append(UnknownFigure(what="data nodes", side=side, error=error.message))
        return 1
    return max(1, found)


def _snapshot_limit(plan: Plan) -> int | None:
    setting = plan.repository.settings.get("max_snapshot_bytes_per_sec")
    return DOCUMENTED_LIMIT if setting is None else _rate(str(setting))


def _restore_limit(survey: Survey, unknown: list[UnknownFigure]) -> int | None:
    setting = survey.plan.repository.settings.get("max_restore_bytes_per_sec")
    limits = [_recovery_limit(survey, unknown), _rate(str(setting)) if setting is not None else None]
    return min((limit for limit in limits if limit is not None), default=None)


def _recovery_limit(survey: Survey, unknown: list[UnknownFigure]) -> int | None:
    def ask() -> int | None:
        return nodes_of.recovery_limit(survey.domain("target"))

    try:
        return survey.once("recovery limit", ask)
    except SnapferryError as error:
        unknown.append(UnknownFigure(what="restore limit", side="target", error=error.message))
        return DOCUMENTED_LIMIT


def _rate(text: str) -> int | None:
    try:
        return nodes_of.rate(text)
    except ValueError:
        return DOCUMENTED_LIMIT  # the domain will say what it thinks of it
