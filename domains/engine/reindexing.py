"""Copy documents by `_reindex`, within a domain or from a remote one, and follow its task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from domains.domain import Domain
from domains.errors import Missing
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, is_object, number, text
from domains.http.requests import Request, path_of

_SCROLL = "30m"
_SOCKET_TIMEOUT = "5m"
_MOST_FAILURES = 5


@dataclass(frozen=True)
class Remote:
    """The domain that documents are fetched from, as the domain that fetches them takes it.

    Args:
        host: its URL with the port.
        login: user name and password; None where the request's own signature or nothing is used.
        more: parameters of the service: `region`, `external`.
    """

    host: str
    login: tuple[str, str] | None = None
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ReindexTask:
    """A reindexing as its task describes it.

    Args:
        completed: whether it has ended, well or not.
        total: documents that it found at its source; 0 before it has read the first ones.
        written: documents that it created or overwrote.
        conflicts: documents that it left alone, because the index has them in the same or a newer version.
        failures: why it has failed, in the engine's words; empty otherwise.
    """

    completed: bool
    total: int
    written: int
    conflicts: int
    failures: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Documents that it has dealt with."""
        return self.written + self.conflicts


def reindex_request(
    source: str,
    into: str,
    *,
    remote: Remote | None = None,
    batch: int = 1000,
    requests_per_second: int | None = None,
    create_only: bool = False,
    into_alias: bool = False,
) -> Request:
    """The request that starts copying all documents of an index into another, without waiting.

    Documents keep ids, routing and versions; the index's pipelines do not run. May be repeated: what is
    there in the same or a newer version is left alone and counted.

    Args:
        remote: where the source is; None for the same domain.
        create_only: leave alone every document whose id is there, whatever its version.
        into_alias: whether `into` is an alias. Where it is gone, nothing is written any more, while an index
            that is gone would be made anew. Engines since Elasticsearch 7.10.
    """
    origin: Json = {"index": source, "size": batch}
    if remote:
        origin["index"] = _as_remote_name(source)
        origin["remote"] = {"host": remote.host, "socket_timeout": _SOCKET_TIMEOUT, **(remote.more or {})}
        if remote.login:
            origin["remote"] |= {"username": remote.login[0], "password": remote.login[1]}
    how = {"op_type": "create"} if create_only else {"version_type": "external"}
    body = {"conflicts": "proceed", "source": origin, "dest": {"index": into, "pipeline": "_none", **how}}
    query = {"wait_for_completion": "false", "scroll": _SCROLL}
    if requests_per_second is not None:
        query["requests_per_second"] = str(requests_per_second)
    if into_alias:
        query["require_alias"] = "true"
    return Request("POST", "/_reindex", body, query)


def _as_remote_name(index: str) -> str:
    """The index as a request to a remote domain names it: engines take one with % for encoded already."""
    return quote(index, safe="") if "%" in index else index


@documented
def started(domain: Domain, request: Request) -> str:
    """Send a reindex request, and return its task's id. Check before you repeat it: `running_tasks`.

    Raises:
        Refused: it is not accepted, for example because the remote host is not allowed.
    """
    reply: object = domain.connection.send(request)
    if not is_object(reply):
        raise TypeError("expected an object with the task")
    return text(reply["task"])


@documented
def task(domain: Domain, identifier: str) -> ReindexTask | None:
    """Read how a reindexing stands; None where the domain knows no such task any more. Reads only.

    A task that its node has lost, or whose result was removed, is not known any more.
    """
    try:
        reply = domain.connection.read_object("GET", path_of("_tasks", identifier))
    except Missing:
        return None
    status = child(reply, "task", "status")
    response, error = child(reply, "response"), child(reply, "error")
    shown = response or status
    return ReindexTask(
        completed=reply["completed"] is True,
        total=number(shown, "total"),
        written=number(shown, "created") + number(shown, "updated"),
        conflicts=number(shown, "version_conflicts"),
        failures=(*_failures(response), *([_said(error)] if error else [])),
    )


def _failures(response: Json) -> tuple[str, ...]:
    return tuple(_said(each.get("cause") or each) for each in children(response, "failures"))[:_MOST_FAILURES]


def _said(error: object) -> str:
    if not is_object(error):
        return quoted(str(error))
    below = error.get("caused_by")
    why = f" ({_said(below)})" if is_object(below) else ""
    return quoted(f"{error.get('type')}: {error.get('reason')}") + why


@documented
def running_tasks(domain: Domain, into: str) -> tuple[str, ...]:
    """List the tasks that copy documents into this index now. Reads only."""
    reply = domain.connection.read_object("GET", "/_tasks", actions="*reindex", detailed="true")
    return tuple(
        identifier
        for node in child(reply, "nodes").values()
        for identifier, entry in child(node, "tasks").items()
        if _writes_into(text(entry["description"]), into)
    )


def cancel(domain: Domain, identifier: str) -> None:
    """Ask a task to end; nothing if it has ended. It stops after the batch that it is writing."""
    domain.connection.write("POST", path_of("_tasks", identifier, "_cancel"))


def _writes_into(description: str, into: str) -> bool:
    """Whether a task's description, such as `reindex from [a] to [b][_doc]`, names this destination."""
    return description.rpartition(" to ")[2].startswith(f"[{into}]")
