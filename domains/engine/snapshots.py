"""Snapshots of a repository, and those running on a domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.errors import Missing, UnexpectedReply
from domains.http.documented import documented
from domains.http.json_replies import Json, child, children, number
from domains.http.requests import Request, path_of

RUN_KEY = "snapferry_run"
_DELETE_TIMEOUT_S = 300.0
_STATUS = "snapshots.snapshot,snapshots.repository,snapshots.state,snapshots.shards_stats,snapshots.stats"


@dataclass(frozen=True)
class SnapshotInfo:
    """A snapshot as `GET _snapshot/repository/name` tells it.

    Args:
        state: IN_PROGRESS, SUCCESS, PARTIAL, FAILED or INCOMPATIBLE.
        indices: index names in it.
        data_streams: names of the data streams in it.
        shards_total, shards_failed, failures: how complete it is.
        run: the Snapferry run that took it, from its metadata.
        started_ms, ended_ms: epoch milliseconds; ended is 0 while it runs.
    """

    name: str
    uuid: str
    state: str
    indices: tuple[str, ...]
    shards_total: int
    shards_failed: int
    failures: tuple[str, ...]
    data_streams: tuple[str, ...]
    run: str | None
    started_ms: int
    ended_ms: int

    @property
    def running(self) -> bool:
        """Whether it is still being taken."""
        return self.state == "IN_PROGRESS"


@dataclass(frozen=True)
class RunningSnapshot:
    """A snapshot in progress: bytes and shards done of how many."""

    repository: str
    name: str
    state: str
    shards_done: int
    shards_total: int
    bytes_done: int
    bytes_total: int


@documented
def get(domain: Domain, repository: str, name: str) -> SnapshotInfo | None:
    """One snapshot, finished or in progress; None when the repository has none of this name."""
    try:
        reply = domain.connection.read_object("GET", path_of("_snapshot", repository, name))
    except Missing as error:
        if error.reply.type == "snapshot_missing_exception":
            return None
        raise
    found = children(reply, "snapshots")
    if len(found) != 1:
        raise UnexpectedReply(
            f"{domain.side}: GET {repository}/{name}", f"expected one snapshot, got {len(found)}"
        )
    return _info(found[0])


@documented
def names(domain: Domain, repository: str) -> tuple[str, ...]:
    """Names of all snapshots in the repository, from its index file alone (cheap)."""
    reply = domain.connection.read_object("GET", path_of("_snapshot", repository, "_all"), verbose="false")
    return tuple(entry["snapshot"] for entry in reply["snapshots"])


@documented
def running(domain: Domain) -> tuple[RunningSnapshot, ...]:
    """Every snapshot that runs on the domain now, the service's own included."""
    reply = domain.connection.read_object("GET", "/_snapshot/_status", filter_path=_STATUS)
    return tuple(_running(entry) for entry in children(reply, "snapshots"))


def create_request(repository: str, name: str, indices: Sequence[str], *, run: str, partial: bool) -> Request:
    """Starts a snapshot of exactly these indices and data streams, without global state; does not wait.

    Not to be repeated without looking: the name may exist already, from a request whose reply was lost.
    """
    body: dict[str, Any] = {
        "indices": list(indices),
        "ignore_unavailable": False,
        "include_global_state": False,
        "partial": partial,
        "expand_wildcards": "all",
        "metadata": {RUN_KEY: run},
    }
    path = path_of("_snapshot", repository, name)
    return Request("PUT", path, body, {"wait_for_completion": "false"})


def delete(domain: Domain, repository: str, name: str) -> None:
    """Removes a snapshot from its repository, or ends one that runs; may take long. Not to be repeated
    without looking.

    What other snapshots of the repository share with it stays.
    """
    domain.connection.send(delete_request(repository, name), _DELETE_TIMEOUT_S)


def delete_request(repository: str, name: str) -> Request:
    """As `delete` sends it."""
    return Request("DELETE", path_of("_snapshot", repository, name))


def _info(entry: Json) -> SnapshotInfo:
    shards: Json = entry["shards"]
    return SnapshotInfo(
        name=entry["snapshot"],
        uuid=entry["uuid"],
        state=entry["state"],
        indices=tuple(entry.get("indices") or ()),
        shards_total=int(shards["total"]),
        shards_failed=int(shards["failed"]),
        failures=tuple(
            f"{f.get('index')}[{f.get('shard_id')}]: {f.get('reason')}" for f in children(entry, "failures")
        ),
        data_streams=tuple(entry.get("data_streams") or ()),
        run=child(entry, "metadata").get(RUN_KEY),
        started_ms=int(entry.get("start_time_in_millis") or 0),
        ended_ms=int(entry.get("end_time_in_millis") or 0),
    )


def _running(entry: Json) -> RunningSnapshot:
    shards, stats = child(entry, "shards_stats"), child(entry, "stats")
    return RunningSnapshot(
        repository=entry.get("repository", ""),
        name=entry["snapshot"],
        state=entry.get("state", ""),
        shards_done=number(shards, "done") + number(shards, "failed"),
        shards_total=number(shards, "total"),
        bytes_done=number(child(stats, "processed"), "size_in_bytes"),
        bytes_total=number(child(stats, "incremental"), "size_in_bytes"),
    )
