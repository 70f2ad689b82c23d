"""Index templates, component templates and legacy templates, as their own APIs show and take them."""

from collections.abc import Iterator

from domains.domain import Domain
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.offered import if_offered
from domains.http.documented import documented
from domains.http.json_replies import Json, required_object, text
from domains.http.requests import Request, path_of

INDEX = "_index_template"
COMPONENT = "_component_template"
LEGACY = "_template"


@documented
def index_templates(domain: Domain) -> Definitions | None:
    """Read every composable index template; None where the domain has no such API. Reads only."""
    return if_offered(lambda: dict(_listed(domain, INDEX, "index_templates", "index_template")))


@documented
def component_templates(domain: Domain) -> Definitions | None:
    """Read every component template; None where the domain has no such API. Reads only."""
    return if_offered(lambda: dict(_listed(domain, COMPONENT, "component_templates", "component_template")))


@documented
def legacy_templates(domain: Domain) -> Definitions:
    """Read every legacy template. Reads only."""
    reply = domain.connection.read_object("GET", f"/{LEGACY}", flat_settings="true")
    return {text(name): Definition(required_object(entry)) for name, entry in reply.items()}


def _listed(domain: Domain, api: str, many: str, one: str) -> Iterator[tuple[str, Definition]]:
    reply = domain.connection.read_object("GET", f"/{api}")
    entries: list[Json] = reply[many]
    for entry in entries:
        yield text(entry["name"]), Definition(required_object(entry[one]))


def put_template(api: str, name: str, body: Json, *, is_new: bool) -> Request:
    """The request that makes a template.

    Args:
        api: `INDEX`, `COMPONENT` or `LEGACY`.
        is_new: have it refused if there is one of this name.
    """
    return Request("PUT", path_of(api, name), body, {"create": "true"} if is_new else {})
