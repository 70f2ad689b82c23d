"""The way back after an opening: the roles exchanged, the same tail, from a base that was just proved equal.

Up to the checkpoint of its snapshot, a copy has the numbers of its source, whichever way one looks. So the
zones of the way back are bounded by the same checkpoint, and the copy is the domain that has just been left:
it is frozen, and takes our writes only.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from domains.engine.bulk import DeleteAction, IndexAction, send_bulk
from domains.engine.catalog import Catalog, catalog, delete_all
from domains.engine.cluster import identity
from domains.engine.indices.index_creation import create_request, settable, without_type
from domains.engine.indices.index_metadata import index_metadata
from domains.engine.indices.index_opening import aliases, require_acknowledged, switch_request
from domains.engine.indices.index_requirements import index_requirements
from domains.engine.indices.write_blocks import WRITE, blocks, settings_requests
from domains.engine.raw_documents import look_up
from domains.engine.shard_stats import marks
from domains.errors import Refused, SnapferryError
from domains.http.json_replies import Json
from domains.http.requests import Request, path_of
from domains.shard_mark import Mark
from runs.journal import now
from runs.lifecycle import SERVE
from runs.state import State
from runs.step_names import StepName
from tasks import steps
from tasks.errors import ExecutionError, PreconditionError
from tasks.migration import Migration
from tasks.planning.resolve import as_record
from tasks.records.cutover import OpenRecord
from tasks.records.resolution import LeftOutReason, Resolution, SelectedIndex, Unit
from tasks.records.seeding import ChangesRecord, CopiesRecord, Copy
from tasks.records.tail import ProofRecord
from tasks.seeding.copies import ledger_of
from tasks.seeding.ledger import ledger
from tasks.selection.select import select, selected_index
from tasks.tail.places import base_of

CREATES = "create"
"""Action of the intents that create an index where it goes back to."""
TRIES = "try way back"
"""Action of the intents that try the way back on a scratch index."""
_SCRATCH = "snapferry-way-back-"
_BEGINNING = -1
"""The checkpoint of an index that was made after the opening: all of it is in zone 2."""


# the promise, before the opening


def require_promisable(m: Migration, resolution: Resolution) -> None:
    """Refuse a cutover that promises a way back which some of its indices do not have. Reads only.

    Raises:
        PreconditionError: it names the first few.
    """
    lacking = [f"{unit.name}: a data stream" for unit in resolution.moving if unit.is_stream]
    lacking += [
        f"{unit.name}: renamed to {unit.target}" for unit in resolution.moving if unit.action == "rename"
    ]
    lacking += [f"{index.name}: closed" for index in resolution.indices if not index.open]
    lacking += _without_source(m, [index.name for index in resolution.indices])
    if lacking:
        raise PreconditionError(
            "the plan promises a way back (cutover.source_after: follow) that these do not have:",
            tuple(lacking[:10]),
            hint="leave them out of this plan, or set cutover.source_after to blocked",
        )


def _without_source(m: Migration, names: Iterable[str]) -> Iterator[str]:
    """Indices of the source whose mapping does not keep their documents in full, with the reason."""
    found = index_requirements(m.source)
    for name in names:
        why = found[name].unreadable if name in found else "its mapping could not be read"
        if why:
            yield f"{name}: {why}"


def try_way_back(m: Migration) -> None:
    """Confirm, before anything is frozen, that the source takes what the way back would send it.

    A scratch index is made there, written to as the tail writes, and deleted again. Safe to repeat.

    Raises:
        PreconditionError: the source refuses something; the message says what.
        DomainError: transient.
    """
    name = _scratch(m)
    detail = {"names": [name]}
    try:
        with m.journal.intend(StepName.TRY_WAY_BACK, "source", TRIES, detail), _removed_after(m, name):
            _remove_scratches(m)
            for request in scratch_requests(m)[:1]:
                m.source.connection.send(request)
            _write_and_read(m, name)
            for request in settings_requests([name], {WRITE: True}):
                require_acknowledged(m.source, "block writes", m.source.connection.send(request))
            for request in settings_requests([name], {WRITE: None}):
                require_acknowledged(m.source, "release writes", m.source.connection.send(request))
    except Refused as error:
        if error.transient:
            raise
        raise PreconditionError(
            f"the source refuses what the way back would send it: {error.message}",
            hint=error.hint or "give the caller the rights that docs/way-back.md lists, then cut over again",
        ) from error


def _scratch(m: Migration) -> str:
    return f"{_SCRATCH}{m.journal.run_id}"


def scratch_requests(m: Migration) -> tuple[Request, ...]:
    """The requests of `try_way_back`, each `_bulk` without its documents."""
    name = _scratch(m)
    body = {"settings": {"index": {"number_of_shards": 1, "number_of_replicas": 0}}}
    return (
        Request("PUT", path_of(name), body),
        *[Request("POST", path_of(name, "_bulk"))] * 2,
        *settings_requests([name], {WRITE: True}),
        *settings_requests([name], {WRITE: None}),
        Request("DELETE", path_of(name)),
    )


def _write_and_read(m: Migration, name: str) -> None:
    """Write a document as the tail does, read it, and delete it by its operation."""
    (written,) = send_bulk(m.source, name, [IndexAction("1", None, 3, '{"tried":1.50}')])
    found = look_up(m.source, identity(m.source).version, name, [("1", None)], sources=True)
    document = found.get(("1", None))
    if not written.done or document is None or (document.version, document.source) != (3, '{"tried":1.50}'):
        raise PreconditionError(
            f"the source does not keep what the way back writes: {written.reason or 'it reads otherwise'}",
            hint="see docs/way-back.md; or set cutover.source_after to blocked",
        )
    (deleted,) = send_bulk(m.source, name, [DeleteAction("1", None, written.seq_no, written.primary_term)])
    if not deleted.done:
        raise PreconditionError(
            f"the source does not delete what the way back would: {deleted.reason}",
            hint="see docs/way-back.md; or set cutover.source_after to blocked",
        )


@contextmanager
def _removed_after(m: Migration, name: str) -> Generator[None]:
    """Delete the scratch index after the block; if that failed, as well as can be."""
    try:
        yield
    except SnapferryError:
        with suppress(SnapferryError):
            delete_all(m.source, [name])
        raise
    delete_all(m.source, [name])


def _remove_scratches(m: Migration) -> None:
    """Delete what this run and earlier ones of the plan have left of their tries."""
    there = catalog(m.source).indices
    tries = (intent for each in State.of(m.journal).journals() for intent in each.intents(TRIES))
    left = {name for intent in tries for name in intent.names if name in there} | ({_scratch(m)} & set(there))
    if left:
        delete_all(m.source, sorted(left))


def promise(
    m: Migration, resolution: Resolution, work: ChangesRecord, proof: ProofRecord | None
) -> CopiesRecord:
    """What the way back starts from: every index of the target, and its copy on the source. Reads only.

    Called when both sides are proved equal and neither takes writes.

    Args:
        work: the source's marks from before the last round's snapshot.
        proof: of the indices that went by the tail; None if none did.

    Raises:
        ExecutionError: a shard does not report its position.
    """
    earlier = ledger_of(m).copies
    restored = {change.name for change in work.restored}
    here, there = catalog(m.source).indices, catalog(m.target).indices
    indices = [index for index in resolution.indices if index.open]
    own = marks(m.source, [index.name for index in indices])
    current = marks(m.target, [index.target for index in indices])
    copies: list[Copy] = []
    for index in indices:
        base = proof.bases.get(index.name, ()) if proof else ()
        base = base or (work.marks.get(index.name, ()) if index.name in restored else ())
        base = base or (base_of(earlier[index.target]) if index.target in earlier else ())
        copies.append(
            Copy(
                source=index.target,
                uuid=there[index.target].uuid,
                target=index.name,
                target_uuid=here[index.name].uuid,
                base=_rebased(index, base, current.get(index.target, ())),
                own=own.get(index.name, ()),
                run_id=m.journal.run_id,
                doubt="it is followed back",
            )
        )
    return CopiesRecord(round=0, copies=tuple(copies))


def _rebased(index: SelectedIndex, base: tuple[Mark, ...], current: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """The base as seen from the other side: the same checkpoints, in the other side's history."""
    checkpoints = {mark.shard: mark.global_checkpoint for mark in base}
    if not current or {mark.shard for mark in current} != checkpoints.keys():
        raise ExecutionError(
            f"the way back cannot be promised: it is not known how far {index.name} goes",
            "run the same command again; or set cutover.source_after to blocked",
        )
    return tuple(
        Mark(m.shard, m.max_seq_no, checkpoints[m.shard], m.primary_term, m.history) for m in current
    )


# the way back itself; the migration's source is the domain that clients use now


def resolve(m: Migration) -> Resolution:
    """Which indices go back: those of the promise, and those that were made since. Reads only.

    Raises:
        PreconditionError: an index cannot go back; each is named, with the reason.
    """
    promised = ledger_of(m).copies
    here, there = catalog(m.source), catalog(m.target)
    selected = select(here, m.plan.indices)
    wanted = {index.name for unit in selected.units for index in unit.indices}
    wanted |= {each.name for each in selected.left_out if each.reason is LeftOutReason.CLOSED}
    going = [copy for copy in promised.values() if copy.source in wanted]
    units = [_unit(here, copy) for copy in going]
    known = {copy.source for copy in promised.values()}
    new = [unit for unit in selected.units if unit.name not in known]
    problems = [*_broken(here, there, going), *_in_the_way(new, there, _created(m))]
    problems += [] if problems else _written_to(m, going)
    goes = [index.name for unit in (*units, *new) for index in unit.indices]
    others = there.indices.keys() - {*promised, *_created(m), *(unit.target for unit in new)}
    problems += _taken_aliases(m, goes, others)
    problems += _without_source(m, goes)
    if problems:
        raise PreconditionError(
            "falling back is not possible any more:",
            tuple(problems[:10]),
            hint="docs/way-back.md says what each of these means, and what is left to do",
        )
    gone = [copy.target for copy in promised.values() if copy.source not in here.indices]
    notes = tuple(
        f"{name}: deleted since; it stays where it was, refuses writes, and the next cutover copies it again"
        for name in gone
    )
    return Resolution(
        source=as_record(m.source, identity(m.source)),
        target=as_record(m.target, identity(m.target)),
        units=(*units, *new),
        left_out=selected.left_out,
        repository="",
        snapshot="",
        notes=notes,
    )


def _unit(here: Catalog, copy: Copy) -> Unit:
    found = here.indices[copy.source]
    index = selected_index(found).model_copy(update={"target": copy.target})
    base = {copy.target: copy.target_uuid}
    return Unit(name=index.name, target=index.target, is_stream=False, indices=(index,), base=base)


def _broken(here: Catalog, there: Catalog, going: Iterable[Copy]) -> Iterator[str]:
    for copy in going:
        found, copied = here.indices[copy.source], there.indices.get(copy.target)
        if copied is None or copied.uuid != copy.target_uuid:
            yield f"{copy.target}: it is gone from where it was, or was made anew there"
        elif found.uuid != copy.uuid:
            yield f"{copy.source}: it was deleted and made anew since the opening"
        elif not found.open:
            yield f"{copy.source}: it was closed since the opening"
        elif not base_of(copy):
            yield f"{copy.source}: {copy.doubt}"


def _written_to(m: Migration, going: Collection[Copy]) -> Iterator[str]:
    """Copies that have had other operations than ours, as far as it is known how many we sent."""
    there = marks(m.target, [copy.target for copy in going])
    for copy in going:
        ours = {mark.shard: mark.max_seq_no for mark in copy.own}
        if copy.sending:
            continue  # a killed round wrote to it: its next one looks first at what came of that
        if ours and {mark.shard: mark.max_seq_no for mark in there.get(copy.target, ())} != ours:
            yield f"{copy.target}: somebody else has written to it, where it would go back to"


def _in_the_way(new: Iterable[Unit], there: Catalog, created: Collection[str]) -> Iterator[str]:
    for unit in new:
        if unit.target in created:
            continue
        if unit.is_stream:
            yield f"{unit.name}: a data stream that was made since the opening"
        elif unit.target in there.indices or unit.target in there.aliases or unit.target in there.streams:
            yield f"{unit.target}: made since the opening, and the name is taken where it would go"


def new_indices(m: Migration, resolution: Resolution) -> list[SelectedIndex]:
    """Indices that were made since the opening, so that no earlier run has made a copy of them."""
    copies = _before(m)
    return [index for index in resolution.indices if index.target not in copies]


def _before(m: Migration) -> Mapping[str, Copy]:
    """The copies as earlier runs left them: what this one creates is new whenever it is resumed."""
    return ledger(State.of(m.journal), m.journal.run_id, back=m.journal.document.back).copies


def _created(m: Migration) -> set[str]:
    return {name for intent in m.journal.intents(CREATES) for name in intent.names}


def create_new(m: Migration, resolution: Resolution) -> CopiesRecord:
    """Create the indices that were made since the opening where they go back to, empty and refusing writes.

    Safe to repeat: one that this run has created is left as it is.

    Raises:
        ExecutionError: the engine refuses the mapping or the settings of one.
        DomainError: transient, or denied.
    """
    new = new_indices(m, resolution)
    there = catalog(m.target).indices
    for index in new:
        if index.target not in there:
            _create(m, index)
    there = catalog(m.target).indices
    m.journal.note_arrivals({index.target: there[index.target].uuid for index in new})
    current = marks(m.source, [index.name for index in new])
    before = m.journal.document.recorded(steps.CREATE_BACK)
    known = {copy.target_uuid: copy.own for copy in before.copies} if before else {}
    own = marks(m.target, [index.target for index in new])
    return CopiesRecord(
        round=0,
        copies=tuple(
            Copy(
                source=index.name,
                uuid=index.uuid,
                target=index.target,
                target_uuid=there[index.target].uuid,
                base=tuple(
                    Mark(mark.shard, mark.max_seq_no, _BEGINNING, mark.primary_term, mark.history)
                    for mark in current[index.name]
                ),
                own=known.get(there[index.target].uuid) or own.get(index.target, ()),
                run_id=m.journal.run_id,
                doubt="it was created for the way back",
            )
            for index in new
        ),
    )


def _create(m: Migration, index: SelectedIndex) -> None:
    found = index_metadata(m.source, [index.name])[index.name]
    settings = {**settable(found.settings), WRITE: True}
    request = create_request(index.target, without_type(found), settings, {})
    detail = {"names": [index.target]}
    try:
        with m.journal.intend(StepName.CREATE_BACK, "target", CREATES, detail):
            m.target.connection.send(request)
    except Refused as error:
        if error.transient:
            raise
        raise ExecutionError(
            f"{index.name} was made since the opening, and cannot be created where it goes back to: "
            f"{error.reply.text or error.message}",
            "create it there by hand with a mapping that fits, or leave it out of the plan's indices",
        ) from error


def open_again(
    m: Migration, resolution: Resolution, names: Collection[str], begin: Callable[[], None]
) -> OpenRecord:
    """Let the domain that writes come back to take them again. Safe to repeat.

    Args:
        names: of its indices that refuse writes because of this plan.
        begin: called right before the first request is sent; raises if none may be.

    Raises:
        ExecutionError: an index still refuses writes.
    """
    begin()
    moved = {index.target for index in resolution.indices}
    opened = sorted(moved & set(names))
    made = _set_aliases(m, resolution)
    if opened:
        with m.journal.intend(StepName.OPEN, "target", SERVE, {"names": opened}):
            for request in settings_requests(opened, {WRITE: None}):
                require_acknowledged(m.target, "let indices take writes", m.target.connection.send(request))
    blocked = blocks(m.target)
    refusing = [name for name in opened if name in blocked and blocked[name].write]
    if refusing:
        raise ExecutionError(
            f"{len(refusing)} indices still refuse writes: {', '.join(refusing[:5])}",
            "run the same command again: it retries them",
        )
    return OpenRecord(at=now(), opened=tuple(opened), streams=(), aliases=made, repoint=m.target.endpoint)


def _set_aliases(m: Migration, resolution: Resolution) -> dict[str, tuple[str, ...]]:
    """Give the indices the aliases that clients use now, all at once, and take away those that are gone."""
    wanted = aliases(m.source)
    added, removed = _alias_changes(m, resolution, wanted, aliases(m.target))
    if added or removed:
        named = sorted({alias for _, alias, _ in added} | {alias for _, alias in removed})
        with m.journal.intend(StepName.OPEN, "target", "alias", {"names": named}):
            reply = m.target.connection.send(switch_request(added, removed, ()))
            require_acknowledged(m.target, "change aliases", reply)
    made: dict[str, tuple[str, ...]] = {}
    for index in resolution.indices:
        for alias in wanted.get(index.name, {}):
            made[alias] = (*made.get(alias, ()), index.target)
    return made


def _alias_changes(
    m: Migration, resolution: Resolution, wanted: Mapping[str, Json], current: Mapping[str, Json]
) -> tuple[list[tuple[str, str, Json]], list[tuple[str, str]]]:
    """What to add and to remove, so that the indices have the aliases of now, and those deleted since none.

    An index that is gone where clients write stays where it was; with its alias it would be searched again,
    or be a second one that the alias writes to.
    """
    targets = {index.target: wanted.get(index.name, {}) for index in resolution.indices}
    left = [copy.target for copy in ledger_of(m).copies.values() if copy.source not in wanted]
    added = [
        (name, alias, more)
        for name, having in targets.items()
        for alias, more in having.items()
        if current.get(name, {}).get(alias) != more
    ]
    removed = [
        (name, alias)
        for name in (*targets, *left)
        for alias in current.get(name, {}).keys() - targets.get(name, {}).keys()
    ]
    return added, removed


def _taken_aliases(m: Migration, going: Iterable[str], others: Collection[str]) -> Iterator[str]:
    """Aliases of these indices that cannot come along, because something else has them where they go back to.

    Args:
        going: indices of the source.
        others: indices of the target that are no copies.
    """
    wanted, current = aliases(m.source), aliases(m.target)
    coming = {alias for name in going for alias in wanted.get(name, {})}
    for alias in sorted(coming.intersection(others)):
        yield f"{alias}: an index there has this name, which is an alias now"
    for name in sorted(others):
        for alias in sorted(current.get(name, {}).keys() & coming):
            yield f"{alias}: index {name} there, which is not part of the plan, has this alias, too"
