"""Checks of replicas on the target: right number for its zones, and a node for each copy."""

from tasks.checks.check import Finding, check, fail, ok, shown, unknown, warn
from tasks.checks.facts import domains, indices
from tasks.checks.facts.nodes import data_nodes, if_hot, nodes_in_words
from tasks.records.resolution import SelectedIndex
from tasks.survey import Survey

_STANDBY = "AWS guide: Multi-AZ with Standby; restoring snapshots"
_AWARENESS = "cluster.routing.allocation.awareness"


@check("room.standby", "copies fit Multi-AZ with Standby", source=_STANDBY)
def standby(survey: Survey) -> Finding:
    """Three zones require a multiple of three copies of each index; the engine refuses other numbers."""
    zones = max(1, _balanced_zones(survey))
    if zones == 1 and domains.signed(survey, "target"):
        status = domains.status(survey, "target")
        if status is None:
            return unknown("neither the control plane nor the target's settings show a balance over zones")
        zones = 3 if status.standby else 1
    if zones == 1:
        return ok("the target requires no particular number of copies")
    if not indices.replicas_known(survey):
        return unknown(*indices.NO_REPLICAS)
    odd = [
        f"{index.name}: {copies} {'copy' if copies == 1 else 'copies'}"
        for index in indices.moving_indices(survey)
        if (copies := _balanced_copies(survey, index)) % zones
    ]
    if odd:
        said = f"the target requires a multiple of {zones} copies and would refuse {_subjects(odd)}"
        hint = f"set restore.index_settings: {{index.number_of_replicas: {zones - 1}}}"
        return fail(said, hint, odd)
    return ok(f"a multiple of {zones} copies each")


def _subjects(lines: list[str]) -> str:
    return shown(line.rpartition(":")[0] for line in lines)


def _balanced_zones(survey: Survey) -> int:
    """Return how many zones the engine balances copies over; 1 if it does not."""
    settings = indices.target_settings(survey)
    if settings.get(f"{_AWARENESS}.balance") != "true":
        return 1
    names = _listed(settings.get(f"{_AWARENESS}.attributes"))
    return max((len(_listed(settings.get(f"{_AWARENESS}.force.{name}.values"))) for name in names), default=1)


def _listed(value: str | tuple[str, ...] | None) -> list[str]:
    texts = value if isinstance(value, tuple) else (value or "").split(",")
    return [text.strip() for text in texts if text.strip()]


def _balanced_copies(survey: Survey, index: SelectedIndex) -> int:
    """Return copies as the engine counts them: the maximum it would expand to; 0 if unlimited."""
    expanded = _expanded(survey, index)
    if not expanded:
        return indices.copies(survey, index)
    most = expanded.rpartition("-")[2]
    return 1 + int(most) if most.isdigit() else 0


def _expanded(survey: Survey, index: SelectedIndex) -> str:
    """Return the engine's auto-expand bounds for replicas, such as `0-1` or `0-all`; empty if none."""
    told = indices.restored_settings(survey, index).get("index.auto_expand_replicas", ())
    return next((value for value in told if value != "false"), "")


@check("room.copies", "every copy has its own node", source="OpenSearch: shard allocation")
def copies(survey: Survey) -> Finding:
    """More copies than data nodes stay unassigned, and the domain yellow."""
    nodes = len(data_nodes(survey))
    if not nodes:
        return unknown("the target reports no data node")
    if not indices.replicas_known(survey):
        return unknown(*indices.NO_REPLICAS)
    homeless = [
        f"{index.name}: {indices.copies(survey, index)} copies"
        for index in indices.moving_indices(survey)
        if indices.copies(survey, index) > nodes and not _expanded(survey, index)
    ]
    if homeless:
        said = f"the target has {nodes_in_words(nodes)}; replicas of {_subjects(homeless)} stay unassigned"
        fewer = f"restore.index_settings: {{index.number_of_replicas: {max(nodes - 1, 0)}}}"
        return warn(said, f"add data nodes, or set {fewer}", homeless)
    return if_hot(survey, ok(f"{nodes_in_words(nodes)}, enough for every copy"))
