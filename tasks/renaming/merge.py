"""Merge the documents of renamed indices into the indices whose names they could not have.

The target does it by `_reindex`, which leaves every document alone whose id is there. What that means for
each document is read, not concluded from the task's figures: a document of the renamed index is either in the
other index with the same content, or its id belongs to another document there, which is a collision.
"""

from collections.abc import Iterator

from domains.engine import catalog as names_on
from domains.engine.catalog import refresh
from domains.engine.cluster import identity
from domains.engine.indices.index_metadata import IndexMetadata, index_metadata, unreadable_source
from domains.engine.reindexing import reindex_request
from domains.http.requests import Request
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, VerificationFailed
from tasks.migration import Migration
from tasks.records.reindexing import IndexMerge, MergeRecord
from tasks.records.resolution import Merge, Resolution
from tasks.reindex.copying import Copying, copy_documents
from tasks.verification.content.overlap import Overlap, overlap

_AGAIN = "run the same command again: documents that are merged stay as they are"


def merge(m: Migration, resolution: Resolution) -> MergeRecord:
    """Merge every renamed index that the plan says so of, and prove for each document where it is now.

    May be repeated: merged documents stay as they are. Changes no document of the other index.

    Raises:
        VerificationFailed: documents collide and the plan says `collisions: fail`; nothing of that index was
            merged. Or a document is in neither state afterwards.
        ExecutionError: the index to merge into was made anew, or documents could not be copied.
        TimedOut: nothing moved for `patience_s`; the copying continues by itself.
        DomainError: transient, or denied.
    """
    return MergeRecord(indices=tuple(_merged(m, each) for each in resolution.merges))


def requests(resolution: Resolution) -> Iterator[Request]:
    """The requests that merge."""
    return (_request(each) for each in resolution.merges)


def _request(each: Merge) -> Request:
    return reindex_request(each.index, each.into, create_only=True)


def _merged(m: Migration, each: Merge) -> IndexMerge:
    _require_same(m, each)
    before = _overlap(m, each)
    if before.different and m.plan.conflicts.collisions == "fail":
        raise VerificationFailed(
            f"{each.index} was not merged into {each.into}: {before.different} documents have the same id "
            f"there and other content, such as {', '.join(d.id for d in before.documents[:3])}",
            "with conflicts.collisions: keep the others are merged, and these stay in "
            f"{each.index} alone; or delete them in one of the two, then run the same command again",
        )
    if before.missing:
        copy_documents(m, Copying(StepName.MERGE, each.index, each.into, _request(each)))
    after = _overlap(m, each)
    if after.missing:
        raise VerificationFailed(
            f"{after.missing} documents of {each.index} are not in {each.into} after the merge",
            _AGAIN,
        )
    return IndexMerge(
        index=each.index,
        into=each.into,
        merged=after.equal,
        collisions=after.different,
        documents=after.documents,
    )


def _require_same(m: Migration, each: Merge) -> None:
    indices = names_on.catalog(m.target).indices
    if each.into not in indices or indices[each.into].uuid != each.uuid:
        what = "is gone" if each.into not in indices else "has been made anew"
        raise ExecutionError(
            f"{each.into} on the target {what} since this run has looked at it, so nothing is merged into it",
            f"the verified copy is {each.index}: merge or rename it yourself",
        )


def _overlap(m: Migration, each: Merge) -> Overlap:
    """Where the documents of the renamed index are."""
    names = [each.index, each.into]
    failed = refresh(m.target, names)
    made = index_metadata(m.target, names)
    for name in names:
        why = failed.get(name) or ("it is gone" if name not in made else _unreadable(made[name]))
        if why:
            raise ExecutionError(f"{name} on the target cannot be compared: {why}", "merge them yourself")
    said = f"comparing {each.index} with {each.into}"

    def moved(documents: int) -> None:
        report_progress(Progress(StepName.MERGE, said, documents, 0, "documents"))

    version = identity(m.target).version
    return overlap(m.target, version, each.index, each.into, made[each.index], moved)


def _unreadable(made: IndexMetadata) -> str:
    return unreadable_source(made.mapping, made.settings)
