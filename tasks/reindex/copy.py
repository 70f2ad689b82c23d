"""Copy indices from the source by `_reindex`, which the target runs: create, fill, settle, one by one.

For indices that the target cannot restore from a snapshot. Documents keep ids, routing and versions; what an
interrupted attempt has copied is not copied again.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domains.aws import session as aws
from domains.engine import catalog as names_on
from domains.engine.catalog import refresh
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata
from domains.engine.indices.index_opening import require_acknowledged
from domains.engine.reindexing import Remote
from domains.errors import DomainError, Missing, Refused, is_transient
from domains.http.requests import Request
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError
from tasks.migration import Migration
from tasks.records.reindexing import IndexReindex, ReindexRecord
from tasks.records.resolution import Resolution, SelectedIndex, Unit
from tasks.reindex.copying import Copying, copy_documents
from tasks.reindex.requests import (
    Shape,
    creation,
    filling_request,
    password_source,
    remote_of,
    settling,
    shape,
)
from tasks.restore.free_names import deleted_names, make_room, require_free
from tasks.restore.owned_indices import is_marked, marker, note_created
from tasks.selection.conflicts import own_names
from tasks.survey import Survey

_UNKNOWN_SETTING = "unknown setting"


@dataclass(frozen=True)
class _Work:
    """What the copying of all indices needs.

    Args:
        own: names on the target that this migration assigns or deletes.
        made: the source's indices, by name.
    """

    m: Migration
    remote: Remote
    own: frozenset[str]
    made: Mapping[str, IndexMetadata]

    def shape(self, index: SelectedIndex) -> Shape:
        """What the copy of this index will be like."""
        made = self.made.get(index.name)
        if made is None:
            raise ExecutionError(
                f"{index.name} is gone from the source since this run selected it",
                "run the same command with --new-run: it selects again",
            )
        return shape(self.m.plan, index, made)


def reindex(m: Migration, resolution: Resolution) -> ReindexRecord:
    """Copy every reindexed unit that is not on the target yet, and wait until its documents are there.

    May be repeated: a copy that this run has created is filled further; a finished one is left as it is.
    Deletes on the target only the names that the resolution replaces.

    Raises:
        ExecutionError: a name has been taken since by something that this run does not own; the target
            refuses; documents could not be copied.
        TimedOut: nothing moved for `patience_s`; the copying continues by itself.
        DomainError: transient, or denied.
    """
    units = resolution.reindexed
    doomed = frozenset(name for unit in units for name in unit.takes)
    remote = remote_of(m.plan, m.source, m.target, _password(m))
    made = index_metadata(m.source, [index.name for index in resolution.copied])
    work = _Work(m, remote, own_names(units) | doomed, made)
    done: list[IndexReindex] = []
    for position, unit in enumerate(units):
        report_progress(
            Progress(StepName.REINDEX, "copying documents", position, len(units), "indices", detail=unit.name)
        )
        done.append(_copied(work, unit))
    return ReindexRecord(indices=tuple(done), deleted=deleted_names(m, StepName.REINDEX))


def requests(m: Migration, look: Survey, resolution: Resolution) -> Iterator[Request]:
    """Requests that the reindexing sends, by the survey; the password is left out. Reads only."""
    if not resolution.reindexed:
        return
    target = look.catalog("target")
    remote = remote_of(m.plan, look.domain("source"), look.domain("target"), _shown_password(m))
    made = index_metadata(look.domain("source"), [index.name for index in resolution.copied])
    for unit in resolution.reindexed:
        index = unit.indices[0]
        if index.target in m.journal.document.arrived or index.name not in made:
            continue
        for name in unit.takes:
            if name in target.indices or name in target.streams:
                yield names_on.delete_request(name, stream=name in target.streams)
        wanted = shape(m.plan, index, made[index.name])
        yield creation(m, index, wanted)
        yield filling_request(m, index, remote)
        yield from settling(m, index, wanted)


def _password(m: Migration) -> str | None:
    source = password_source(m.plan)
    return aws.secret(source.env, source.secret) if source else None


def _shown_password(m: Migration) -> str | None:
    """What stands for the password where a request is shown."""
    source = password_source(m.plan)
    return f"<{source.env or source.secret}>" if source else None


def _copied(work: _Work, unit: Unit) -> IndexReindex:
    """Look how far this unit's copy is, and take it to its end."""
    m, index, began = work.m, unit.indices[0], time.monotonic()
    target = names_on.catalog(m.target)
    note_created(m, target)
    there = target.indices.get(index.target)
    is_own = there is not None and m.journal.document.arrived.get(index.target) == there.uuid
    if is_own and not is_marked(m, index.target, target):
        return IndexReindex(source=index.name, target=index.target, documents=None, seconds=0.0)
    wanted = work.shape(index)
    if not is_own:
        require_free(m, [unit], target, work.own)
        make_room(m, unit, target, StepName.REINDEX)
        _create(m, index, wanted)
    filling = Copying(
        StepName.REINDEX, index.name, marker(m, index.target), filling_request(m, index, work.remote)
    )
    ended = copy_documents(m, filling)
    _settle(m, index, wanted)
    seconds = round(time.monotonic() - began, 1)
    return IndexReindex(source=index.name, target=index.target, documents=ended.total, seconds=seconds)


def _create(m: Migration, index: SelectedIndex, wanted: Shape) -> None:
    detail = {"names": [index.name], "targets": [index.target]}
    try:
        with m.journal.intend(StepName.REINDEX, "target", "create", detail):
            m.target.connection.send(creation(m, index, wanted))
    except Refused as error:
        if not error.transient:
            raise ExecutionError(
                f"the target cannot create {index.target}: {error.message}", _hint_to_create(error)
            ) from error
        doubt: DomainError | None = error
    except DomainError as error:
        if not is_transient(error):
            raise
        doubt = error
    else:
        doubt = None
    target = names_on.catalog(m.target)
    if not is_marked(m, index.target, target):
        raise doubt or ExecutionError(
            f"{index.target} is not there, although the target has created it", "run the same command again"
        )
    note_created(m, target)


def _hint_to_create(error: Refused) -> str:
    if _UNKNOWN_SETTING in error.reply.text:
        return "leave out what the target does not know with restore.ignore_index_settings, then run it again"
    return error.hint or (
        "the target's version does not take this mapping or these settings: reindex it on the source into an "
        "index that it takes, or exclude it"
    )


def _settle(m: Migration, index: SelectedIndex, wanted: Shape) -> None:
    """Give a filled copy its final settings, make its documents visible, and take the marker off."""
    refresh(m.target, [index.target])
    with m.journal.intend(StepName.REINDEX, "target", "settings", {"names": [index.target]}):
        for request in settling(m, index, wanted):
            try:
                reply = m.target.connection.send(request)
            except Missing:
                continue  # the marker is off already: an earlier reply was lost
            require_acknowledged(m.target, f"settings of {index.target}", reply)
    if is_marked(m, index.target, names_on.catalog(m.target)):
        raise ExecutionError(f"{index.target} still carries the run's marker", "run the same command again")
