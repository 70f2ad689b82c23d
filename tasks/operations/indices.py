"""List the indices of a domain, and delete some of them, after a look at who depends on their names.

The AWS guide warns: deleting an index deletes its alias, too, and an errant write to the alias then creates
an index of that name, so that the alias cannot be used any more. So an alias that would go, or lose the index
that it writes into, needs a consent of its own, and it is said whether somebody writes through it right now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from domains.engine import catalog as names_on
from domains.engine.catalog import Catalog, Index, catalog
from domains.engine.shard_stats import writes_so_far
from domains.errors import DomainError, Missing, Refused, Unreachable
from domains.http.requests import Request
from runs.progress import Progress, report_progress
from tasks.errors import TimedOut
from tasks.operations.operation import Operation, Prepared, shown
from tasks.operations.unfinished_runs import unfinished_runs
from tasks.records.operations import (
    Consent,
    IndexList,
    IndexRow,
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    NoteKind,
    Preview,
    Risk,
)
from tasks.retry_while_busy import is_busy
from tasks.selection.select import matches
from tasks.selection.system_indices import system_indices_of

_BETWEEN_READS_S = 2.0
_GONE_WITHIN_S = 15.0


def list_indices(op: Operation, patterns: Sequence[str], *, system: bool) -> IndexList:
    """List indices by name. Reads only.

    Args:
        patterns: names and patterns; none for all.
        system: whether to list those that belong to a product, too.
    """
    there = catalog(op.domain).indices.values()
    fitting = [index for index in there if not patterns or matches(index.name, patterns)]
    rows = tuple(_row(index) for index in fitting)
    shown_rows = tuple(row for row in rows if system or not row.system)
    return IndexList(endpoint=op.endpoint, indices=shown_rows, system=len(rows) - len(shown_rows))


def _row(index: Index) -> IndexRow:
    product = system_indices_of(index.name)
    return IndexRow(
        name=index.name,
        open=index.open,
        health=index.health,
        shards=index.shards,
        replicas=index.replicas,
        documents=index.documents,
        bytes=index.bytes,
        aliases=tuple(alias.name for alias in index.aliases),
        write_aliases=tuple(alias.name for alias in index.aliases if alias.write_index),
        stream=index.stream or "",
        system=product.product if product else "",
    )


@dataclass(frozen=True)
class IndexDeletionWanted:
    """Which indices and data streams are to be deleted.

    Args:
        names: exact names.
        every: whether all that belong to users are meant.
        allow_delete: names that may be deleted where the name on the line is not enough.
        allow_alias: aliases and data streams that may lose an index.
    """

    names: tuple[str, ...] = ()
    every: bool = False
    allow_delete: tuple[str, ...] = ()
    allow_alias: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Doomed:
    """What is to be deleted, as it was read.

    Args:
        indices: each with its UUID.
        streams: data streams, each with the UUIDs of its backing indices.
        bad: names that cannot be deleted, and why.
        absent: names that are not there.
    """

    there: Catalog
    indices: dict[str, str]
    streams: dict[str, str]
    bad: dict[str, str]
    absent: tuple[str, ...]

    @property
    def gone(self) -> frozenset[str]:
        """Every index that will be gone, backing indices included."""
        backing = (index for name in self.streams for index in self.there.streams[name].backing)
        return frozenset((*self.indices, *backing))


def prepare_delete(op: Operation, wanted: IndexDeletionWanted) -> Prepared[NamesOutcome]:
    """Prepare to delete indices and data streams by their exact names."""
    doomed = _doomed(catalog(op.domain), wanted)
    consents = (*_by_name(doomed, wanted), *_by_aliases(doomed, wanted))
    preview = Preview(
        operation="index delete",
        endpoint=op.endpoint,
        requests=shown(_requests(doomed.streams, doomed.indices)),
        consents=consents,
        notes=(*_notes(doomed), *_writes(op, doomed)),
        problems=tuple(_problems(op, doomed)),
    )

    def act() -> NamesOutcome:
        results = [*_results(op, doomed)]
        return NamesOutcome(
            operation=preview.operation,
            endpoint=op.endpoint,
            requests=preview.requests,
            notes=tuple(_made_again(op, doomed)),
            names=tuple(results),
        )

    return Prepared(preview, act)


def _doomed(there: Catalog, wanted: IndexDeletionWanted) -> _Doomed:
    users = [*there.streams, *(i.name for i in there.indices.values() if not i.stream)]
    names = wanted.names or tuple(n for n in users if wanted.every and not system_indices_of(n))
    names = tuple(dict.fromkeys(names))
    streams = {name: _uuids(there, name) for name in names if name in there.streams}
    covered = {index for name in streams for index in there.streams[name].backing}
    indices = {n: there.indices[n].uuid for n in names if n in there.indices and n not in covered}
    bad = {name: _why_not(there, name) for name in names}
    bad = {name: why for name, why in bad.items() if why and name not in covered}
    known = indices.keys() | streams.keys() | covered | bad.keys()
    absent = tuple(name for name in names if name not in known)
    kept = {name: uuid for name, uuid in indices.items() if name not in bad}
    return _Doomed(there, kept, streams, bad, absent)


def _uuids(there: Catalog, stream: str) -> str:
    backing = there.streams[stream].backing
    return ",".join(there.indices[name].uuid for name in backing if name in there.indices)


def _why_not(there: Catalog, name: str) -> str:
    """Why the domain would refuse to delete this name; empty if it would not."""
    if name in there.aliases and name not in there.indices:
        covered = ", ".join(there.aliases[name][:5])
        return f"it is an alias of {covered}: name the index; an alias is removed by POST /_aliases"
    stream = there.indices[name].stream if name in there.indices else None
    if stream and there.streams[stream].backing[-1] == name:
        return (
            f"it takes the writes of data stream {stream}: delete the data stream, or roll it over first "
            f"(POST /{stream}/_rollover)"
        )
    return ""


def _requests(streams: Mapping[str, str], indices: Mapping[str, str]) -> Iterator[Request]:
    for name in streams:
        yield names_on.delete_request(name, stream=True)
    yield from names_on.delete_all_requests(indices)


def _by_name(doomed: _Doomed, wanted: IndexDeletionWanted) -> Iterator[Consent]:
    for name in (*doomed.streams, *doomed.indices):
        product = system_indices_of(name)
        if wanted.every or product:
            yield Consent(
                option="--allow-delete",
                value=name,
                name=name,
                risk=Risk.SYSTEM_INDEX if product else Risk.CHOSEN_BY_ALL,
                detail=product.product if product else "",
                given=name in wanted.allow_delete,
            )


def _by_aliases(doomed: _Doomed, wanted: IndexDeletionWanted) -> Iterator[Consent]:
    for name, risk, alias in _aliases_at_risk(doomed):
        yield Consent(
            option="--allow-alias",
            value=alias,
            name=name,
            risk=risk,
            detail=alias,
            given=alias in wanted.allow_alias,
        )


def _aliases_at_risk(doomed: _Doomed) -> Iterator[tuple[str, Risk, str]]:
    """Index, risk, and the alias or data stream that loses it."""
    gone, there = doomed.gone, doomed.there
    for name in doomed.indices:
        index = there.indices[name]
        if index.stream:
            yield name, Risk.BACKING_INDEX, index.stream
        for alias in index.aliases:
            left = [other for other in there.aliases[alias.name] if other not in gone]
            if not left:
                yield name, Risk.ONLY_INDEX, alias.name
            elif alias.write_index:
                yield name, Risk.WRITE_INDEX, alias.name


def _notes(doomed: _Doomed) -> Iterator[Note]:
    known = [*doomed.there.indices, *doomed.there.streams]
    for name in doomed.absent:
        close = get_close_matches(name, known, n=1, cutoff=0.7)
        yield Note(kind=NoteKind.ABSENT, names=(name,), detail=close[0] if close else "")
    for name, why in doomed.bad.items():
        yield Note(kind=NoteKind.IS_AN_ALIAS, names=(name,), detail=why)


def _writes(op: Operation, doomed: _Doomed) -> Iterator[Note]:
    """Whether somebody writes into the indices behind aliases right now, from two readings. Reads only."""
    at_risk: dict[str, set[str]] = {}
    for name, _, alias in _aliases_at_risk(doomed):
        at_risk.setdefault(name, set()).add(alias)
    if not at_risk:
        return
    report_progress(Progress("look", "finding out whether somebody writes through the aliases"))
    before = writes_so_far(op.domain, at_risk)
    op.rest(_BETWEEN_READS_S)
    after = writes_so_far(op.domain, at_risk)
    for name, aliases in sorted(at_risk.items()):
        if name not in before or name not in after:
            continue
        done = after[name] - before[name]
        kind = NoteKind.WRITES_NOW if done else NoteKind.NO_WRITES_NOW
        yield Note(
            kind=kind, names=(name, *sorted(aliases)), detail=f"{done} operations in {_BETWEEN_READS_S:.0f} s"
        )


def _problems(op: Operation, doomed: _Doomed) -> Iterator[str]:
    runs = unfinished_runs(op)
    for name in (*doomed.streams, *doomed.indices):
        backing = doomed.there.streams[name].backing if name in doomed.streams else ()
        for run in runs:
            if {name, *backing} & run.index_names():
                way_out = f"finish it, or end it with `{run.command('abort', '--execute')}`"
                yield f"{name}: {run.words} works on it; {way_out}"
                break
    if doomed.bad and not (doomed.streams or doomed.indices):
        yield from (f"{name}: {why}" for name, why in doomed.bad.items())


def _results(op: Operation, doomed: _Doomed) -> Iterator[NameResult]:
    now = names_on.catalog(op.domain)
    for name, uuids in doomed.streams.items():
        if name not in now.streams:
            yield NameResult(name=name, outcome=NameOutcome.ABSENT)
        elif _uuids(now, name) != uuids:
            said = "its backing indices have changed since it was looked at: run the same command again"
            yield NameResult(name=name, outcome=NameOutcome.FAILED, detail=said)
        else:
            why = _delete(op, names_on.delete_request(name, stream=True), name)
            yield from _judged(op, {name: why}, streams=True)
    same = [name for name, uuid in doomed.indices.items() if _uuid(now, name) == uuid]
    others = [name for name in doomed.indices if name not in same]
    for name in others:
        outcome = NameOutcome.ABSENT if name not in now.indices else NameOutcome.FAILED
        said = "" if name not in now.indices else "it has been made anew since it was looked at"
        yield NameResult(name=name, outcome=outcome, detail=said)
    yield from _judged(op, _delete_indices(op, same), streams=False, uuids=doomed.indices)
    yield from (NameResult(name=n, outcome=NameOutcome.ABSENT) for n in doomed.absent)
    yield from (NameResult(name=n, outcome=NameOutcome.FAILED, detail=why) for n, why in doomed.bad.items())


def _uuid(there: Catalog, name: str) -> str:
    return there.indices[name].uuid if name in there.indices else ""


def _delete_indices(op: Operation, names: Sequence[str]) -> dict[str, str]:
    """Delete these indices, many at once; where that is refused, singly. Returns why each was refused."""
    refused: dict[str, str] = {}
    pieces = list(names_on.path_pieces(names))
    for done, piece in enumerate(pieces):
        report_progress(Progress("delete", f"deleting {piece[0]} …", done, len(pieces), "requests"))
        (request,) = names_on.delete_all_requests(piece)
        why = _delete(op, request, piece[0])
        if why and len(piece) > 1:
            for name in piece:
                (alone,) = names_on.delete_all_requests([name])
                refused[name] = _delete(op, alone, name)
        else:
            refused |= dict.fromkeys(piece, why)
    return refused


def _delete(op: Operation, request: Request, name: str) -> str:
    """Send one deletion; return why it was refused, empty if it was not, or if only a look can tell."""
    busy = f"a running snapshot holds {name}: it can be deleted once that has ended"
    try:
        op.send_when_free(request, is_busy, busy)
    except Missing:
        return "one of the names is gone"
    except Unreachable:
        return ""
    except Refused as error:
        if error.transient:
            return ""
        return "; ".join(filter(None, (error.reply.text, error.hint)))
    return ""


def _judged(
    op: Operation, sent: Mapping[str, str], *, streams: bool, uuids: Mapping[str, str] | None = None
) -> Iterator[NameResult]:
    """Look what is left: what counts is what the domain lists now, and not its reply."""
    if not sent:
        return
    left = _left(op, sent, streams=streams, uuids=uuids or {})
    poll = op.poll(_GONE_WITHIN_S)
    while any(name in left and not why for name, why in sent.items()) and not poll.expired:
        poll.pause()
        left = _left(op, sent, streams=streams, uuids=uuids or {})
    unsettled = [name for name, why in sent.items() if name in left and not why]
    for name, why in sent.items():
        if name in left:
            detail = why or "it is still there; run the same command again"
            yield NameResult(name=name, outcome=NameOutcome.FAILED, detail=detail)
        else:
            yield NameResult(name=name, outcome=NameOutcome.DONE)
    if unsettled and len(unsettled) == len(sent):
        raise TimedOut(
            f"{', '.join(unsettled[:5])}: the deletion has not taken effect", "run the same command again"
        )


def _left(
    op: Operation, names: Mapping[str, str], *, streams: bool, uuids: Mapping[str, str]
) -> frozenset[str]:
    """Those that are still there, and are the ones that were meant."""
    if streams:
        return frozenset(n for n in names if names_on.backing_indices(op.domain, n) is not None)
    there = names_on.uuids(op.domain, names)
    return frozenset(name for name, uuid in there.items() if uuid == uuids.get(name))


def _made_again(op: Operation, doomed: _Doomed) -> Iterator[Note]:
    """Names that an errant write has made again since: of the deleted indices, and of their aliases."""
    aliases = {alias for _, risk, alias in _aliases_at_risk(doomed) if risk is Risk.ONLY_INDEX}
    try:
        there = names_on.uuids(op.domain, sorted({*doomed.indices, *aliases}))
    except DomainError:
        return  # only tells more
    again = [name for name, uuid in there.items() if uuid != doomed.indices.get(name)]
    if again:
        yield Note(kind=NoteKind.MADE_AGAIN, names=tuple(again))
