"""Digests of mappings: whether an index's fields are still what they were."""

import hashlib
import json
from collections.abc import Collection

from domains.documented import documented
from domains.domain import Domain

_TIMEOUT_S = 120.0
_PARTS = "*.mappings,*.settings.index.uuid"  # an empty mapping is left out of a filtered reply; a UUID is not


@documented
def mapping_digests(domain: Domain, names: Collection[str]) -> dict[str, str]:
    """A digest of the mapping of each of these indices, whatever the order of its fields. Reads only.

    Asked of the indices, not of their mappings: `indices:admin/get` is a right that a migration has.
    """
    reply = domain.connection.read_object(
        "GET", "/_all", timeout_s=_TIMEOUT_S, expand_wildcards="all", filter_path=_PARTS
    )
    return {name: _digest(reply[name].get("mappings", {})) for name in sorted(names)}


def _digest(mapping: object) -> str:
    return hashlib.sha256(json.dumps(mapping, sort_keys=True).encode()).hexdigest()[:20]
