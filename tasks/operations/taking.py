"""Take a snapshot on one domain: select as a migration does, start without waiting, follow it to its end."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from configs.plan import IndexSelection
from domains.engine import snapshots
from domains.engine.catalog import Catalog, catalog
from domains.engine.snapshots import TAKE_KEY, SnapshotInfo
from domains.errors import Denied, DomainError, Refused, UnexpectedReply, Unreachable
from domains.http.requests import Request
from tasks.errors import ExecutionError
from tasks.operations.operation import (
    BUSY_S,
    Operation,
    Prepared,
    is_service_repository,
    shown,
)
from tasks.operations.reading_snapshots import details_of
from tasks.operations.repositories import require_registration
from tasks.records.operations import Consent, Note, NoteKind, Preview, Risk, ShownRequest, Taken
from tasks.records.resolution import LeftOutReason
from tasks.repository.bodies import is_readonly
from tasks.selection.select import Selection, select
from tasks.selection.system_indices import system_indices_of
from tasks.snapshot import appearing, await_end, is_whole, when_idle

_LATER = "run the same command later; the domain takes one snapshot at a time"


@dataclass(frozen=True)
class TakeWanted:
    """The snapshot that is asked for.

    Args:
        include, exclude: names and patterns of indices and data streams.
        system: whether system indices are taken, too.
        partial: whether it may lack shards.
        allow_partial: whether the user consents to that.
        metadata: texts to attach.
    """

    repository: str
    name: str
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    system: bool = False
    partial: bool = False
    allow_partial: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def tag(self) -> str:
        """What tells a snapshot of this very command: a digest of all that it asks for."""
        asked = [*self.include, "", *self.exclude, "", str(self.system), str(self.partial)]
        text = json.dumps([asked, sorted(self.metadata.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepare_take(op: Operation, wanted: TakeWanted) -> Prepared[Taken]:
    """Prepare a snapshot. One of this name that the same command has taken is followed instead."""
    registration = require_registration(op, wanted.repository)
    found = snapshots.get(op.domain, wanted.repository, wanted.name)
    problems = list(_unfit(wanted, is_readonly(registration)))
    if found is not None and found.metadata.get(TAKE_KEY) != wanted.tag:
        problems.append(_taken_name(wanted, found))
    elif found is not None:
        kind = NoteKind.UNDER_WAY if found.running else NoteKind.DONE
        preview = Preview(
            operation="snapshot take", endpoint=op.endpoint, notes=(Note(kind=kind, names=(wanted.name,)),)
        )
        return Prepared(preview, lambda: _followed(op, wanted, preview.requests, adopted=True))
    there = catalog(op.domain)
    chosen = _chosen(there, wanted)
    names = _names(there, chosen, wanted)
    problems += [f"{each} matches no index or data stream of the domain" for each in chosen.unmatched]
    if not names:
        problems.append("nothing is selected: name what to take with --indices")
    request = snapshots.take_request(
        wanted.repository,
        wanted.name,
        names,
        metadata={**wanted.metadata, TAKE_KEY: wanted.tag},
        partial=wanted.partial,
    )
    preview = Preview(
        operation="snapshot take",
        endpoint=op.endpoint,
        requests=shown([request]),
        consents=tuple(_consents(wanted)),
        notes=tuple(_notes(op, chosen, names)),
        problems=tuple(problems),
    )
    return Prepared(preview, lambda: _take(op, wanted, request, preview.requests))


def _unfit(wanted: TakeWanted, readonly: bool) -> Iterator[str]:
    if is_service_repository(wanted.repository):
        yield f"{wanted.repository} belongs to the service, which alone takes snapshots into it"
    elif readonly:
        where = "take the snapshot on the domain that writes it"
        yield f"{wanted.repository} is registered readonly here: {where}"


def _taken_name(wanted: TakeWanted, found: SnapshotInfo) -> str:
    whose = f"run {found.run}" if found.run else "another command or client"
    return (
        f"{wanted.repository} has a snapshot {wanted.name} already ({found.state}, taken by {whose}): "
        "choose another name"
    )


def _chosen(there: Catalog, wanted: TakeWanted) -> Selection:
    selection = IndexSelection(include=list(wanted.include), exclude=list(wanted.exclude), closed="move")
    return select(there, selection)


def _names(there: Catalog, chosen: Selection, wanted: TakeWanted) -> list[str]:
    """What the request names: a closed index only where it is named exactly, as the engine does."""
    exact = frozenset(wanted.include)
    units = (unit for unit in chosen.units if unit.name in exact or all(i.open for i in unit.indices))
    names = [unit.name for unit in units]
    if wanted.system:
        names += [
            index.name for index in there.indices.values() if system_indices_of(index.name) and index.open
        ]
    return list(dict.fromkeys(names))


def _consents(wanted: TakeWanted) -> Iterator[Consent]:
    if wanted.partial:
        yield Consent(
            option="--allow-partial",
            name=wanted.name,
            risk=Risk.PARTIAL_WANTED,
            given=wanted.allow_partial,
        )


def _notes(op: Operation, chosen: Selection, names: list[str]) -> Iterator[Note]:
    system = [
        left.name
        for left in chosen.left_out
        if left.reason is LeftOutReason.SYSTEM and left.name not in names
    ]
    if system:
        yield Note(kind=NoteKind.SYSTEM_LEFT_OUT, names=tuple(system))
    closed = [unit.name for unit in chosen.units if unit.name not in names]
    if closed:
        yield Note(kind=NoteKind.CLOSED_LEFT_OUT, names=tuple(closed))
    others = snapshots.running(op.domain)
    if others:
        named = tuple(f"{each.repository}/{each.name}" for each in others)
        yield Note(kind=NoteKind.WAITS, names=named)


def _take(op: Operation, wanted: TakeWanted, request: Request, requests: tuple[ShownRequest, ...]) -> Taken:
    adopted = when_idle(
        op.domain, wanted.name, op.poll, BUSY_S, _LATER, partial(_create, op, wanted, request)
    )
    return _followed(op, wanted, requests, adopted=adopted)


def _create(op: Operation, wanted: TakeWanted, request: Request) -> bool:
    """Send the request once, and believe only the snapshot; return whether it was there already."""
    doubt: DomainError | None = None
    try:
        op.send(request)
    except Denied:
        raise
    except Refused as error:
        if not (error.transient or error.says("invalid_snapshot_name_exception")) or _is_concurrent(error):
            raise
        doubt = error
    except (Unreachable, UnexpectedReply) as error:
        doubt = error
    found = appearing(op.domain, wanted.repository, wanted.name, op.poll)
    if found is None:
        asked = f"{op.domain.label}: snapshot {wanted.name}"
        raise doubt or UnexpectedReply(asked, "accepted, but it did not appear", transient=True)
    if found.metadata.get(TAKE_KEY) != wanted.tag:
        raise ExecutionError(_taken_name(wanted, found), "run the command again with another name")
    return doubt is not None


def _is_concurrent(error: Refused) -> bool:
    return error.says("concurrent_snapshot_execution_exception")


def _followed(
    op: Operation, wanted: TakeWanted, requests: tuple[ShownRequest, ...], *, adopted: bool
) -> Taken:
    found, written = snapshots.get(op.domain, wanted.repository, wanted.name), None
    if op.wait:
        found, written = await_end(op.domain, wanted.repository, wanted.name, op.poll, op.patience_s)
    if found is None:
        raise ExecutionError(
            f"snapshot {wanted.name} vanished from repository {wanted.repository}",
            "somebody has removed it, or the domain could not write it (see its error log): run it again",
        )
    details = details_of(op, wanted.repository, found, with_size=False)
    if written is not None:
        details = details.model_copy(update={"row": details.row.model_copy(update={"bytes_added": written})})
    return Taken(
        operation="snapshot take",
        endpoint=op.endpoint,
        requests=requests,
        details=details,
        adopted=adopted,
        accepted=is_whole(found) or (found.state == "PARTIAL" and wanted.partial),
    )
