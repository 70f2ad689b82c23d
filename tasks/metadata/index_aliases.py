"""Aliases of the indices that both sides have under the same name."""

from configs.plan import Side
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.indices import index_opening
from domains.http.json_replies import Json, child
from domains.http.requests import Request
from tasks.metadata import normal_form
from tasks.metadata.sides import Sides
from tasks.selection.system_indices import system_indices_of


def read(sides: Sides, side: Side) -> Definitions:
    """Each alias with its indices: on the source, those that the target has too."""
    place = sides.place(side)
    there = sides.created("target")
    found: dict[str, Json] = {}
    for index, aliases in index_opening.aliases(place.domain).items():
        if system_indices_of(index) is not None or (side == "source" and index not in there):
            continue
        for alias, definition in aliases.items():
            found.setdefault(alias, {})[index] = definition
    return {alias: Definition({"indices": members}) for alias, members in found.items()}


def waiting(sides: Sides) -> tuple[str, ...]:
    """Aliases of the source none of whose indices is on the target."""
    there = sides.created("target")
    members: dict[str, set[str]] = {}
    for index, aliases in index_opening.aliases(sides.source.domain).items():
        if system_indices_of(index) is None:
            for alias in aliases:
                members.setdefault(alias, set()).add(index)
    return tuple(sorted(alias for alias, found in members.items() if not found & there.keys()))


def send(sides: Sides, name: str, wanted: Definition, existing: Definition | None) -> tuple[Request, ...]:
    """One request, which takes effect as a whole: add what differs, remove what the source lacks."""
    before = child(existing.body, "indices") if existing else {}
    after = child(wanted.body, "indices")
    shown_before, shown_after = normal_form.aliases({"indices": before}), normal_form.aliases(wanted.body)
    actions = [
        {"remove": {"index": index, "alias": name}} for index in sorted(before) if index not in after
    ] + [
        {"add": {"index": index, "alias": name, **after[index]}}
        for index in sorted(after)
        if shown_before["indices"].get(index) != shown_after["indices"][index]
    ]
    return (Request("POST", "/_aliases", {"actions": actions}),) if actions else ()
