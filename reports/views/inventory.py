"""What a domain has, on a terminal: repositories, snapshots, indices, and those that refuse writes."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from configs.values.listing import counted, listed
from reports.views import layout
from reports.views.fitting import Rows, page
from reports.words import common
from reports.words import operations as words
from tasks.records.operations import (
    BlockedList,
    IndexList,
    IndexRow,
    LackingIndex,
    RepositoryList,
    RepositoryRow,
    SnapshotDetails,
    SnapshotList,
    SnapshotRow,
)

_STATES = {"SUCCESS": "green", "IN_PROGRESS": "bold yellow", "PARTIAL": "bold yellow"}
_HEALTH = {"green": "green", "yellow": "yellow", "red": "bold red"}
_NAMES = 20


def repositories_view(found: RepositoryList) -> RenderableType:
    """One row per repository."""
    return page(_repositories(found))


def _repositories(found: RepositoryList) -> Iterator[RenderableType]:
    yield Text(f"Domain: {found.endpoint}")
    if not found.repositories:
        yield Text("No repository is registered.", "bold")
        return
    table = Rows(("Repository", "Type", "Access", "Place", "By", "Used by"))
    for row in found.repositories:
        table.add(row.name, row.type, _access(row), _place(row), _reached(row), _users(row))
    yield table
    if found.problem:
        yield Text(f"It is not known which runs use them: {found.problem}", "yellow")


def _access(row: RepositoryRow) -> str:
    if row.service:
        return "the service's own"
    return "–" if row.readonly is None else "readonly" if row.readonly else "read-write"


def _place(row: RepositoryRow) -> str:
    settings = row.settings
    if settings.get("location"):
        return str(settings["location"])
    parts = (str(settings[key]) for key in ("bucket", "base_path") if settings.get(key))
    return "/".join(parts) or "–"


def _reached(row: RepositoryRow) -> str:
    settings = row.settings
    return str(settings.get("endpoint") or settings.get("region") or "–")


def _users(row: RepositoryRow) -> str:
    runs = [f"{each.verb} {each.run_id} of {each.plan}" for each in row.used_by]
    return listed([*runs, *(f"snapshot {name} (running)" for name in row.running)], 3) or "–"


def snapshots_view(found: SnapshotList, *, every: bool = False) -> RenderableType:
    """One row per snapshot, newest first.

    Args:
        every: whether to list all of them, not just the newest twenty.
    """
    return page(_snapshots(found, found.snapshots if every else found.snapshots[: layout.ROWS]))


def _snapshots(found: SnapshotList, shown: tuple[SnapshotRow, ...]) -> Iterator[RenderableType]:
    yield Text(f"Domain: {found.endpoint}")
    if found.snapshots:
        yield _snapshot_rows(found, shown)
    else:
        others = f"; {common.number(found.read)} in other states" if found.read else ""
        yield Text(f"No snapshot{others}.", "bold")
    yield from (Text(f"{each.name} could not be read: {each.why}", "bold red") for each in found.unread)


def _snapshot_rows(found: SnapshotList, shown: tuple[SnapshotRow, ...]) -> Rows:
    sized = any(row.bytes_total is not None for row in shown)
    sizes = (">Size", ">Added") if sized else ()
    columns = ("Started (UTC)", ">Took", "State", ">Failed", ">Indices", *sizes, "Taken by")
    table = Rows(("Snapshot", *columns))
    for row in shown:
        figures = (common.size(row.bytes_total), common.size(row.bytes_added)) if sized else ()
        table.add(
            f"{row.repository}/{row.name}",
            f"{row.started:%Y-%m-%d %H:%M:%S}",
            "–" if row.seconds is None else common.duration(row.seconds),
            Text(row.state, _STATES.get(row.state, "bold red")),
            f"{row.shards_failed}/{row.shards_total}" if row.shards_failed else "–",
            common.number(row.indices),
            *figures,
            words.taker(row.taken_by),
        )
    more = len(found.snapshots) - len(shown)
    if more:
        table.below.append(Text(f"… and {common.number(more)} older ones; --all lists them", "dim"))
    return table


def snapshot_view(found: SnapshotDetails) -> RenderableType:
    """One snapshot."""
    return page(_snapshot(found))


def _snapshot(found: SnapshotDetails) -> Iterator[RenderableType]:
    yield Text(f"Domain: {found.endpoint}")
    row = found.row
    style = _STATES.get(row.state, "bold red")
    yield Text(
        f"Snapshot {row.repository}/{row.name}: {row.state}", style if style != "green" else "bold green"
    )
    yield from snapshot_lines(found)


def snapshot_lines(found: SnapshotDetails) -> Iterator[RenderableType]:
    """When it was taken, what it holds and lacks."""
    row = found.row
    took = "" if row.seconds is None else f", took {common.duration(row.seconds)}"
    on = f" on version {row.version}" if row.version else ""
    yield Text(f"Started {common.clock(row.started)}{took}{on}; taken by {words.taker(row.taken_by)}")
    if row.seconds is None:
        done = f"{found.shards_done} of {row.shards_total} shards, {common.size(found.bytes_done)}"
        yield Text(f"So far: {done}", "yellow")
    else:
        yield Text(_size(found))
        failed = f", {row.shards_failed} of them missing" if row.shards_failed else ""
        shards = counted(row.shards_total, "shard", "shards")
        yield Text(f"Shards: {shards}{failed}", "bold red" if row.shards_failed else "")
    yield Text(f"Indices ({row.indices}): {listed(found.indices, _NAMES) or 'none'}")
    if found.data_streams:
        yield Text(f"Data streams ({row.data_streams}): {listed(found.data_streams, _NAMES)}")
    if found.lacking:
        yield Text(f"Lacks {words.counted_indices(len(found.lacking))}:", "bold red")
        yield from layout.first((Text(_lacking(each)) for each in found.lacking), "indices", "  ")


def _size(found: SnapshotDetails) -> str:
    row = found.row
    if row.bytes_total is None:
        added = (
            f"added {common.size(row.bytes_added)} to the repository; " if row.bytes_added is not None else ""
        )
        return (
            f"Size: {added}total not asked for" if not found.size_problem else f"Size: {found.size_problem}"
        )
    return f"Size: {common.size(row.bytes_total)}, of which it added {common.size(row.bytes_added)}"


def _lacking(each: LackingIndex) -> str:
    shards = listed(
        (f"shard {'?' if s.shard is None else s.shard}: {s.reason}" for s in each.shards), 3, "; "
    )
    older = f"whole in {each.whole_in}" if each.whole_in else "whole in no older snapshot of this repository"
    at = f" ({common.clock(each.whole_in_started)})" if each.whole_in_started else ""
    return f"  {each.name}: {shards}. It is {older}{at}"


def indices_view(found: IndexList, *, every: bool = False) -> RenderableType:
    """One row per index.

    Args:
        every: whether to list all of them, not just the first twenty.
    """
    return page(_indices(found, found.indices if every else found.indices[: layout.ROWS]))


def _indices(found: IndexList, shown: tuple[IndexRow, ...]) -> Iterator[RenderableType]:
    yield Text(f"Domain: {found.endpoint}")
    table = Rows(("Index", "State", ">Shards", ">Replicas", ">Documents", ">Size", "Aliases", "Data stream"))
    for row in shown:
        state = row.health if row.open else "closed"
        table.add(
            row.name,
            Text(state or "open", _HEALTH.get(state, "")),
            str(row.shards),
            str(row.replicas),
            common.number(row.documents),
            common.size(row.bytes),
            listed((f"{a} (writes)" if a in row.write_aliases else a for a in row.aliases), 3) or "–",
            row.stream or "–",
        )
    more = len(found.indices) - len(shown)
    if more:
        table.below.append(Text(f"… and {common.number(more)} more; --all lists them", "dim"))
    yield table
    if found.system:
        yield Text(
            f"{words.counted_indices(found.system)} of the service or a plugin; --system lists them", "dim"
        )


def blocked_view(found: BlockedList) -> RenderableType:
    """One row per index that refuses writes."""
    return page(_blocked(found))


def _blocked(found: BlockedList) -> Iterator[RenderableType]:
    yield Text(f"Domain: {found.endpoint}")
    if not found.indices:
        yield Text("Every index takes writes.", "bold green")
        return
    yield Text(f"{counted(len(found.indices), 'index refuses', 'indices refuse')} writes:", "bold")
    table = Rows(("Index", "Blocks", "Held by"))
    for row in found.indices[: layout.ROWS]:
        table.add(row.name, ", ".join(row.blocks), row.held_by or "–")
    table.below.extend(layout.more(len(found.indices) - layout.ROWS))
    yield table
    if found.problem:
        yield Text(f"It is not known whether a run holds them: {found.problem}", "yellow")
    held = {row.held_by: row.way_out for row in found.indices if row.held_by}
    yield from (Text(f"{by}: `{way_out}` releases what it holds", "yellow") for by, way_out in held.items())
    aside = [row for row in found.indices if row.archived]
    yield from (
        Text(f"{row.name} has archived settings: {listed(row.archived, 3)}", "yellow") for row in aside
    )
