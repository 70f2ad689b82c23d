"""Scripts and component templates, as the cluster state has them: no other API lists all scripts."""

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.http.documented import documented
from domains.http.json_replies import Json, child, required_object, text
from domains.http.requests import Request, path_of

_TIMEOUT_S = 120.0


@documented
def stored_scripts(domain: Domain) -> Definitions:
    """Read every stored script."""
    found = child(_metadata(domain, "stored_scripts"), "stored_scripts")
    return {text(name): Definition(required_object(entry)) for name, entry in found.items()}


@documented
def component_templates(domain: Domain) -> Definitions:
    """Read every component template where the service does not offer their own API."""
    found = child(_metadata(domain, "component_template"), "component_template", "component_template")
    return {text(name): Definition(required_object(entry)) for name, entry in found.items()}


def _metadata(domain: Domain, part: str) -> Json:
    reply = domain.connection.read_object(
        "GET",
        "/_cluster/state/metadata",
        timeout_s=_TIMEOUT_S,
        filter_path=f"metadata.cluster_uuid,metadata.{part}",
    )
    found: Json = reply["metadata"]
    found["cluster_uuid"]  # a reply without it lacks the metadata
    return found


def put_script(name: str, body: Json) -> Request:
    """The request that stores a script; it replaces one of the same name."""
    return Request("PUT", path_of("_scripts", name), {"script": body})
