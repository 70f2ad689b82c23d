"""When indices were created. Reads only."""

from domains.domain import Domain
from domains.http.documented import documented
from domains.http.json_replies import text, whole


@documented
def creation_dates(domain: Domain) -> dict[str, int]:
    """Read when each index was created, open, closed or hidden: milliseconds since 1970.

    A restored index keeps the date of its original.
    """
    rows = domain.connection.read(
        "GET", "/_cat/indices", format="json", h="index,creation.date", expand_wildcards="all"
    )
    return {text(row["index"]): whole(row["creation.date"]) for row in rows}
