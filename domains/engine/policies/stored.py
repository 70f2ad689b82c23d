"""A policy as a plugin keeps it, and a plugin's list of them."""

from dataclasses import dataclass

from domains.domain import Domain
from domains.engine.offered import if_offered, read_page
from domains.errors import Refused
from domains.http.json_replies import Json, required_object, text, whole

AT_MOST = 10_000
"""Entries to ask for in one page."""
_TOTAL = "total_policies"


@dataclass(frozen=True)
class StoredPolicy:
    """A policy on a domain, with the version that a change must name.

    Args:
        body: the policy itself, without envelope.
    """

    name: str
    body: Json
    seq_no: int
    primary_term: int

    @property
    def guard(self) -> dict[str, str]:
        """The query by which a change is refused if somebody else has changed the policy meanwhile."""
        return {"if_seq_no": str(self.seq_no), "if_primary_term": str(self.primary_term)}


def stored_policies(domain: Domain, path: str, kind: str, name: str) -> tuple[StoredPolicy, ...] | None:
    """Read every policy of a plugin; None where the domain has no such plugin. Reads only.

    Args:
        kind: the key of each entry that holds the policy itself.
        name: the key of a policy that holds its name.

    Raises:
        ValueError: the reply lists fewer than it counts.
        DomainError: typed; a caller without the right is Denied.
    """
    return if_offered(lambda: _listed(domain, path, kind, name))


def _listed(domain: Domain, path: str, kind: str, name: str) -> tuple[StoredPolicy, ...]:
    try:
        reply = read_page(domain, path, size=str(AT_MOST))
    except Refused as error:
        if is_without_policies(error):
            return ()
        raise
    listed: list[Json] = reply["policies"]
    found = tuple(_stored(entry, required_object(entry[kind]), name) for entry in listed)
    there = reply.get(_TOTAL)
    if there is not None and whole(there) > len(found):
        raise ValueError(f"{_TOTAL} is {there}, and it lists {len(found)}")
    return found


def is_without_policies(error: Refused) -> bool:
    """Whether it is refused because the plugin has no index yet: it makes it with the first policy."""
    return error.says("index_not_found_exception") and "ism-config" in error.reply.text


def _stored(entry: Json, body: Json, name: str) -> StoredPolicy:
    return StoredPolicy(text(body[name]), body, whole(entry["_seq_no"]), whole(entry["_primary_term"]))
