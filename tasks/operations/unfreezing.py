"""Let indices take writes again, for the day when the state folder of a cutover is lost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domains.engine import catalog as names_on
from domains.engine.catalog import path_pieces
from domains.engine.indices.write_blocks import (
    WRITE,
    Blocks,
    archived_settings,
    archived_way_out,
    blocks,
    change_each,
    settings_requests,
)
from domains.errors import Blocked, DomainError, Refused
from domains.http.requests import Request
from runs.errors import StateUnusable
from runs.progress import Progress, report_progress
from tasks.errors import PreconditionError
from tasks.operations.operation import Operation, Prepared, shown
from tasks.operations.unfinished_runs import RunHere, kept_blocks, unfinished_runs
from tasks.records.operations import (
    BlockedIndex,
    BlockedList,
    Consent,
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    NoteKind,
    Preview,
    Risk,
)

_OF_A_FULL_DISK = "index.blocks.read_only_allow_delete"


def list_blocked(op: Operation) -> BlockedList:
    """List the indices that refuse writes, with the unfinished cutover that holds each. Reads only."""
    archived, problem = archived_settings(op.domain), ""
    held: dict[str, RunHere] = {}
    try:
        held = _held(op)
    except StateUnusable as error:
        problem = error.message
    rows = (
        BlockedIndex(
            name=name,
            blocks=_keys(each),
            archived=archived.get(name, ()),
            held_by=held[name].words if name in held else "",
            way_out=held[name].command("abort", "--execute") if name in held else "",
        )
        for name, each in sorted(blocks(op.domain).items())
    )
    return BlockedList(endpoint=op.endpoint, indices=tuple(rows), problem=problem)


def _keys(found: Blocks) -> tuple[str, ...]:
    return ((WRITE,) if found.write else ()) + found.others


def _held(op: Operation) -> dict[str, RunHere]:
    """Indices that an unfinished cutover has blocked, or may have blocked."""
    found: dict[str, RunHere] = {}
    for run in unfinished_runs(op):
        if run.may_hold_blocks:
            found = {**dict.fromkeys(run.blocked_names(), run), **found}
    return found


@dataclass(frozen=True)
class UnfreezeWanted:
    """Which indices are to take writes again.

    Args:
        every: whether all that refuse writes are meant.
        allow_release: names that may be released although a finished cutover keeps them from taking writes.
    """

    names: tuple[str, ...] = ()
    every: bool = False
    allow_release: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """The blocks as they were read.

    Args:
        free: names to release, each with its blocks.
        held: names that an unfinished cutover holds.
        unblocked: names without any block.
        absent: names that are not there.
        archived: archived settings by name.
    """

    free: dict[str, Blocks]
    held: dict[str, RunHere]
    unblocked: tuple[str, ...]
    absent: tuple[str, ...]
    archived: dict[str, tuple[str, ...]]


def prepare_unfreeze(op: Operation, wanted: UnfreezeWanted) -> Prepared[NamesOutcome]:
    """Prepare to release indices. One that cannot be released holds no other."""
    try:
        found, kept = _found(op, wanted), kept_blocks(op)
    except StateUnusable as error:
        raise PreconditionError(
            f"it is not known whether a cutover holds these indices: {error.message}",
            hint="if that state is lost for good, name an empty folder with --state; else mend it first",
        ) from error
    consents = tuple(
        Consent(
            option="--allow-release",
            value=name,
            name=name,
            risk=Risk.KEPT_BY_CUTOVER,
            detail=kept[name].words,
            given=name in wanted.allow_release,
        )
        for name in found.free
        if name in kept
    )
    preview = Preview(
        operation="unfreeze",
        endpoint=op.endpoint,
        requests=shown(_requests(found.free)),
        consents=consents,
        notes=tuple(_notes(found)),
        problems=tuple(_held_words(name, run) for name, run in found.held.items()) if not found.free else (),
    )

    def act() -> NamesOutcome:
        return NamesOutcome(
            operation=preview.operation,
            endpoint=op.endpoint,
            requests=preview.requests,
            names=tuple(_results(op, found)),
        )

    return Prepared(preview, act)


def _found(op: Operation, wanted: UnfreezeWanted) -> _Found:
    blocked, holders = blocks(op.domain), _held(op)
    names = tuple(dict.fromkeys(wanted.names)) or (tuple(sorted(blocked)) if wanted.every else ())
    there = names_on.uuids(op.domain, [name for name in names if name not in blocked])
    held = {name: holders[name] for name in names if name in holders and name in blocked}
    return _Found(
        free={name: blocked[name] for name in names if name in blocked and name not in held},
        held=held,
        unblocked=tuple(name for name in names if name not in blocked and name in there),
        absent=tuple(name for name in names if name not in blocked and name not in there),
        archived=archived_settings(op.domain),
    )


def _held_words(name: str, run: RunHere) -> str:
    return (
        f"{name}: {run.words} holds it; `{run.command('abort', '--execute')}` releases it, "
        f"and `{run.command('cutover', '--execute', '--allow-freeze')}` goes through with it"
    )


def _groups(free: Mapping[str, Blocks]) -> dict[tuple[str, ...], list[str]]:
    """The names by the blocks that they have."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, each in free.items():
        found.setdefault(_keys(each), []).append(name)
    return found


def _requests(free: Mapping[str, Blocks]) -> Iterator[Request]:
    for keys, names in _groups(free).items():
        yield from settings_requests(names, dict.fromkeys(keys))


def _notes(found: _Found) -> Iterator[Note]:
    if found.absent:
        yield Note(kind=NoteKind.ABSENT, names=found.absent)
    if found.unblocked:
        yield Note(kind=NoteKind.NOT_BLOCKED, names=found.unblocked)
    for name, run in found.held.items() if found.free else ():
        yield Note(kind=NoteKind.HELD, names=(name,), detail=_held_words(name, run))
    full = tuple(name for name, each in found.free.items() if _OF_A_FULL_DISK in each.others)
    if full:
        yield Note(kind=NoteKind.DISK_BLOCK, names=full)
    for name in found.free.keys() & found.archived.keys():
        yield Note(kind=NoteKind.ARCHIVED, names=(name,), detail=archived_way_out(name))


def _results(op: Operation, found: _Found) -> Iterator[NameResult]:
    refused, doubt = _release(op, found.free)
    left = blocks(op.domain)
    still = [name for name in found.free if name in left]
    if doubt and not any(name in refused for name in still) and still:
        raise doubt  # its outcome is open, and the same command looks again
    for name in found.free:
        if name in left:
            yield NameResult(
                name=name, outcome=NameOutcome.FAILED, detail=_why(name, left[name], refused.get(name))
            )
        else:
            yield NameResult(name=name, outcome=NameOutcome.DONE)
    for name, run in found.held.items():
        yield NameResult(name=name, outcome=NameOutcome.HELD, detail=_held_words(name, run))
    yield from (NameResult(name=n, outcome=NameOutcome.NOTHING_TO_DO) for n in found.unblocked)
    yield from (NameResult(name=n, outcome=NameOutcome.ABSENT) for n in found.absent)


def _release(op: Operation, free: Mapping[str, Blocks]) -> tuple[dict[str, Refused], DomainError | None]:
    """Send every release, whatever becomes of one; return the refusals, and an error that leaves it open."""
    refused: dict[str, Refused] = {}
    doubt: DomainError | None = None
    for keys, names in _groups(free).items():
        for piece in path_pieces(names):
            report_progress(Progress("unfreeze", f"releasing {piece[0]} …"))
            settings: dict[str, None] = dict.fromkeys(keys)
            here: dict[str, Refused] = {}
            try:
                here = change_each(op.domain, piece, settings)
            except DomainError as error:
                if not error.transient:
                    raise
                doubt = error
            if len(here) < len(piece):
                op.sent.extend(settings_requests(piece, settings))
            refused |= here
    return refused, doubt


def _why(name: str, left: Blocks, error: Refused | None) -> str:
    """Why an index still refuses writes, and the command for it."""
    nulls = ", ".join(f'"{key}": null' for key in _keys(left))
    by_hand = f"PUT /{name}/_settings {{{nulls}}}"
    if error is None:
        return f"it still has {', '.join(_keys(left))}: somebody has set it again; {by_hand} releases it"
    if "archived." in error.reply.text:
        return f"{error.reply.text}; {archived_way_out(name)}"
    hint = error.hint if isinstance(error, Blocked) else f"find out why {by_hand} is refused"
    return f"{error.reply.text}; {hint}"
