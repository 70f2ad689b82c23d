"""Making the source refuse writes for the window, and take them again.

`_block/write` waits until every write under way has come to its end. The setting `index.blocks.write`, which
the write indices of data streams and older engines take alone, does not: then the shards are waited for.
An index that refused writes before is no business of the run: it is neither blocked nor released.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domains.engine.catalog import path_pieces, refresh
from domains.engine.index_opening import require_acknowledged
from domains.engine.shard_stats import marks
from domains.engine.write_blocks import block_requests, blocks, flush, setting_requests
from domains.errors import Denied, Refused
from domains.http.json_replies import is_object
from domains.http.requests import Request
from runs.journal import DENIED, now
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.migration import Consents, Migration
from tasks.records.cutover import FreezeRecord, ReleaseRecord
from tasks.records.resolution import Resolution

_REST_S = 2.0  # writes that were under way when a setting blocked them were seen to end within that
_UNKNOWN_WORDS = ("no handler found", "is not allowed", "incorrect http method")
_UNKNOWN_TYPES = ("invalid_index_name_exception", "invalid_type_name_exception", "parse_exception")


def require_consent(consents: Consents) -> None:
    """Raises PreconditionError unless the user has consented to the freeze."""
    if not consents.allow_freeze:
        raise PreconditionError(
            "the cutover makes the source refuse writes, which needs the consent --allow-freeze",
            hint="`snapferry cutover PLAN` shows for how long; then add --allow-freeze to the command",
        )


def freeze(m: Migration, resolution: Resolution) -> FreezeRecord:
    """Makes every open index that moves refuse writes, and waits until its shards stand still.

    May be repeated: what is blocked already stays so.

    Raises:
        ExecutionError: an index still takes writes, or a shard cannot be flushed or refreshed.
        TimedOut: the shards do not come to rest.
        DomainError: transient, or denied.
    """
    names = [index.name for index in resolution.indices if index.open]
    wanted = _to_block(m, resolution)
    before = [name for name in names if name not in wanted]
    of_streams = _of_streams(resolution)
    done = _block(m, [name for name in wanted if name not in of_streams])
    by_settings = [name for name in wanted if name in of_streams or name in done.refused]
    _block_by_settings(m, by_settings)
    _require_blocked(m, wanted)
    _come_to_rest(m, names, 0.0 if done.drained and not by_settings else _REST_S)
    return FreezeRecord(at=now(), blocked=tuple(wanted), before=tuple(before), by_settings=tuple(by_settings))


def requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """What the freeze sends where the source takes `_block/write`; without flushes. Reads only."""
    wanted, of_streams = _to_block(m, resolution), _of_streams(resolution)
    yield from block_requests(name for name in wanted if name not in of_streams)
    yield from setting_requests((name for name in wanted if name in of_streams), blocked=True)


def release_requests(m: Migration, resolution: Resolution) -> Iterator[Request]:
    """What the release sends once the source is frozen. Reads only."""
    return setting_requests(sorted(_to_block(m, resolution)), blocked=False)


def _to_block(m: Migration, resolution: Resolution) -> list[str]:
    """The open indices that move and refuse no writes yet, or refuse them by this run."""
    mine, had = blocked_by(m), blocks(m.source)
    names = (index.name for index in resolution.indices if index.open)
    return [name for name in names if name in mine or name not in had]


def _of_streams(resolution: Resolution) -> set[str]:
    return {index.name for index in resolution.indices if index.stream}


@dataclass(frozen=True)
class _Blocked:
    """How the domain has taken `_block/write`.

    Args:
        refused: names for which it does not take that.
        drained: whether it says that every write under way has come to its end. It does not of what was
            blocked before, as by a request whose reply was lost.
    """

    refused: tuple[str, ...]
    drained: bool


def _block(m: Migration, names: Sequence[str]) -> _Blocked:
    """Blocks them by `_block/write`, each request an intent: one that is denied leaves others in force."""
    drained = True
    for piece in path_pieces(names):
        try:
            with m.journal.intend(StepName.FREEZE, "source", "block", {"names": list(piece)}):
                for request in block_requests(piece):
                    reply = m.source.connection.send(request)
                    require_acknowledged(m.source, "block writes", reply)
                    drained = drained and is_object(reply) and reply.get("shards_acknowledged") is True
        except Denied as error:
            said = error
        except Refused as error:
            if error.transient or not _is_unknown_way(error):
                raise
            said = error
        else:
            continue
        report_progress(
            Progress(
                StepName.FREEZE, f"the domain does not take _block/write ({said.reply.text}): by settings"
            )
        )
        return _Blocked(tuple(names), drained)
    return _Blocked((), drained)


def _is_unknown_way(error: Refused) -> bool:
    """Whether the engine, or the service before it, has no `_block`. Old ones take it for a mapping type."""
    said = error.reply.text.lower()
    return error.says(*_UNKNOWN_TYPES) or any(words in said for words in _UNKNOWN_WORDS)


def _block_by_settings(m: Migration, names: Sequence[str]) -> None:
    for piece in path_pieces(names):
        with m.journal.intend(StepName.FREEZE, "source", "block", {"names": list(piece), "by": "settings"}):
            for request in setting_requests(piece, blocked=True):
                require_acknowledged(m.source, "block writes", m.source.connection.send(request))


def _require_blocked(m: Migration, names: Iterable[str]) -> None:
    now_blocked = blocks(m.source)
    taking = [name for name in names if not (name in now_blocked and now_blocked[name].write)]
    if taking:
        raise ExecutionError(
            f"{len(taking)} indices on the source still take writes: {', '.join(taking[:5])}",
            "somebody has taken the block away, or the index was made anew",
        )


def _come_to_rest(m: Migration, names: Sequence[str], rest_s: float) -> None:
    """Waits until no operation is under way on any shard, twice in a row, and makes all of them visible.

    Args:
        rest_s: seconds that lie between the two looks at least.
    """
    poll, still = m.poll(m.patience_s), m.poll(rest_s)
    seen: object = None
    while True:
        told = marks(m.source, names)
        silent = [name for name in names if name not in told]
        if silent:
            raise ExecutionError(
                f"the shards of {', '.join(silent[:5])} on the source do not tell how far they are",
                "see that their primaries are started (GET _cat/shards), then run the same command again",
            )
        restless = [name for name in names if not all(mark.idle for mark in told[name])]
        if told != seen:
            still = m.poll(rest_s)
        elif not restless and still.expired:
            break
        if poll.expired:
            raise TimedOut(
                f"operations are still under way on {', '.join(restless[:5]) or 'the source'}",
                "find what still works there (GET _tasks), wait for its end, then run the same command again",
            )
        if restless:
            said = f"waiting: operations are under way on {len(restless)} indices"
            report_progress(Progress(StepName.FREEZE, said, waiting=True))
            _flushed(m, restless)  # an operation that failed in Lucene keeps the checkpoint back until then
        seen = told
        poll.pause()
    _flushed(m, names)
    stale = refresh(m.source, names)
    if stale:
        name, why = next(iter(stale.items()))
        raise ExecutionError(
            f"{name} on the source cannot be refreshed: {why}",
            "see that every shard of it is started (GET _cat/shards), then run the same command again",
        )


def _flushed(m: Migration, names: Sequence[str]) -> None:
    try:
        failed = flush(m.source, names)
    except Denied:
        return  # a help only: the snapshot flushes by itself
    if failed:
        raise ExecutionError(
            f"the source cannot flush {'; '.join(failed[:3])}",
            "see that its disks have room and every shard is started, then run the same command again",
        )


def blocked_by(m: Migration) -> set[str]:
    """Names of the source's indices that this run has blocked, or may have."""
    intents = (intent for intent in m.journal.intents("block") if intent.result != DENIED)
    return {name for intent in intents for name in intent.detail["names"]}


def still_blocked(m: Migration) -> list[str]:
    """Those of them that refuse writes now. Reads only."""
    had = blocks(m.source)
    return sorted(name for name in blocked_by(m) if name in had and had[name].write)


def lift(m: Migration) -> None:
    """Lets the source take writes again without writing that down: for a run that cannot write any more."""
    for request in setting_requests(still_blocked(m), blocked=False):
        m.source.connection.send(request)


def release(m: Migration) -> ReleaseRecord:
    """Lets the source take writes again wherever this run has made it refuse them; confirms it by a look.

    May be repeated.

    Raises:
        ExecutionError: an index still refuses writes.
        DomainError: transient, or denied.
    """
    names = still_blocked(m)
    if names:
        with m.journal.intend(StepName.RELEASE, "source", "release", {"names": names}):
            for request in setting_requests(names, blocked=False):
                m.source.connection.send(request)
    kept = still_blocked(m)
    if kept:
        raise ExecutionError(
            f"{len(kept)} indices on the source still refuse writes: {', '.join(kept[:5])}",
            "run the same command again",
        )
    return ReleaseRecord(released=tuple(sorted(blocked_by(m))), kept=())
