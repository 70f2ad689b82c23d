"""Restore indices of a snapshot on one domain, and follow them until every primary is started.

`accepted: true` proves nothing. What counts is the cluster state, and that each recovery names the snapshot.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from configs.restore import full_key
from domains.engine import catalog as names_on
from domains.engine.catalog import Catalog, catalog
from domains.engine.cluster import ClusterIdentity, identity
from domains.engine.comparison.seq_no_figures import counts
from domains.engine.indices.index_opening import open_requests
from domains.engine.restores import start_request
from domains.engine.snapshots import SnapshotInfo
from domains.errors import DomainError, Refused
from domains.http.requests import Request
from domains.versions import Version, version_of
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import PreconditionError
from tasks.operations.operation import Operation, Prepared, shown
from tasks.operations.reading_snapshots import lacking, require_snapshot
from tasks.operations.restore_selection import (
    Chosen,
    RenameRule,
    RestoreUnit,
    batches,
    choose,
    rename_of,
)
from tasks.operations.unfinished_runs import unfinished_runs
from tasks.records.operations import (
    Consent,
    Note,
    NoteKind,
    Preview,
    Restored,
    RestoredIndex,
    Risk,
    ShownRequest,
)
from tasks.restore.owned_indices import Arrival, arrivals
from tasks.restore.recovery import await_primaries
from tasks.restore.requests import IGNORED, RENAMED
from tasks.retry_while_busy import is_busy
from tasks.selection.compatibility import engine_problem
from tasks.verification.asked_settings import lacking_on

_BATCH = 200
_BEGINS_WITHIN_S = 15.0
_NAMES_AT_FAULT = (
    "snapshot_restore_exception",
    "index_not_found_exception",
    "illegal_argument_exception",
    "invalid_index_name_exception",
    "illegal_state_exception",
    "validation_exception",
)
_FINISHED = {"SUCCESS", "PARTIAL"}


@dataclass(frozen=True)
class RestoreWanted:
    """The restore that is asked for.

    Args:
        names: exact names and patterns; empty with `everything`: all but the system indices.
        rules: renames; the first that fits a name counts.
        onto_closed: closed indices that may be restored onto.
        close: indices that may be closed and restored onto.
        aliases: whether the aliases come along; None: for indices that keep their names.
        settings: index settings to change on the way, by full keys.
        ignore: patterns of index settings to leave out.
        allow_partial: whether a snapshot that lacks shards may be restored.
    """

    repository: str
    snapshot: str
    names: tuple[str, ...] = ()
    everything: bool = False
    rules: tuple[RenameRule, ...] = ()
    onto_closed: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    aliases: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ignore: tuple[str, ...] = ()
    allow_partial: bool = False

    @property
    def place(self) -> str:
        """`repository/snapshot`, as recoveries name it."""
        return f"{self.repository}/{self.snapshot}"


@dataclass(frozen=True)
class _Work:
    """A restore that was prepared.

    Args:
        adopted: units that have been restored, or are being restored, from this snapshot already.
        to_close: names of open indices to close first.
    """

    op: Operation
    wanted: RestoreWanted
    found: SnapshotInfo
    who: ClusterIdentity
    absent: tuple[RestoreUnit, ...]
    adopted: tuple[RestoreUnit, ...]
    to_close: tuple[str, ...]

    @property
    def units(self) -> tuple[RestoreUnit, ...]:
        """Everything that is to be there afterwards."""
        return (*self.adopted, *self.absent)

    def request(self, batch: Sequence[RestoreUnit], *, lenient: bool = False) -> Request:
        """The request that restores a batch."""
        wanted, rename = self.wanted, rename_of(batch)
        names = [unit.name for unit in batch]
        if lenient:
            names += [index for unit in batch if unit.is_stream for index in unit.indices]
        return start_request(
            wanted.repository,
            wanted.snapshot,
            names,
            aliases=rename is None if wanted.aliases is None else wanted.aliases,
            partial=self.found.state == "PARTIAL",
            index_settings=wanted.settings,
            ignore_index_settings=[*IGNORED, *(RENAMED if rename else ()), *wanted.ignore],
            rename=rename,
            lenient=lenient,
        )


def prepare_restore(op: Operation, wanted: RestoreWanted) -> Prepared[Restored]:
    """Prepare a restore: the list of names is the snapshot's own, and names that are taken are refused."""
    found = require_snapshot(op, wanted.repository, wanted.snapshot)
    who, there = identity(op.domain), catalog(op.domain)
    chosen = choose(found, wanted.names, wanted.rules, everything=wanted.everything)
    adopted = _adopted(op, wanted, chosen, there)
    absent = tuple(unit for unit in chosen.units if unit not in adopted)
    to_close = tuple(
        unit.target
        for unit in absent
        if unit.target in wanted.close and unit.target in there.indices and there.indices[unit.target].open
    )
    work = _Work(op, wanted, found, who, absent, adopted, to_close)
    requests = (*names_on.close_requests(to_close), *map(work.request, batches(absent, _BATCH)))
    preview = Preview(
        operation="restore",
        endpoint=op.endpoint,
        requests=shown(requests),
        consents=(*_consents(work, there), *_of_partial(work)),
        notes=tuple(_notes(op, wanted, chosen, adopted)),
        problems=(*_unfit(found, who.version), *chosen.problems, *_conflicts(work, there), *_of_runs(work)),
    )
    return Prepared(preview, lambda: _restore(work, preview.requests))


def _adopted(op: Operation, wanted: RestoreWanted, chosen: Chosen, there: Catalog) -> tuple[RestoreUnit, ...]:
    """Units that are there, open, and come from these very indices of this snapshot."""
    targets = [target for unit in chosen.units for target in unit.indices.values()]
    present = [name for name in targets if name in there.indices and there.indices[name].open]
    seen = arrivals(op.domain, present) if present else {}

    def comes(unit: RestoreUnit) -> bool:
        return bool(unit.indices) and all(
            target in seen and _is_from(seen[target], wanted.place, source)
            for source, target in unit.indices.items()
        )

    return tuple(unit for unit in chosen.units if comes(unit))


def _is_from(arrival: Arrival, place: str, source: str) -> bool:
    """Whether an index is, or is being, restored from this index of the snapshot."""
    named = {recovery.of for recovery in arrival.recoveries} - {""}
    return arrival.comes_from(place) and named <= {source}


def _consents(work: _Work, there: Catalog) -> Iterator[Consent]:
    wanted = work.wanted
    for unit in work.absent:
        index = there.indices.get(unit.target)
        if unit.is_stream or index is None:
            continue
        if index.open and unit.target in wanted.close:
            yield Consent(
                option="--close", value=unit.target, name=unit.target, risk=Risk.REPLACES_OPEN, given=True
            )
        elif not index.open:
            yield Consent(
                option="--onto-closed",
                value=unit.target,
                name=unit.target,
                risk=Risk.REPLACES_CLOSED,
                given=unit.target in {*wanted.onto_closed, *wanted.close},
            )


def _of_partial(work: _Work) -> Iterator[Consent]:
    if work.found.state != "PARTIAL":
        return
    chosen = {source for unit in work.absent for source in unit.indices}
    broken = [each for each in lacking(work.op, work.wanted.repository, work.found) if each.name in chosen]
    whole = [f"{each.name} is whole in {each.whole_in}" for each in broken if each.whole_in]
    named = ", ".join(each.name for each in broken[:5]) or "none of those that are restored"
    yield Consent(
        option="--allow-partial",
        name=work.wanted.snapshot,
        risk=Risk.PARTIAL_SNAPSHOT,
        detail="; ".join([f"it lacks shards of {named}", *whole[:5]]),
        given=work.wanted.allow_partial,
    )


def _notes(
    op: Operation, wanted: RestoreWanted, chosen: Chosen, adopted: Sequence[RestoreUnit]
) -> Iterator[Note]:
    if chosen.system:
        yield Note(kind=NoteKind.SYSTEM_LEFT_OUT, names=chosen.system)
    seen = arrivals(op.domain, [target for unit in adopted for target in unit.indices.values()])
    done = [unit for unit in adopted if all(_is_up(seen.get(t)) for t in unit.indices.values())]
    if done:
        names = tuple(unit.target for unit in done)
        yield Note(kind=NoteKind.DONE, names=names, detail=f"from {wanted.place}")
    under_way = tuple(unit.target for unit in adopted if unit not in done)
    if under_way:
        yield Note(kind=NoteKind.UNDER_WAY, names=under_way)


def _is_up(arrival: Arrival | None) -> bool:
    return arrival is not None and arrival.started == len(arrival.primaries) > 0


def _unfit(found: SnapshotInfo, version: Version) -> Iterator[str]:
    if found.running:
        yield f"snapshot {found.name} is still running: wait until it has ended"
    elif found.state not in _FINISHED:
        yield f"snapshot {found.name} is {found.state}: nothing can be restored from it"
    taken = snapshot_version(found.version)
    problem = engine_problem(taken, version) if taken else None
    if problem:
        rule = problem.rpartition(": ")[2]
        yield f"the snapshot was taken on {taken}, and the domain runs {version}: {rule}"


def snapshot_version(number: str) -> Version | None:
    """The engine that took a snapshot, which names its number alone: OpenSearch began again at 1."""
    major = number.partition(".")[0]
    if not major.isdecimal():
        return None
    try:
        return version_of("elasticsearch" if int(major) >= 5 else "opensearch", number)
    except ValueError:
        return None


def _conflicts(work: _Work, there: Catalog) -> Iterator[str]:
    """Names that are taken, with the ways out that the guide lists."""
    for unit in work.absent:
        for name in dict.fromkeys((unit.target, *unit.indices.values())):
            taken = _taken(name, unit, work, there)
            if taken:
                yield f"{unit.name}: the domain has {taken}"


def _taken(name: str, unit: RestoreUnit, work: _Work, there: Catalog) -> str:
    """What has the name, and what to do; empty if it is free, or may be restored onto."""
    if name in there.aliases and name not in there.indices:
        return f"an alias {name}, on {', '.join(there.aliases[name][:5])}: rename the index (--rename)"
    delete = work.op.command("index delete", name)
    if name in there.streams:
        return f"a data stream {name}: delete it (`{delete}`), or rename it (--rename {unit.name}=…)"
    index = there.indices.get(name)
    if index is None or (not unit.is_stream and (name in work.wanted.close or not index.open)):
        return ""
    of = f" of data stream {index.stream}" if index.stream else ""
    return (
        f"an open index {name}{of}: restore under another name (--rename {unit.name}=…), delete it first "
        f"(`{delete}`), replace what it holds (--close {name}), or restore on another domain"
    )


def _of_runs(work: _Work) -> Iterator[str]:
    """Names that an unfinished run works on."""
    targets = {target for unit in work.absent for target in (unit.target, *unit.indices.values())}
    for run in unfinished_runs(work.op) if targets else ():
        taken = sorted(targets & run.index_names()) if run.side == "target" else []
        if taken:
            yield (
                f"{', '.join(taken[:5])}: {run.words} works on it; finish it, or end it with "
                f"`{run.command('abort', '--execute')}`"
            )


@dataclass
class _Progress:
    """What has come of the requests: why units were refused, and what was opened again."""

    refused: dict[str, str] = field(default_factory=dict[str, str])
    reopened: list[str] = field(default_factory=list[str])


def _restore(work: _Work, requests: tuple[ShownRequest, ...]) -> Restored:
    so_far = _Progress()
    _close(work)
    for batch in batches(work.absent, _BATCH):
        _send(work, batch, so_far)
    begun = [unit for unit in work.units if unit.name not in so_far.refused]
    found, problems = _followed(work, begun)
    rows = [_row(work, unit, source, found, problems) for unit in begun for source in unit.indices] + [
        RestoredIndex(source=unit.name, target=unit.target, problem=so_far.refused[unit.name])
        for unit in work.units
        if unit.name in so_far.refused
    ]
    return Restored(
        operation="restore",
        endpoint=work.op.endpoint,
        requests=requests,
        repository=work.wanted.repository,
        snapshot=work.wanted.snapshot,
        indices=tuple(rows if not work.op.wait else _examined(work, rows)),
        streams=tuple(unit.target for unit in begun if unit.is_stream),
        waiting=not work.op.wait and bool(begun),
        reopened=tuple(so_far.reopened),
    )


def _close(work: _Work) -> None:
    """Close the open indices that the user has named, just before they are restored onto."""
    if not work.to_close:
        return
    report_progress(Progress(StepName.RESTORE, f"closing {', '.join(work.to_close[:5])}"))
    requests = list(names_on.close_requests(work.to_close))
    work.op.sent.extend(requests)
    try:
        names_on.close(work.op.domain, work.to_close)
    except Refused as error:
        if not error.transient and len(requests) == 1:
            work.op.sent.clear()  # one request for all: nothing was closed
        raise


def _send(work: _Work, batch: Sequence[RestoreUnit], so_far: _Progress, *, lenient: bool = False) -> None:
    """Send one request. A refused one is halved until the name at fault is alone."""
    busy = "the snapshot is in use by something else, so it cannot be restored yet"
    try:
        work.op.send_when_free(work.request(batch, lenient=lenient), is_busy, busy)
    except Refused as error:
        if error.transient and _have_begun(work, batch):
            return
        if error.transient or not error.says(*_NAMES_AT_FAULT):
            _reopen(work, batch, so_far)
            raise
        if not lenient and _streams_unknown(batch, error):
            _send(work, batch, so_far, lenient=True)
        elif len(batch) == 1:
            so_far.refused[batch[0].name] = _refusal(error)
            _reopen(work, batch, so_far)
        else:
            middle = len(batch) // 2
            _send(work, batch[:middle], so_far)
            _send(work, batch[middle:], so_far)
    except DomainError as error:
        if not error.transient or not _have_begun(work, batch):
            _reopen(work, batch, so_far)
            raise


def _streams_unknown(batch: Sequence[RestoreUnit], error: Refused) -> bool:
    """Whether the domain mistook a data stream's name for an index that the snapshot lacks.

    The security plugin compares the names with the snapshot's indices before the engine sees them (2.19).
    """
    named = (f"no such index [{unit.name}]" for unit in batch if unit.is_stream)
    return error.says("index_not_found_exception") and any(name in error.reply.text for name in named)


def _refusal(error: Refused) -> str:
    said = error.reply.text
    if "alias" in said:
        said += "; --no-aliases restores it without its aliases"
    return said


def _reopen(work: _Work, batch: Sequence[RestoreUnit], so_far: _Progress) -> None:
    """Open what was closed for a restore that has not begun."""
    names = [unit.target for unit in batch if unit.target in work.to_close]
    for request in open_requests(names):
        work.op.send(request)
    so_far.reopened += names


def _have_begun(work: _Work, batch: Sequence[RestoreUnit]) -> bool:
    """Search some seconds for the indices of a restore whose reply was lost. Reads only."""
    poll = work.op.poll(_BEGINS_WITHIN_S)
    pairs = [pair for unit in batch for pair in unit.indices.items()]
    while True:
        seen = arrivals(work.op.domain, [target for _, target in pairs])
        if all(target in seen and _is_from(seen[target], work.wanted.place, name) for name, target in pairs):
            return True
        if poll.expired:
            return False
        poll.pause()


def _followed(work: _Work, begun: Sequence[RestoreUnit]) -> tuple[dict[str, Arrival], dict[str, str]]:
    """Wait for what has begun; without waiting, make sure that it has."""
    op, targets = work.op, [target for unit in begun for target in unit.indices.values()]
    if not targets:
        return {}, {}
    if not op.wait:
        if not _have_begun(work, begun):
            raise PreconditionError(
                "the domain has accepted the restore, but it has not begun",
                hint="run the same command without --no-wait: it follows the restore and says what is wrong",
            )
        return arrivals(op.domain, targets), {}
    return await_primaries(
        op.domain,
        dict.fromkeys(targets),
        op.poll,
        op.patience_s,
        lambda found: _tell(found, len(targets)),
    )


def _tell(found: Mapping[str, Arrival], count: int) -> None:
    up = sum(_is_up(arrival) for arrival in found.values())
    started = sum(arrival.started for arrival in found.values())
    shards = sum(len(arrival.primaries) for arrival in found.values())
    detail = f"{started} of {shards} shards, {up} of {count} indices"
    done = sum(arrival.bytes_done for arrival in found.values())
    total = sum(arrival.bytes_total for arrival in found.values())
    report_progress(Progress(StepName.RESTORE, "restoring", done, total, "bytes", detail=detail))


def _row(
    work: _Work,
    unit: RestoreUnit,
    source: str,
    found: Mapping[str, Arrival],
    problems: Mapping[str, str],
) -> RestoredIndex:
    target = unit.indices[source]
    arrival = found.get(target)
    recoveries = arrival.recoveries if arrival else ()
    return RestoredIndex(
        source=source,
        target=target,
        stream=unit.target if unit.is_stream else "",
        shards=len(arrival.primaries) if arrival else 0,
        started=arrival.started if arrival else 0,
        bytes=sum(each.bytes_done for each in recoveries),
        reused_bytes=sum(each.bytes_reused for each in recoveries),
        adopted=unit in work.adopted,
        problem=problems.get(target, ""),
    )


def _examined(work: _Work, rows: Sequence[RestoredIndex]) -> Iterator[RestoredIndex]:
    """Look for what was asked for: documents that can be counted, settings, data streams."""
    good = [row.target for row in rows if not row.problem]
    figures = counts(work.op.domain, work.who.version, good) if good else {}
    ignored = {full_key(key) for key in work.wanted.settings}
    differing = lacking_on(work.op.domain, work.wanted.settings, good) if ignored else {}
    streams = {row.stream for row in rows if row.stream and not row.problem}
    lost = {name for name in streams if names_on.backing_indices(work.op.domain, name) is None}
    for row in rows:
        changes: dict[str, Any] = {}
        if row.target in figures and not figures[row.target].problem:
            changes["documents"] = figures[row.target].count
        if row.target in differing:
            changes["lacking"] = differing[row.target]
        if row.stream in lost:
            changes["problem"] = f"the domain has no data stream {row.stream} now"
        yield row.model_copy(update=changes)
