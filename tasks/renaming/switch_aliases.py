"""Let the old names lead to renamed indices: one request for each, which takes effect as a whole or not.

An alias cannot have the name of an index. Where the target has one, the same request deletes it: nobody finds
the name free in between, and no write creates an index of that name.
"""

from collections.abc import Iterator, Mapping

from domains.engine import catalog as names_on
from domains.engine.catalog import Catalog
from domains.engine.indices.index_opening import aliases, require_acknowledged, switch_request
from domains.errors import DomainError, is_transient
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.commands import with_options
from runs.step_names import StepName
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.reindexing import SwitchedAliases
from tasks.records.resolution import AliasSwitch, Resolution
from tasks.survey import Survey

Definitions = Mapping[str, Mapping[str, Json]]
"""Aliases of each index, with their filters, routing and write index."""


def switch_aliases(m: Migration, resolution: Resolution) -> SwitchedAliases:
    """Give each renamed index its aliases, and delete what the plan names for them. May be repeated.

    Raises:
        ExecutionError: an index that is to be deleted was made anew; there is no consent; the aliases are not
            there afterwards.
        DomainError: transient, or denied.
    """
    defined = aliases(m.source)
    for switch in resolution.switches:
        if not _is_switched(switch, names_on.catalog(m.target)):
            _switch(m, switch, defined)
    there = names_on.catalog(m.target)
    lacking = [switch.index for switch in resolution.switches if not _is_switched(switch, there)]
    if lacking:
        raise ExecutionError(
            f"{', '.join(lacking[:5])}: the target has taken the aliases, and does not have them",
            "run the same command again: it sets what is missing",
        )
    return _record(resolution, there)


def requests(look: Survey, resolution: Resolution) -> Iterator[Request]:
    """The requests that switch the aliases. Reads only."""
    if resolution.switches:
        defined = aliases(look.domain("source"))
        yield from (_request(switch, defined, look.catalog("target")) for switch in resolution.switches)


def _is_switched(switch: AliasSwitch, target: Catalog) -> bool:
    """Whether each alias leads to the renamed index, and to none that loses it."""
    return all(
        switch.index in (leads := target.aliases.get(name, ()))
        and not {*leads} & {*switch.leaves.get(name, ())}
        for name in switch.aliases
    )


def _switch(m: Migration, switch: AliasSwitch, defined: Definitions) -> None:
    target = names_on.catalog(m.target)
    _require_deletable(m, switch, target)
    detail = {"names": [switch.index], "aliases": list(switch.aliases), "deletes": dict(switch.deletes)}
    try:
        with m.journal.intend(StepName.SWITCH_ALIASES, "target", "aliases", detail):
            reply = m.target.connection.send(_request(switch, defined, target))
            require_acknowledged(m.target, f"aliases of {switch.index}", reply)
    except DomainError as error:
        if not is_transient(error) or not _is_switched(switch, names_on.catalog(m.target)):
            raise
        # the reply was lost, but the aliases are switched


def _require_deletable(m: Migration, switch: AliasSwitch, target: Catalog) -> None:
    for name, uuid in switch.deletes.items():
        if name not in target.indices:
            continue
        if name not in m.consents.allow_delete:
            again = with_options("--allow-delete", name)
            raise ExecutionError(
                f"deleting {name} on the target needs --allow-delete {name}",
                f"run the same command again with that option{f': `{again}`' if again else ''}",
            )
        if target.indices[name].uuid != uuid:
            raise ExecutionError(
                f"{name} on the target is not the one that was to be deleted: it has been recreated since",
                f"check what it holds; then let {name} lead to {switch.index} yourself (POST _aliases)",
            )


def _request(switch: AliasSwitch, defined: Definitions, target: Catalog) -> Request:
    of_source = defined.get(switch.source, {})
    added = [(switch.index, name, of_source.get(name, {})) for name in switch.aliases]
    removed = [
        (index, name)
        for name, indices in switch.leaves.items()
        for index in indices
        if index in target.aliases.get(name, ()) and index != switch.index
    ]
    return switch_request(added, removed, [name for name in switch.deletes if name in target.indices])


def _record(resolution: Resolution, target: Catalog) -> SwitchedAliases:
    names = dict.fromkeys(name for switch in resolution.switches for name in switch.aliases)
    removed = {name: led for switch in resolution.switches for name, led in switch.leaves.items()}
    return SwitchedAliases(
        added={name: target.aliases.get(name, ()) for name in names},
        removed=removed,
        deleted=tuple(dict.fromkeys(name for switch in resolution.switches for name in switch.deletes)),
    )
