"""Block writes on the source for the window, and release it again.

`_block/write` waits until every write in progress has finished. The setting `index.blocks.write`, the only
way for the write indices of data streams and for older engines, does not: then this module waits for the
shards. An index that refused writes before is left alone: the run neither blocks nor releases it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from configs.values.listing import counted
from domains.engine.catalog import catalog, path_pieces, refresh
from domains.engine.indices.index_opening import require_acknowledged
from domains.engine.indices.write_blocks import (
    WRITE,
    archived_settings,
    archived_way_out,
    block_requests,
    blocks,
    change_each,
    flush,
    setting_requests,
)
from domains.engine.shard_stats import marks
from domains.errors import Blocked, Denied, Refused, SnapferryError
from domains.http.json_replies import is_object
from domains.http.requests import Request
from runs.commands import with_options
from runs.journal import DENIED, now
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Consents, Migration
from tasks.records.cutover import FreezeRecord, ReleaseRecord
from tasks.records.resolution import Resolution

_ENOUGH = 5
_REST_S = 2.0  # measured: writes in progress when a setting blocked them ended within this
_UNKNOWN_WORDS = ("no handler found", "is not allowed", "incorrect http method")
_UNKNOWN_TYPES = ("invalid_index_name_exception", "invalid_type_name_exception", "parse_exception")


def require_consent(consents: Consents) -> None:
    """Raise PreconditionError unless the user has consented to the freeze."""
    if not consents.allow_freeze:
        consent = with_options("--allow-freeze") or Verb.CUTOVER.command
        raise PreconditionError(
            "the cutover makes the source refuse writes, which needs your consent: --allow-freeze",
            hint=f"`snapferry cutover PLAN` shows for how long; to consent: {consent}",
        )


def require_releasable(m: Migration, resolution: Resolution) -> None:
    """Confirm, before anything is frozen, that no index has settings because of which its release is refused.

    Raises:
        PreconditionError: at least one has.
    """
    archived = archived_settings(m.source)
    found = [name for name in to_block(m, resolution) if name in archived]
    if found:
        raise PreconditionError(
            "once frozen, these indices of the source could not be released again:",
            tuple(f"{name}: it has {', '.join(archived[name][:3])}" for name in found[:10]),
            hint=archived_way_out(found[0]),
        )


def freeze(m: Migration, resolution: Resolution) -> FreezeRecord:
    """Make every open index that moves refuse writes, and wait until its shards are quiet.

    Safe to repeat: indices that are already blocked stay blocked.

    Raises:
        ExecutionError: an index still takes writes, or a shard cannot be flushed or refreshed.
        TimedOut: the shards did not become quiet.
        DomainError: transient, or denied.
    """
    names = [index.name for index in resolution.indices if index.open]
    wanted = to_block(m, resolution)
    before = [name for name in names if name not in wanted]
    of_streams = _of_streams(resolution)
    result = _block(m, [name for name in wanted if name not in of_streams])
    by_settings = [name for name in wanted if name in of_streams or name in result.refused]
    _block_by_settings(m, by_settings)
    _require_blocked(m, wanted)
    _await_quiet_shards(m, names, 0.0 if result.drained and not by_settings else _REST_S)
    return FreezeRecord(at=now(), blocked=tuple(wanted), before=tuple(before), by_settings=tuple(by_settings))


def requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """The requests of a freeze if the source accepts `_block/write`, without the flushes. Reads only."""
    wanted, of_streams = to_block(m, resolution), _of_streams(resolution)
    yield from block_requests(name for name in wanted if name not in of_streams)
    yield from setting_requests((name for name in wanted if name in of_streams), blocked=True)


def release_requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """The requests of a release once the source is frozen, and of trying it before. Reads only."""
    return setting_requests(sorted(to_block(m, resolution)), blocked=False)


def try_release(m: Migration, names: Iterable[str]) -> None:
    """Confirm that each of these indices can be released, by the request that releases it.

    Safe to repeat: it asks of each index what is so already. One that refuses writes now is asked to go on.

    Raises:
        PreconditionError: the source refuses it for at least one; the first few are named.
        DomainError: transient.
    """
    blocked = blocks(m.source)
    present = catalog(m.source).indices
    refused: dict[str, Refused] = {}
    for blocked_now in (False, True):
        same = [
            name
            for name in sorted(names)
            if name in present and (name in blocked and blocked[name].write) is blocked_now
        ]
        refused |= _send_settings(m, same, blocked=blocked_now, enough=_ENOUGH)
    if refused:
        first = next(iter(refused))
        raise PreconditionError(
            "the source refuses to release what the cutover would freeze:",
            tuple(f"{name}: {error.reply.text or error.message}" for name, error in refused.items()),
            hint=_way_out(first, refused[first], again="then cut over again"),
        )


def to_block(m: Migration, resolution: Resolution) -> list[str]:
    """The open indices that move and take writes now, or were blocked by this run."""
    own, blocked = blocked_by(m), blocks(m.source)
    names = (index.name for index in resolution.indices if index.open)
    return [name for name in names if name in own or name not in blocked]


def _of_streams(resolution: Resolution) -> set[str]:
    return {index.name for index in resolution.indices if index.stream}


@dataclass(frozen=True)
class _BlockResult:
    """How the domain answered `_block/write`.

    Args:
        refused: the names for which it does not accept the request.
        drained: whether it reports that every write in progress has finished. It does not report that for an
            index that was blocked before, for example by a request whose reply was lost.
    """

    refused: tuple[str, ...]
    drained: bool


def _block(m: Migration, names: Sequence[str]) -> _BlockResult:
    """Block them with `_block/write`, one intent per request: after a denial earlier blocks stay in force."""
    drained = True
    for piece in path_pieces(names):
        try:
            with m.journal.intend(StepName.FREEZE, "source", "block", {"names": list(piece)}):
                for request in block_requests(piece):
                    reply = m.source.connection.send(request)
                    require_acknowledged(m.source, "block writes", reply)
                    drained = drained and is_object(reply) and reply.get("shards_acknowledged") is True
        except Denied as error:
            refusal = error
        except Refused as error:
            if error.transient or not _lacks_block_api(error):
                raise
            refusal = error
        else:
            continue
        report_progress(
            Progress(
                StepName.FREEZE, f"the domain rejects _block/write ({refusal.reply.text}); using the setting"
            )
        )
        return _BlockResult(tuple(names), drained)
    return _BlockResult((), drained)


def _lacks_block_api(error: Refused) -> bool:
    """Whether the engine or the service in front of it lacks `_block`. Old ones read it as a mapping type."""
    text = error.reply.text.lower()
    return error.says(*_UNKNOWN_TYPES) or any(words in text for words in _UNKNOWN_WORDS)


def _block_by_settings(m: Migration, names: Sequence[str]) -> None:
    for piece in path_pieces(names):
        with m.journal.intend(StepName.FREEZE, "source", "block", {"names": list(piece), "by": "settings"}):
            for request in setting_requests(piece, blocked=True):
                require_acknowledged(m.source, "block writes", m.source.connection.send(request))


def _require_blocked(m: Migration, names: Iterable[str]) -> None:
    now_blocked = blocks(m.source)
    taking = [name for name in names if not (name in now_blocked and now_blocked[name].write)]
    if taking:
        many = counted(len(taking), "index on the source still takes", "indices on the source still take")
        raise ExecutionError(
            f"{many} writes: {', '.join(taking[:5])}",
            "somebody has removed the block, or the index was recreated; find out who, then cut over again",
        )


def _await_quiet_shards(m: Migration, names: Sequence[str], rest_s: float) -> None:
    """Wait until no shard has an operation in progress, twice in a row, then make every document visible.

    Args:
        rest_s: the least number of seconds between the two readings.
    """
    poll, still = m.poll(m.patience_s), m.poll(rest_s)
    previous: object = None
    while True:
        current = marks(m.source, names)
        silent = [name for name in names if name not in current]
        if silent:
            raise ExecutionError(
                f"the shards of {', '.join(silent[:5])} on the source do not report their last operation",
                "start their primaries (see GET _cat/shards), then run the same command again",
            )
        busy = [name for name in names if not all(mark.idle for mark in current[name])]
        if current != previous:
            still = m.poll(rest_s)
        elif not busy and still.expired:
            break
        if poll.expired:
            raise TimedOut(
                f"operations are still in progress on {', '.join(busy[:5]) or 'the source'}",
                "let what still runs there end (see GET _tasks), then run the same command again",
            )
        if busy:
            message = f"waiting: operations are in progress on {counted(len(busy), 'index', 'indices')}"
            report_progress(Progress(StepName.FREEZE, message, waiting=True))
            _flush(m, busy)  # an operation that failed in Lucene holds the checkpoint back until a flush
        previous = current
        poll.pause()
    _flush(m, names)
    stale = refresh(m.source, names)
    if stale:
        name, why = next(iter(stale.items()))
        raise ExecutionError(
            f"{name} on the source cannot be refreshed: {why}",
            "see that every shard of it is started (GET _cat/shards), then run the same command again",
        )


def _flush(m: Migration, names: Sequence[str]) -> None:
    try:
        failed = flush(m.source, names)
    except Denied:
        return  # only a help: the snapshot flushes by itself
    if failed:
        raise ExecutionError(
            f"the source cannot flush {'; '.join(failed[:3])}",
            "see that its disks have room and every shard is started, then run the same command again",
        )


def blocked_by(m: Migration) -> set[str]:
    """Names of the source's indices that this run has blocked, or may have blocked."""
    intents = (intent for intent in m.journal.intents("block") if intent.result != DENIED)
    return {name for intent in intents for name in intent.detail["names"]}


def still_blocked(m: Migration) -> list[str]:
    """Those that still refuse writes. Reads only."""
    if m.source_domain is None:
        return []  # a migration from a snapshot blocks nothing
    blocked = blocks(m.source)
    return sorted(name for name in blocked_by(m) if name in blocked and blocked[name].write)


def release_unrecorded(m: Migration) -> None:
    """Release the source without recording it, for a run that can no longer write its journal."""
    _send_settings(m, still_blocked(m), blocked=False)


def release_unseen(migration: Callable[[], Migration]) -> list[str]:
    """Release whatever this run may have blocked, without a look before or after: replies may not come.

    Args:
        migration: makes the migration for one request, with the time that the request may take.

    Returns:
        The indices that the source was asked to release.
    """
    names = sorted(blocked_by(migration()))
    for piece in path_pieces(names):
        with suppress(SnapferryError):  # it may have taken effect all the same
            _send_settings(migration(), piece, blocked=False)
    return names


def release(m: Migration) -> ReleaseRecord:
    """Release the source: let every index take writes again that this run has blocked, and confirm it.

    One index that refuses does not hold the others. Safe to repeat.

    Raises:
        ExecutionError: an index still refuses writes; each is named, with what to do about it.
        DomainError: transient.
    """
    names, refusals = still_blocked(m), dict[str, Refused]()
    if names:
        with m.journal.intend(StepName.RELEASE, "source", "release", {"names": names}):
            refusals = _send_settings(m, names, blocked=False)
    kept = still_blocked(m)
    if kept:
        named = ("; " if refusals else ", ").join(_refusal(name, refusals.get(name)) for name in kept[:5])
        many = counted(len(kept), "index on the source still refuses", "indices on the source still refuse")
        raise ExecutionError(
            f"{many} writes: {named}",
            _way_out(kept[0], refusals.get(kept[0])),
        )
    return ReleaseRecord(released=tuple(sorted(blocked_by(m))), kept=())


def _send_settings(
    m: Migration, names: Sequence[str], *, blocked: bool, enough: int | None = None
) -> dict[str, Refused]:
    """Ask for the block, or the release, of these indices; where many are refused, of one after the other."""
    return change_each(m.source, names, {WRITE: True if blocked else None}, enough)


def _refusal(name: str, error: Refused | None) -> str:
    return f"{name} ({error.reply.text})" if error else name


def _way_out(name: str, error: Refused | None, again: str = "then run the same command again") -> str:
    """What to do about an index that cannot be released, with the cause that the domain gives."""
    path = f"/{name}/_settings"
    if error is None:
        return "run the same command again"
    if "archived." in error.reply.text:
        return f"{archived_way_out(name)}; {again}"
    if isinstance(error, Blocked):
        return f"somebody has set another block: {error.hint}; {again}"
    return f'find out why PUT {path} {{"index.blocks.write": null}} is refused; {again}'
