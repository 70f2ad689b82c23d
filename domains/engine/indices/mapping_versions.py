"""Read the versions of mappings, which tell whether a mapping has changed."""

from collections.abc import Collection

from domains.domain import Domain
from domains.engine.catalog import path_pieces
from domains.http.documented import documented
from domains.http.json_replies import child, whole
from domains.http.requests import path_of

_TIMEOUT_S = 60.0


@documented
def mapping_versions(domain: Domain, names: Collection[str]) -> dict[str, int]:
    """Read the version of these indices' mappings, as far as they exist: it rises with every change.

    The cluster manager raises it before a document that brings a new field is written. Reads only.
    """
    found: dict[str, int] = {}
    for piece in path_pieces(names):
        reply = domain.connection.read_object(
            "GET",
            path_of("_cluster", "state", "metadata", ",".join(piece)),
            timeout_s=_TIMEOUT_S,
            filter_path="metadata.indices.*.mapping_version",
            expand_wildcards="all",
            ignore_unavailable="true",
        )
        told = child(reply, "metadata", "indices")
        found |= {name: whole(child(told, name)["mapping_version"]) for name in told}
    return found
