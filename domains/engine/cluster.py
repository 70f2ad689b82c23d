"""The identity of a domain: its cluster UUID and engine version."""

from dataclasses import dataclass

from domains.domain import Domain
from domains.errors import Denied, Refused, UnexpectedReply
from domains.http.documented import documented
from domains.http.json_replies import child, children, text
from domains.versions import Engine, Version, version_of

_DISGUISE = "7.10.2"  # the version OpenSearch claims under compatibility.override_main_response_version

_ASK_NODES = (
    "allow the caller cluster:monitor/nodes/info on the {side} (docs/access.md), or turn off "
    "override_main_response_version there"
)


@dataclass(frozen=True)
class ClusterIdentity:
    """The identity of a cluster.

    Args:
        uuid: the cluster's own id: two endpoints with the same uuid are one cluster.
        name: `account:domain` on the managed service.
        version: the engine version it runs.
    """

    uuid: str
    name: str
    version: Version


def identity(domain: Domain) -> ClusterIdentity:
    """Identify the cluster behind this domain's endpoint. Reads only.

    Raises:
        DomainError: the endpoint is unreachable, denies the caller, or is not OpenSearch or Elasticsearch.
    """
    reply = domain.connection.read_object("GET", "/")
    version = child(reply, "version")
    number, distribution = str(version.get("number")), version.get("distribution")
    if "opensearch" in str(reply.get("tagline")).lower() and (not distribution or number == _DISGUISE):
        number, distribution = _lowest_of_nodes(domain), "opensearch"
    engine: Engine = "opensearch" if distribution == "opensearch" else "elasticsearch"
    try:
        return ClusterIdentity(
            text(reply["cluster_uuid"]), text(reply["cluster_name"]), version_of(engine, number)
        )
    except (LookupError, TypeError, ValueError) as error:
        raise UnexpectedReply(
            f"{domain.label}: GET /",
            "this does not look like an OpenSearch endpoint",
            hint="check the endpoint in the plan",
        ) from error


def _lowest_of_nodes(domain: Domain) -> str:
    """The lowest version of OpenSearch's nodes, where `GET /` claims Elasticsearch (compatibility mode)."""
    asked = f"{domain.label}: GET /_nodes"
    why = f"it is OpenSearch, but calls itself {_DISGUISE} (compatibility mode), and its true version"
    try:
        reply = domain.connection.read_object("GET", "/_nodes", filter_path="nodes.*.version")
        found = [version_of("opensearch", str(node["version"])) for node in child(reply, "nodes").values()]
    except Refused as error:
        denied = isinstance(error, Denied)
        raise UnexpectedReply(
            asked,
            f"{why} could not be read: {error}",
            hint=_ASK_NODES.format(side=domain.label) if denied else error.hint,
            transient=error.transient,
        ) from error
    except (LookupError, TypeError, ValueError) as error:
        raise UnexpectedReply(asked, f"{why} is not in the reply") from error
    if not found or any(version.number == _DISGUISE for version in found):
        raise UnexpectedReply(asked, f"{why} is not in the reply")
    return min(found).number


@documented
def health(domain: Domain) -> str:
    """The domain's health: `green`, `yellow` (replicas missing) or `red` (primaries missing). Reads only."""
    return text(domain.connection.read_object("GET", "/_cluster/health", filter_path="status")["status"])


@documented
def pending_tasks(domain: Domain) -> tuple[str, ...]:
    """List the tasks in the cluster manager's queue, such as `restore_snapshot[name]`. Reads only.

    Raises:
        DomainError: typed; a caller without `cluster:monitor/task` is Denied.
    """
    reply = domain.connection.read_object("GET", "/_cluster/pending_tasks")
    return tuple(text(task["source"]) for task in children(reply, "tasks"))
