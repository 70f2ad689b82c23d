"""Open the target: open the copies, create data streams and aliases, and allow writes.

Every step reads before it acts, so after a kill the same steps lead to the same result.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from configs.restore import full_key
from configs.values.listing import listed
from domains.engine import restores
from domains.engine.catalog import Catalog, catalog, close_requests, path_pieces
from domains.engine.indices.index_opening import (
    OPENING_SETTINGS,
    alias_requests,
    aliases,
    health,
    open_requests,
    opening_settings,
    require_acknowledged,
)
from domains.engine.indices.write_blocks import WRITE, blocks, settings_requests
from domains.errors import Refused
from domains.http.json_replies import Json
from domains.http.requests import Request
from runs.journal import now
from runs.lifecycle import SERVE
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Migration
from tasks.records.cutover import HealthRecord, OpenRecord
from tasks.records.resolution import Resolution, SelectedIndex
from tasks.seeding.copies import close_copies, drop_archived_settings, ledger_of, own_uuids
from tasks.selection.conflicts import own_names, taken_now

_NO_MOVEMENT_S = 20.0
_MISSING = object()


def open_copies(m: Migration, names: Sequence[str]) -> int:
    """Open closed copies for reading and wait for their primaries; they still refuse writes.

    Safe to repeat. An index that is not the plan's own copy is left alone: the verification will report it.

    Raises:
        TimedOut: a primary does not start.
    """
    own = own_uuids(m, ledger_of(m))
    drop_archived_settings(m, {name: own[name] for name in names if name in own}, StepName.OPEN_COPIES)
    target = catalog(m.target).indices
    present = [name for name in names if name in target and target[name].uuid == own.get(name)]
    closed = [name for name in present if not target[name].open]
    _send(m, StepName.OPEN_COPIES, "open", closed, open_requests(closed))
    poll = m.poll(m.patience_s)
    while True:
        found = restores.primaries(m.target, names)
        late = sorted({primary.index for primary in found if primary.state not in {"STARTED", "RELOCATING"}})
        if not late:
            return len(closed)
        if poll.expired:
            raise TimedOut(
                f"primaries of {', '.join(late[:5])} on the target do not start",
                "see why (GET _cluster/allocation/explain on the target), then run the same command again",
            )
        report_progress(
            Progress(StepName.OPEN_COPIES, f"waiting for the primaries of {listed(late, 5)}", waiting=True)
        )
        poll.pause()


def require_free_names(m: Migration, resolution: Resolution) -> None:
    """Confirm, before anything is opened, that no alias or data stream of the plan is taken on the target.

    Raises:
        ExecutionError: at least one is.
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
            "names have been taken on the target in the meantime: " + "; ".join(problems[:5]),
            "remove them there; the next cutover continues from the copies as they are",
        )


def _is_own_stream(target: Catalog, name: str, own: frozenset[str]) -> bool:
    return name in target.streams and own.issuperset(target.streams[name].backing)


def set_aliases(m: Migration, resolution: Resolution) -> dict[str, tuple[str, ...]]:
    """Give the copies the aliases that their sources have now, with filters and write indices.

    Engines fail to add an alias with a filter to a closed index (null pointer, 500). Such a copy is opened
    for reading until it has its aliases. Safe to repeat.

    Returns:
        Alias → the indices that have it.
    """
    missing = _missing_aliases(m, resolution)
    filtered = _filtered(resolution, missing)
    if filtered:
        open_copies(m, filtered)
    _send(m, StepName.SET_ALIASES, "alias", [alias for _, alias, _ in missing], alias_requests(missing))
    shut = _closed(resolution)
    if shut:
        own = own_uuids(m, ledger_of(m))
        close_copies(m, {name: own[name] for name in shut if name in own}, StepName.SET_ALIASES)
    return planned_aliases(m, resolution)


def alias_requests_of(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """The requests that `set_aliases` would send now. Reads only."""
    missing = _missing_aliases(m, resolution)
    opened = _filtered(resolution, missing)
    yield from open_requests(opened)
    yield from alias_requests(missing)
    yield from close_requests(opened)


def _filtered(resolution: Resolution, missing: Iterable[tuple[str, str, Json]]) -> list[str]:
    """Copies that stay closed and still lack an alias with a filter."""
    shut = set(_closed(resolution))
    return list(dict.fromkeys(name for name, _, more in missing if name in shut and "filter" in more))


def _closed(resolution: Resolution) -> list[str]:
    """Copies whose index is closed on the source, so that they stay closed."""
    return [index.target for index in resolution.indices if not index.open]


def _missing_aliases(m: Migration, resolution: Resolution) -> list[tuple[str, str, Json]]:
    wanted, current = _source_aliases(m, resolution), aliases(m.target)
    return [each for each in wanted if current.get(each[0], {}).get(each[1], _MISSING) != each[2]]


def planned_aliases(m: Migration, resolution: Resolution) -> dict[str, tuple[str, ...]]:
    """Alias → the indices that have it on the source. Reads only."""
    made: dict[str, tuple[str, ...]] = {}
    for index, alias, _ in _source_aliases(m, resolution):
        made[alias] = (*made.get(alias, ()), index)
    return made


def require_no_foreign_aliases(m: Migration, resolution: Resolution) -> None:
    """Confirm, before the freeze, that nobody has given a waiting copy an alias: it would go live with it.

    Raises:
        PreconditionError: somebody has.
    """
    found = tuple(foreign_aliases(m, resolution))
    if found:
        raise PreconditionError(
            "; ".join(found[:5]), hint="remove the aliases there (POST _aliases), then cut over again"
        )


def foreign_aliases(m: Migration, resolution: Resolution) -> Iterator[str]:
    """Aliases of the waiting copies that their sources do not have, in words. Reads only.

    Where the plan brings no aliases, or renames the index, aliases are the user's own business.
    """
    indices = list(_with_aliases(m, resolution))
    here, there = (aliases(m.target), aliases(m.source)) if indices else ({}, {})
    for index in indices:
        foreign = here.get(index.target, {}).keys() - there.get(index.name, {}).keys()
        for alias in sorted(foreign):
            yield f"{index.target} on the target has alias {alias}, which its source does not have"


def _with_aliases(m: Migration, resolution: Resolution) -> Iterator[SelectedIndex]:
    """Indices that get their sources' aliases; no backing index and no renamed one does."""
    if m.plan.restore.aliases:
        for unit in resolution.moving:
            if not unit.is_stream and unit.action != "rename":
                yield from unit.indices


def _source_aliases(m: Migration, resolution: Resolution) -> list[tuple[str, str, Json]]:
    """Index on the target, alias, and the alias's properties on the source."""
    indices = list(_with_aliases(m, resolution))
    by_index = aliases(m.source) if indices else {}
    return [
        (index.target, alias, more)
        for index in indices
        for alias, more in by_index.get(index.name, {}).items()
    ]


def open_for_writes(
    m: Migration, resolution: Resolution, made: Mapping[str, tuple[str, ...]], begin: Callable[[], None]
) -> OpenRecord:
    """Give the indices their sources' replicas and refresh intervals, and let them take writes.

    Safe to repeat. From here on the target holds documents of its own.

    Args:
        begin: called right before the first request is sent; raises if none may be.

    Raises:
        ExecutionError: an index still refuses writes.
    """
    planned = list(_settings(m, resolution))
    begin()
    for names, wanted in planned:  # each an intent: one that is denied leaves others in force
        _send(m, StepName.OPEN, SERVE, names, settings_requests(names, wanted))
    _require_writable(m, resolution)
    return OpenRecord(
        at=now(),
        opened=tuple(index.target for index in resolution.indices if index.open),
        streams=tuple(unit.target for unit in resolution.moving if unit.is_stream),
        aliases=dict(made),
        repoint=m.target.endpoint,
    )


def try_opening(m: Migration, names: Iterable[str]) -> None:
    """Confirm that the target accepts changes of its waiting copies' settings, as the opening will need.

    Safe to repeat: it asks of each copy what is so already. An index that is no copy is left alone.

    Args:
        names: on the target.

    Raises:
        PreconditionError: the target refuses it.
        DomainError: transient.
    """
    own = own_uuids(m, ledger_of(m))
    try:
        for request in trying_requests(_present(m, own, names)):
            require_acknowledged(m.target, "change settings", m.target.connection.send(request))
    except Refused as error:
        if error.transient:
            raise
        raise PreconditionError(
            f"the target refuses the requests that open its copies: {error.reply.text or error.message}",
            hint=error.hint or "see docs/access.md for the rights that a cutover needs, then cut over again",
        ) from error


def trying_requests(names: Iterable[str]) -> Iterator[Request]:
    """The requests that try whether copies can be opened: each refuses writes already. Change nothing."""
    return settings_requests(names, {WRITE: True})


def _present(m: Migration, own: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Those of these names that are copies of the plan and refuse writes."""
    target, blocked = catalog(m.target).indices, blocks(m.target)
    same = (name for name in names if name in target and target[name].uuid == own.get(name))
    return [name for name in same if name in blocked and blocked[name].write]


def requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """The requests that opening for writes sends, based on the source's current settings. Reads only."""
    for names, wanted in _settings(m, resolution):
        yield from settings_requests(names, wanted)


def _settings(m: Migration, resolution: Resolution) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
    """Names on the target that fit into one request, and the settings to open them with."""
    source_settings = opening_settings(m.source)
    groups: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for index in resolution.indices:
        wanted = opening_settings_for(m, index, source_settings.get(index.name, {}))
        groups.setdefault(tuple(sorted(wanted.items(), key=lambda each: each[0])), []).append(index.target)
    for wanted, names in groups.items():
        yield from ((piece, dict(wanted)) for piece in path_pieces(names))


def opening_settings_for(
    m: Migration, index: SelectedIndex, source_settings: Mapping[str, str]
) -> dict[str, Any]:
    """The settings that replace those of a waiting copy; None restores the engine's default."""
    plan = {full_key(key): value for key, value in m.plan.restore.index_settings.items()}
    ignored = [full_key(pattern) for pattern in m.plan.restore.ignore_index_settings]
    wanted: dict[str, Any] = {}
    for key in (f"index.{name}" for name in OPENING_SETTINGS):
        left_out = any(fnmatchcase(key, pattern) for pattern in ignored)
        wanted[key] = plan.get(key, None if left_out else source_settings.get(key))
    if wanted["index.number_of_replicas"] is None:
        wanted["index.number_of_replicas"] = index.replicas
    return {**wanted, WRITE: plan.get(WRITE)}


def _require_writable(m: Migration, resolution: Resolution) -> None:
    overridden = {full_key(key) for key in m.plan.restore.index_settings}
    if WRITE in overridden:
        return
    blocked = blocks(m.target)
    refusing = [i.target for i in resolution.indices if i.target in blocked and blocked[i.target].write]
    if refusing:
        raise ExecutionError(
            f"{len(refusing)} indices on the target still refuse writes: {', '.join(refusing[:5])}",
            "run the same command again: it retries them",
        )


def wait_for_green(m: Migration, resolution: Resolution) -> HealthRecord:
    """Wait until every opened index is green, and report which are not. Reads only.

    It waits no longer than cutover.green, and stops early if no shard has moved for a while: then the domain
    has no room for it.
    """
    names = {index.target for index in resolution.indices if index.open}
    poll, stuck = m.poll(m.plan.cutover.green.total_seconds()), m.poll(_NO_MOVEMENT_S)
    began = now()
    while True:
        found = health(m.target)
        states = found.indices
        late = {name: states.get(name, "gone") for name in sorted(names) if states.get(name) != "green"}
        if found.moving:
            stuck.restart()
        if not late or poll.expired or stuck.expired:
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
