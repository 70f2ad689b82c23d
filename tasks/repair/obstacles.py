"""What a repair is refused for, before it changes anything: each index by name, with what to do."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from configs.values.listing import listed
from domains.engine.catalog import Catalog, Index, catalog
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata, unreadable_source
from domains.engine.indices.write_blocks import WRITE, Blocks, blocks
from domains.shard_mark import Mark
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.repair import MOST
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import PASSING, Verdict
from tasks.verification.content.metadata import lacking_fields

Marks = Mapping[str, Sequence[Mark]]
_SHOWN = 3


@dataclass(frozen=True)
class Sides:
    """What both sides say of the indices that are not equal."""

    source: Catalog
    target: Catalog
    source_made: Mapping[str, IndexMetadata]
    target_made: Mapping[str, IndexMetadata]
    blocked: Mapping[str, Blocks]
    source_marks: Marks
    target_marks: Marks


def read_sides(
    m: Migration, broken: Collection[SelectedIndex], source_marks: Marks, target_marks: Marks
) -> Sides:
    """Read what both sides say of these indices. Reads only."""
    return Sides(
        catalog(m.source),
        catalog(m.target),
        index_metadata(m.source, [index.name for index in broken]) if broken else {},
        index_metadata(m.target, [index.target for index in broken]) if broken else {},
        blocks(m.target),
        source_marks,
        target_marks,
    )


def require_repairable(
    m: Migration,
    indices: Mapping[str, SelectedIndex],
    verdicts: Sequence[Verdict],
    sides: Sides,
    by_content: Collection[str],
) -> None:
    """Refuse the repair if one of the indices that are not equal cannot be repaired. Pure.

    Args:
        indices: of the run, by name on the source.
        verdicts: on all of them.
        by_content: names on the source of indices that were written anew.

    Raises:
        PreconditionError: names every index that is in the way, and says what to do.
    """
    problems: list[str] = []
    for verdict in verdicts:
        index = indices.get(verdict.source)
        if index is None or verdict.outcome in PASSING:
            continue
        found = next(_closed(index, sides), "")
        if not found and verdict.outcome == "different" and verdict.documents:
            found = next(_hindrances(m, index, verdict, sides, index.name in by_content), "")
        if found:
            problems.append(f"{index.target}: {found}")
    if problems:
        many = f"{len(problems)} indices" if len(problems) > 1 else "an index"
        raise PreconditionError(
            f"{many} cannot be repaired",
            tuple(problems),
            hint="do what each line says, then run the same command again",
        )


def _closed(index: SelectedIndex, sides: Sides) -> Iterator[str]:
    """Whether an index is closed, so that its documents cannot be read."""
    for side, there, name in (("source", sides.source, index.name), ("target", sides.target, index.target)):
        found = there.indices.get(name)
        if found and not found.open:
            yield f"it is closed on the {side}: open it there (POST /{name}/_open)"


def _hindrances(
    m: Migration, index: SelectedIndex, verdict: Verdict, sides: Sides, by_content: bool
) -> Iterator[str]:
    """Why the documents of an index cannot be repaired, the first reason first."""
    here, copy = sides.source.indices.get(index.name), sides.target.indices.get(index.target)
    if here is None or copy is None:
        yield f"it is not on the {'source' if here is None else 'target'} any more: migrate it again"
        return
    yield from _of_another_make(m, index, here, copy, by_content)
    blocked = sides.blocked.get(index.target)
    if blocked:
        yield _lift(index.target, blocked)
    yield from _marks_missing(index, sides, by_content)
    if len(verdict.documents) + verdict.more > MOST or _lacking(verdict) > MOST:
        yield (
            f"more than {MOST:,} of its documents differ, which is no matter of single documents: delete it "
            "on the target, then migrate it again (`snapferry migrate PLAN --execute --new-run`)"
        )
    yield from _unreadable(index, sides)


def _of_another_make(
    m: Migration, index: SelectedIndex, here: Index, copy: Index, by_content: bool
) -> Iterator[str]:
    arrived = m.journal.document.arrived.get(index.target)
    if copy.stream:
        yield (
            f"it is a backing index of data stream {copy.stream}, which takes appends alone, no document "
            "with a version of its own: delete the data stream on the target, then migrate it again "
            "(`snapferry migrate PLAN --execute --new-run`)"
        )
    if arrived and arrived != copy.uuid:
        yield f"somebody has made it anew: run {m.journal.run_id} brought another index of this name"
    if here.uuid != index.uuid:
        yield "it has been made anew on the source since: migrate it again"
    if not by_content and here.shards != copy.shards:
        yield f"it has {here.shards} shards on the source, {copy.shards} on the target: migrate it again"


def _marks_missing(index: SelectedIndex, sides: Sides, by_content: bool) -> Iterator[str]:
    if not sides.target_marks.get(index.target):
        yield "its shards on the target do not report their positions, so nobody knows whether it is in use"
    if not by_content and not sides.source_marks.get(index.name):
        yield "its shards on the source do not report their positions, so a repair could not be verified"


def _lacking(verdict: Verdict) -> int:
    """How many more documents one side has."""
    return abs((verdict.source_count or 0) - (verdict.target_count or 0))


def _lift(name: str, blocked: Blocks) -> str:
    keys = [*([WRITE] if blocked.write else []), *blocked.others]
    body = ", ".join(f'"{key}": null' for key in keys)
    return (
        f"it refuses writes ({', '.join(keys)}): if nobody needs that block any more, lift it with "
        f"PUT /{name}/_settings {{{body}}}"
    )


def _unreadable(index: SelectedIndex, sides: Sides) -> Iterator[str]:
    """Why its documents cannot be written as the source has them."""
    source, target = sides.source_made.get(index.name), sides.target_made.get(index.target)
    if source is None or target is None:
        yield "its mapping could not be read"
        return
    for side, made in (("source", source), ("target", target)):
        why = unreadable_source(made.mapping, made.settings)
        if why:
            yield f"{why} on the {side}, so its documents cannot be copied: migrate it again"
    lacking = lacking_fields(source, target)
    if lacking:
        yield (
            f"its mapping on the target is not the source's, and a repair writes documents alone: "
            f"{listed(lacking, _SHOWN, '; ')}"
        )
