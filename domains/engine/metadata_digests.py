"""Digests of what an index is beside its documents: whether that is still what it was."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field

from domains.domain import Domain
from domains.http.documented import documented
from domains.http.json_replies import Json, child

_TIMEOUT_S = 120.0
_PARTS = "*.mappings,*.settings,*.aliases"
_CHANGING = (
    "index.blocks.",  # writers are stopped before a migration, and the domain itself blocks a full disk
    "index.creation_date",
    "index.number_of_replicas",  # told by the list of indices
    "index.provided_name",
    "index.uuid",
    "index.verified_before_close",
    "index.version.",
)


@dataclass(frozen=True)
class Digests:
    """By index: digests of its mapping, of its settings, and of its aliases with all that belongs to them."""

    mappings: dict[str, str] = field(default_factory=dict[str, str])
    settings: dict[str, str] = field(default_factory=dict[str, str])
    aliases: dict[str, str] = field(default_factory=dict[str, str])


@documented
def digests(domain: Domain, names: Collection[str]) -> Digests:
    """Digests of these indices, whatever the order of keys in them. One request; reads only.

    Settings that change by themselves, or with what the list of indices tells, are left out of them.

    Asked of the indices, not of their mappings: `indices:admin/get` is a right that a migration has.
    """
    reply = domain.connection.read_object(
        "GET", "/_all", timeout_s=_TIMEOUT_S, expand_wildcards="all", flat_settings="true", filter_path=_PARTS
    )
    found = {name: reply[name] for name in sorted(names)}  # each has settings: its UUID at least
    return Digests(
        {name: _digest(child(entry, "mappings")) for name, entry in found.items()},
        {name: _digest(_lasting(child(entry, "settings"))) for name, entry in found.items()},
        {name: _digest(child(entry, "aliases")) for name, entry in found.items()},
    )


def _lasting(settings: Json) -> Json:
    return {key: value for key, value in settings.items() if not key.startswith(_CHANGING)}


def _digest(part: Json) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:20]
