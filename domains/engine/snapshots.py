"""Take, read and delete the snapshots of a repository; list those running on a domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domains.domain import Domain
from domains.errors import Missing, UnexpectedReply
from domains.http.documented import documented
from domains.http.error_bodies import quoted
from domains.http.json_replies import Json, child, children, number, required_object, text, texts, whole
from domains.http.requests import Request, path_of

RUN_KEY = "snapferry_run"
TAKE_KEY = "snapferry_take"
POLICY_KEY = "sm_policy"
_DELETE_TIMEOUT_S = 300.0
_CONTENTS_TIMEOUT_S = 120.0
_CONTENTS = "snapshots.indices.*.shards_stats.total,snapshots.indices.*.stats.total"
_LIST_TIMEOUT_S = 120.0
_SIZE_TIMEOUT_S = 300.0
_STATUS = "snapshots.snapshot,snapshots.repository,snapshots.state,snapshots.shards_stats,snapshots.stats"


@dataclass(frozen=True)
class ShardFailure:
    """A shard that a snapshot lacks, and why.

    Args:
        shard: its number; None where the domain does not say.
    """

    index: str
    shard: int | None
    reason: str


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
        version: the engine version that took it; empty where the domain does not say.
        failed: the shards that it lacks.
        metadata: the texts that whoever took it has attached.
        version_id: id of that version, which tells the engine, too; None where the domain does not say.
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
    version: str = ""
    failed: tuple[ShardFailure, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    version_id: int | None = None

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
            f"{domain.label}: GET {repository}/{name}", f"expected one snapshot, got {len(found)}"
        )
    return _info(found[0])


@documented
def names(domain: Domain, repository: str) -> tuple[str, ...]:
    """List the names of all snapshots in the repository, from its index file alone (cheap)."""
    path = path_of("_snapshot", repository, "_all")
    reply = domain.connection.read_object("GET", path, verbose="false", filter_path="snapshots.snapshot")
    if not reply:  # without any, the filter leaves nothing
        return ()
    return tuple(text(entry["snapshot"]) for entry in reply["snapshots"])


@dataclass(frozen=True)
class HeldIndex:
    """What a snapshot holds of one index: its primaries, and the number and bytes of their files."""

    shards: int
    files: int
    bytes: int


@documented
def contents(
    domain: Domain, repository: str, name: str, indices: Sequence[str] | None = None
) -> dict[str, HeldIndex]:
    """Read what a finished snapshot holds of each index. It costs one small file per shard; reads only.

    Args:
        indices: those to ask for, which OpenSearch can since 2.17; all of them by default.
    """
    named = [",".join(indices)] if indices else []
    path = path_of("_snapshot", repository, name, *named, "_status")
    reply = domain.connection.read_object("GET", path, timeout_s=_CONTENTS_TIMEOUT_S, filter_path=_CONTENTS)
    found = children(reply, "snapshots")
    held = child(found[0], "indices") if found else {}
    return {index: _held(entry) for index, entry in held.items()}


def _held(entry: Json) -> HeldIndex:
    total: Json = entry["stats"]["total"]
    return HeldIndex(
        whole(entry["shards_stats"]["total"]), whole(total["file_count"]), whole(total["size_in_bytes"])
    )


@documented
def several(domain: Domain, repository: str, names: Sequence[str]) -> tuple[SnapshotInfo, ...]:
    """Read these snapshots; those that are gone are left out. Reads only, one file for each."""
    path = path_of("_snapshot", repository, ",".join(names))
    reply = domain.connection.read_object("GET", path, timeout_s=_LIST_TIMEOUT_S, ignore_unavailable="true")
    return tuple(_info(required_object(entry)) for entry in reply["snapshots"])


@dataclass(frozen=True)
class SnapshotSize:
    """Bytes of a snapshot.

    Args:
        total: of all files that it consists of, those that it shares with earlier ones included.
        incremental: of the files that it has added to the repository.
    """

    total: int
    incremental: int


@documented
def size(domain: Domain, repository: str, name: str) -> SnapshotSize | None:
    """Read a snapshot's size from `_status`: one file per shard, so seconds for a large one. Reads only."""
    path = path_of("_snapshot", repository, name, "_status")
    reply = domain.connection.read_object("GET", path, timeout_s=_SIZE_TIMEOUT_S, filter_path=_STATUS)
    for entry in children(reply, "snapshots"):
        stats = required_object(entry["stats"])
        total, added = required_object(stats["total"]), required_object(stats["incremental"])
        return SnapshotSize(whole(total["size_in_bytes"]), whole(added["size_in_bytes"]))
    return None


@documented
def running(domain: Domain) -> tuple[RunningSnapshot, ...]:
    """List every snapshot running on the domain now, automated ones included."""
    reply = domain.connection.read_object("GET", "/_snapshot/_status", filter_path=_STATUS)
    return tuple(_running(entry) for entry in children(reply, "snapshots"))


def create_request(repository: str, name: str, indices: Sequence[str], *, run: str, partial: bool) -> Request:
    """The request that starts a snapshot of exactly these indices and data streams, without global state.

    Does not wait. Check before you repeat it: a request whose reply was lost may have created the snapshot.
    """
    return take_request(repository, name, indices, metadata={RUN_KEY: run}, partial=partial)


def take_request(
    repository: str, name: str, indices: Sequence[str], *, metadata: Mapping[str, str], partial: bool
) -> Request:
    """The same with any metadata, which stays with the snapshot and tells whose it is."""
    body: dict[str, Any] = {
        "indices": list(indices),
        "ignore_unavailable": False,
        "include_global_state": False,
        "partial": partial,
        "expand_wildcards": "all",
        "metadata": dict(metadata),
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
        version=text(entry.get("version") or ""),
        failed=tuple(map(_failure, children(entry, "failures"))),
        metadata={key: said for key, said in child(entry, "metadata").items() if isinstance(said, str)},
        version_id=whole(entry["version_id"]) if entry.get("version_id") else None,
    )


def _failure(entry: Json) -> ShardFailure:
    shard = entry.get("shard_id")
    number = None if shard is None else whole(shard)
    return ShardFailure(text(entry.get("index") or ""), number, quoted(str(entry.get("reason") or "")))


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
