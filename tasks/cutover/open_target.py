"""Opening the target: copies opened, data streams and aliases made, and writes taken.

Every step looks first: after a kill the same steps come to the same end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from configs.restore import full_key
from domains.engine import restores
from domains.engine.catalog import Catalog, catalog, path_pieces
from domains.engine.index_opening import (
    OPENING_SETTINGS,
    alias_requests,
    aliases,
    health,
    open_requests,
    opening_settings,
    require_acknowledged,
)
from domains.engine.write_blocks import WRITE, blocks, settings_requests
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.journal import now
from runs.lifecycle import SERVE
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, TimedOut
from tasks.migration import Migration
from tasks.records.cutover import HealthRecord, OpenRecord
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.seeding.copies import ledger_of, own_uuids
from tasks.selection.conflicts import own_names, taken_now

_STILL_S = 20.0
_MISSING = object()


def open_copies(m: Migration, names: Sequence[str]) -> int:
    """Opens closed copies for reading and waits for their primaries; they still refuse writes.

    May be repeated. What is not the plan's own copy is left as it is: the verification finds out.

    Raises:
        TimedOut: a primary does not start.
    """
    target = catalog(m.target).indices
    own = own_uuids(m, ledger_of(m))
    there = [name for name in names if name in target and target[name].uuid == own.get(name)]
    shut = [name for name in there if not target[name].open]
    _send(m, StepName.OPEN_COPIES, "open", shut, open_requests(shut))
    poll = m.poll(m.patience_s)
    while True:
        found = restores.primaries(m.target, names)
        late = sorted({primary.index for primary in found if primary.state not in {"STARTED", "RELOCATING"}})
        if not late:
            return len(shut)
        if poll.expired:
            raise TimedOut(
                f"primaries of {', '.join(late[:5])} on the target do not start",
                "see why (GET _cluster/allocation/explain on the target), then run the same command again",
            )
        report_progress(
            Progress(StepName.OPEN_COPIES, f"waiting for the primaries of {len(late)} indices", waiting=True)
        )
        poll.pause()


def require_free_names(m: Migration, resolution: Resolution) -> None:
    """Makes sure, before anything is opened, that no alias or data stream of the plan is taken on the target.

    Raises:
        ExecutionError: one is.
    """
    target = catalog(m.target)
    own = own_names(resolution.moving)
    backed = Catalog({name: i for name, i in target.indices.items() if name not in own}, target.streams)
    problems = [
        f"{unit.name}: {item.words}"
        for unit in resolution.moving
        for item in taken_now(unit, backed, own, aliases=m.plan.restore.aliases)
        if not (unit.is_stream and item.name == unit.target and _is_own_stream(target, unit.target, own))
    ]
    if problems:
        raise ExecutionError(
            "names were taken on the target meanwhile: " + "; ".join(problems[:5]),
            "remove them there; the next cutover goes on from the copies as they are",
        )


def _is_own_stream(target: Catalog, name: str, own: frozenset[str]) -> bool:
    return name in target.streams and own.issuperset(target.streams[name].backing)


def set_aliases(m: Migration, resolution: Resolution) -> dict[str, tuple[str, ...]]:
    """Gives the opened indices the aliases that their sources have now, with filters and write indices.

    May be repeated.

    Returns:
        Alias → the indices that have it.
    """
    lacking = _lacking_aliases(m, resolution)
    _send(m, StepName.SET_ALIASES, "alias", [alias for _, alias, _ in lacking], alias_requests(lacking))
    return aliases_made(m, resolution)


def alias_requests_of(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """What `set_aliases` sends now. Reads only."""
    return alias_requests(_lacking_aliases(m, resolution))


def _lacking_aliases(m: Migration, resolution: Resolution) -> list[tuple[str, str, Json]]:
    wanted, ours = _aliases_of_sources(m, resolution), aliases(m.target)
    return [each for each in wanted if ours.get(each[0], {}).get(each[1], _MISSING) != each[2]]


def aliases_made(m: Migration, resolution: Resolution) -> dict[str, tuple[str, ...]]:
    """Alias → the indices that have it on the source. Reads only."""
    made: dict[str, tuple[str, ...]] = {}
    for index, alias, _ in _aliases_of_sources(m, resolution):
        made[alias] = (*made.get(alias, ()), index)
    return made


def _aliases_of_sources(m: Migration, resolution: Resolution) -> list[tuple[str, str, Json]]:
    """Index on the target, alias, and what belongs to it on the source."""
    if not m.plan.restore.aliases:
        return []
    theirs = aliases(m.source)
    return [
        (index.target, alias, more)
        for unit in resolution.moving
        if not unit.is_stream and unit.action != "rename"
        for index in unit.indices
        for alias, more in theirs.get(index.name, {}).items()
    ]


def open_for_writes(m: Migration, resolution: Resolution, made: Mapping[str, tuple[str, ...]]) -> OpenRecord:
    """Gives the indices the replicas and the refresh interval of their sources, and lets them take writes.

    May be repeated. From here on the target's documents are its own.

    Raises:
        ExecutionError: an index still refuses writes.
    """
    for names, wanted in _settings(
        m, resolution
    ):  # each an intent: one that is denied leaves others in force
        _send(m, StepName.OPEN, SERVE, names, settings_requests(names, wanted))
    _require_taking(m, resolution)
    return OpenRecord(
        at=now(),
        opened=tuple(index.target for index in resolution.indices if index.open),
        streams=tuple(unit.target for unit in resolution.moving if unit.is_stream),
        aliases=dict(made),
        repoint=m.target.endpoint,
    )


def requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """What opening for writes sends, by the source's settings now. Reads only."""
    for names, wanted in _settings(m, resolution):
        yield from settings_requests(names, wanted)


def _settings(m: Migration, resolution: Resolution) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
    """Names on the target that one request holds, and the settings that they are opened with."""
    theirs = opening_settings(m.source)
    groups: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for index in resolution.indices:
        wanted = opening_of(m, index, theirs.get(index.name, {}))
        groups.setdefault(tuple(sorted(wanted.items(), key=lambda each: each[0])), []).append(index.target)
    for wanted, names in groups.items():
        yield from ((piece, dict(wanted)) for piece in path_pieces(names))


def opening_of(m: Migration, index: SelectedIndex, theirs: Mapping[str, str]) -> dict[str, Any]:
    """What an index gets in place of what its waiting copy had; None puts the engine's default back."""
    plan = {full_key(key): value for key, value in m.plan.restore.index_settings.items()}
    ignored = [full_key(pattern) for pattern in m.plan.restore.ignore_index_settings]
    wanted: dict[str, Any] = {}
    for key in (f"index.{name}" for name in OPENING_SETTINGS):
        left_out = any(fnmatchcase(key, pattern) for pattern in ignored)
        wanted[key] = plan.get(key, None if left_out else theirs.get(key))
    if wanted["index.number_of_replicas"] is None:
        wanted["index.number_of_replicas"] = index.replicas
    return {**wanted, WRITE: plan.get(WRITE)}


def _require_taking(m: Migration, resolution: Resolution) -> None:
    meant = {full_key(key) for key in m.plan.restore.index_settings}
    if WRITE in meant:
        return
    had = blocks(m.target)
    refusing = [i.target for i in resolution.indices if i.target in had and had[i.target].write]
    if refusing:
        raise ExecutionError(
            f"{len(refusing)} indices on the target still refuse writes: {', '.join(refusing[:5])}",
            "run the same command again: it goes on with them",
        )


def wait_for_green(m: Migration, resolution: Resolution) -> HealthRecord:
    """Waits until every opened index has all its copies; what is not green by then is told. Reads only.

    Not for longer than cutover.green, and not in vain: where no shard has been on its way for a
    while, the domain lacks a place for it.
    """
    names = {index.target for index in resolution.indices if index.open}
    poll, still = m.poll(m.plan.cutover.green.total_seconds()), m.poll(_STILL_S)
    began = now()
    while True:
        found = health(m.target)
        told = found.indices
        late = {name: told.get(name, "gone") for name in sorted(names) if told.get(name) != "green"}
        if found.moving:
            still.restart()
        if not late or poll.expired or still.expired:
            return HealthRecord(waited_s=round((now() - began).total_seconds(), 3), not_green=late)
        report_progress(
            Progress(StepName.HEALTH, f"waiting for green: {len(late)} of {len(names)} indices", waiting=True)
        )
        poll.pause()


def _send(m: Migration, step: str, action: str, names: Iterable[str], requests: Iterator[Request]) -> None:
    named = list(names)
    if not named:
        return
    with m.journal.intend(step, "target", action, {"names": named}):
        for request in requests:
            require_acknowledged(m.target, f"{action} indices", m.target.connection.send(request))
