"""Digests of index metadata (mapping, settings, aliases), to notice when it changes."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field

from domains.domain import Domain
from domains.engine.every_index import every_definition
from domains.http.documented import documented
from domains.http.json_replies import Json, child

_PARTS = "*.mappings,*.settings,*.aliases"
_CHANGING = (
    "index.blocks.",  # set to stop writers before a migration, and by the domain when a disk is full
    "index.creation_date",
    "index.number_of_replicas",  # part of the catalog already
    "index.provided_name",
    "index.uuid",
    "index.verified_before_close",
    "index.version.",
)


@dataclass(frozen=True)
class Digests:
    """Digests by index: of its mapping, its settings, and its aliases with their definitions."""

    mappings: dict[str, str] = field(default_factory=dict[str, str])
    settings: dict[str, str] = field(default_factory=dict[str, str])
    aliases: dict[str, str] = field(default_factory=dict[str, str])


@documented
def digests(domain: Domain, names: Collection[str]) -> Digests:
    """Digest the metadata of those of these indices that exist; the order of keys does not matter.

    One request; reads only.

    Settings that change by themselves, or that the catalog already shows, are left out.

    Reads the indices, not their mappings, because a migration has the right `indices:admin/get`.
    """
    wanted = frozenset(names)
    found = every_definition(domain, _PARTS, lambda name, entry: _digests(entry) if name in wanted else None)
    told = [(name, each) for name in sorted(wanted) if (each := found.get(name))]
    return Digests(
        {name: mapping for name, (mapping, _, _) in told},
        {name: settings for name, (_, settings, _) in told},
        {name: aliases for name, (_, _, aliases) in told},
    )


def _digests(entry: Json) -> tuple[str, str, str]:
    return (
        _digest(child(entry, "mappings")),
        _digest(_lasting(child(entry, "settings"))),
        _digest(child(entry, "aliases")),
    )


def _lasting(settings: Json) -> Json:
    return {key: value for key, value in settings.items() if not key.startswith(_CHANGING)}


def _digest(part: Json) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:20]
