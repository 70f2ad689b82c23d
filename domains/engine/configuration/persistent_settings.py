"""Cluster settings that somebody has set."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.http.documented import documented
from domains.http.json_replies import child, text
from domains.http.requests import Request

VALUE = "value"


@documented
def persistent_settings(domain: Domain) -> Definitions:
    """Read the persistent cluster settings by flat keys, each with its `VALUE`. Reads only."""
    reply = domain.connection.read_object(
        "GET", "/_cluster/settings", flat_settings="true", filter_path="persistent"
    )
    return {text(name): Definition({VALUE: value}) for name, value in child(reply, "persistent").items()}


def put_setting(name: str, value: object) -> Request:
    """The request that sets one persistent cluster setting; the service takes flat keys only."""
    return Request("PUT", "/_cluster/settings", {"persistent": {name: value}})
