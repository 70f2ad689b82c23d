"""Bring mapping changes of the source to the copies, before documents that need them.

Whoever wrote to the source gave a new field its type there. The copy must not choose another one.
"""

from collections.abc import Collection

from domains.domain import Domain
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata
from domains.engine.indices.index_opening import require_acknowledged
from domains.engine.indices.mapping_versions import mapping_versions
from domains.errors import Refused
from domains.http.requests import Request, path_of
from tasks.migration import Migration
from tasks.tail.places import CannotFollow, FollowedIndex
from tasks.verification.content.metadata import mapping as compared


def current_versions(m: Migration, names: Collection[str]) -> dict[str, int]:
    """The version of each index's mapping on the source; it rises with every change. Reads only."""
    return mapping_versions(m.source, names)


def synchronise(m: Migration, index: FollowedIndex, version: int) -> None:
    """Give the copy the source's mapping, unless it has it as of this version. Safe to repeat.

    Args:
        version: of the source's mapping, as read just before.

    Raises:
        CannotFollow: the copy refuses the change, because it would give a field another meaning.
        DomainError: transient, or denied.
    """
    if version == index.mapping_version:
        return
    source = _metadata(m.source, index.name)  # of one moment: it may change again meanwhile
    if _difference(source, _metadata(m.target, index.target)):
        _send(m.target, index, source.mapping)
        lasting = _difference(source, _metadata(m.target, index.target))
        if lasting:
            raise CannotFollow(f"its mapping on the target does not become that of the source: {lasting}")
    index.mapping_version = version


def _metadata(domain: Domain, name: str) -> IndexMetadata:
    found = index_metadata(domain, [name]).get(name)
    if found is None:
        raise CannotFollow("it is gone from one side")
    return found


def _difference(source: IndexMetadata, target: IndexMetadata) -> str:
    """What differs between the mappings of both sides, in words; empty if nothing does."""
    found = compared(source, target)
    return "" if found.outcome == "equal" else found.detail


def _send(domain: Domain, index: FollowedIndex, mapping: object) -> None:
    request = Request("PUT", path_of(index.target, "_mapping"), mapping)
    try:
        require_acknowledged(domain, "change the mapping", domain.connection.send(request))
    except Refused as error:
        if error.transient:
            raise
        raise CannotFollow(f"the target refuses its mapping: {error.reply.text}") from error
