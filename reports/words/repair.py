"""A repair in words."""

from reports.model.repair import RepairedDocumentReport, RepairReport
from reports.words.common import counted
from tasks.records.repair import Deed, IndexToRepair, NotRepaired, PlannedRepair

_WOULD = {
    Deed.WRITTEN: "would be written as the source has it",
    Deed.DELETED: "would be deleted: the source does not have it",
    Deed.RECOGNIZED: "is as the source has it; only its number is another one",
    None: "is on neither side any more",
}
_DONE = {
    Deed.WRITTEN: "written as the source has it",
    Deed.DELETED: "deleted: the source does not have it",
    Deed.RECOGNIZED: "as the source has it; only its number is another one",
}


def repaired(report: RepairReport) -> str:
    """How many documents were repaired, and how."""
    if not report.repaired:
        return "no document was repaired"
    parts = [
        f"{count:,} {what}"
        for count, what in (
            (report.written, "written"),
            (report.deleted, "deleted"),
            (report.recognized, "only renumbered"),
        )
        if count
    ]
    verb = counted(report.repaired, "document was repaired", "documents were repaired")
    return f"{verb} ({', '.join(parts)})"


def document(name: str, each: RepairedDocumentReport) -> str:
    """What became of one document."""
    return f"{name}: document {_named(each.id, each.routing)}, {each.kind}: {_DONE[each.deed]}"


def planned(name: str, each: PlannedRepair) -> str:
    """What would become of one document."""
    return f"{name}: document {_named(each.id, each.routing)}, {each.kind}: {_WOULD[each.deed]}"


def left(name: str, each: NotRepaired) -> str:
    """Why a document was not repaired."""
    return f"{name}: document {_named(each.id, each.routing)} was not repaired: {each.why}"


def ahead(index: IndexToRepair) -> str:
    """How many documents of an index would be written, and how many deleted."""
    deeds = [each.deed for each in index.documents]
    parts = [
        f"{deeds.count(deed):,} {what}"
        for deed, what in (
            (Deed.WRITTEN, "to write"),
            (Deed.DELETED, "to delete"),
            (Deed.RECOGNIZED, "only to renumber"),
        )
        if deed in deeds
    ]
    more = "; more of them may differ than one verification finds" if index.more else ""
    return f"{index.target}: {', '.join(parts) or 'nothing'}{more}"


def _named(id: str, routing: str | None) -> str:
    return id if routing is None else f"{id} with routing {routing}"
