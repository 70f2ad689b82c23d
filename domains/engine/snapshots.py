"""Take, read and delete the snapshots of a repository; list those running on a domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domains.domain import Domain
from domains.errors import Missing, UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, number, text, texts, whole
from domains.http.requests import Request, path_of

RUN_KEY = "snapferry_run"
_DELETE_TIMEOUT_S = 300.0
_STATUS = "snapshots.snapshot,snapshots.repository,snapshots.state,snapshots.shards_stats,snapshots.stats"


@dataclass(frozen=True)
class SnapshotInfo:
    """A snapshot, as `GET _snapshot/repository/name` describes it.

    Args:
        state: IN_PROGRESS, SUCCESS, PARTIAL, FAILED or INCOMPATIBLE.
        indices: the names of its indices.
        data_streams: the names of its data streams.
        shards_total, shards_failed, failures: how complete it is.
        run: the Snapferry run that took it, from its metadata.
        started_ms, ended_ms: epoch milliseconds; ended is 0 while it is running.
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
        """Whether the snapshot is still in progress."""
        return self.state == "IN_PROGRESS"


@dataclass(frozen=True)
class RunningSnapshot:
    """A snapshot in progress, with bytes and shards done and in total."""

    repository: str
    name: str
    state: str
    shards_done: int
    shards_total: int
    bytes_done: int
    bytes_total: int


@documented
def get(domain: Domain, repository: str, name: str) -> SnapshotInfo | None:
    """Read one snapshot, finished or in progress; None when the repository has none of this name."""
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
    """List the names of all snapshots in the repository, from its index file alone (cheap)."""
    reply = domain.connection.read_object("GET", path_of("_snapshot", repository, "_all"), verbose="false")
    return tuple(text(entry["snapshot"]) for entry in reply["snapshots"])


@documented
def running(domain: Domain) -> tuple[RunningSnapshot, ...]:
    """List every snapshot running on the domain now, automated ones included."""
    reply = domain.connection.read_object("GET", "/_snapshot/_status", filter_path=_STATUS)
    return tuple(_running(entry) for entry in children(reply, "snapshots"))


def create_request(repository: str, name: str, indices: Sequence[str], *, run: str, partial: bool) -> Request:
    """The request that starts a snapshot of exactly these indices and data streams, without global state.

    Does not wait. Check before you repeat it: a request whose reply was lost may have created the snapshot.
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
    """Delete a snapshot from its repository, or abort a running one. Check before you repeat it.

    Files that other snapshots share with it stay.
    """
    domain.connection.send(delete_request(repository, name), _DELETE_TIMEOUT_S)


def delete_request(repository: str, name: str) -> Request:
    """The request that `delete` sends."""
    return Request("DELETE", path_of("_snapshot", repository, name))


def _info(entry: Json) -> SnapshotInfo:
    shards: Json = entry["shards"]
    return SnapshotInfo(
        name=text(entry["snapshot"]),
        uuid=text(entry["uuid"]),
        state=text(entry["state"]),
        indices=texts(entry.get("indices") or []),
        shards_total=whole(shards["total"]),
        shards_failed=whole(shards["failed"]),
        failures=tuple(
            f"{f.get('index')}[{f.get('shard_id')}]: {quoted(str(f.get('reason')))}"
            for f in children(entry, "failures")
        ),
        data_streams=texts(entry.get("data_streams") or []),
        run=run if isinstance(run := child(entry, "metadata").get(RUN_KEY), str) else None,
        started_ms=whole(entry.get("start_time_in_millis") or 0),
        ended_ms=whole(entry.get("end_time_in_millis") or 0),
    )


def _running(entry: Json) -> RunningSnapshot:
    shards, stats = child(entry, "shards_stats"), child(entry, "stats")
    return RunningSnapshot(
        repository=text(entry.get("repository", "")),
        name=text(entry["snapshot"]),
        state=text(entry.get("state", "")),
        shards_done=number(shards, "done") + number(shards, "failed"),
        shards_total=number(shards, "total"),
        bytes_done=number(child(stats, "processed"), "size_in_bytes"),
        bytes_total=number(child(stats, "incremental"), "size_in_bytes"),
    )
