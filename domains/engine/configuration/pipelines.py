"""Ingest pipelines and search pipelines."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.offered import if_offered
from domains.errors import Refused
from domains.http.documented import documented
from domains.http.json_replies import required_object, text
from domains.http.requests import Request, path_of

_NOT_FOUND = 404
INGEST = "_ingest"
SEARCH = "_search"


@documented
def pipelines(domain: Domain, family: str) -> Definitions | None:
    """Read every pipeline; None where the domain has no such API. Reads only.

    Args:
        family: `INGEST` or `SEARCH`.
    """
    return if_offered(lambda: _read(domain, family))


def _read(domain: Domain, family: str) -> Definitions:
    try:
        reply = domain.connection.read_object("GET", f"/{family}/pipeline")
    except Refused as error:
        if error.status == _NOT_FOUND and error.reply.text in {"", "{}"}:
            return {}  # how some versions say that there is none
        raise
    return {text(name): Definition(required_object(entry)) for name, entry in reply.items()}


def put_pipeline(family: str, name: str, body: dict[str, object]) -> Request:
    """The request that makes a pipeline; it replaces one of the same name."""
    return Request("PUT", path_of(family, "pipeline", name), body)
