"""What a plan's cutovers left blocked on the source, from the journals, and the command to release it."""

from collections.abc import Iterable

from reports.model.seeding import SourceBlock
from reports.words.next_step import ABORT, RELEASE
from runs.journal import Document
from runs.lifecycle import is_frozen
from runs.verbs import Verb


def source_block(documents: Iterable[Document]) -> SourceBlock | None:
    """The block left by the newest cutover with a window; None if the source takes writes again.

    Args:
        documents: the plan's journals, newest first.
    """
    return next((_block(each) for each in documents if each.window), None)


def _block(document: Document) -> SourceBlock | None:
    from reports.build.window import still_blocked

    window, names = document.window, still_blocked(document)
    release = document.steps.get("release")
    frozen_only = is_frozen(document)
    if window is None or not (names or frozen_only):
        return None
    if release and release.record and window.opening:
        state, lift = "kept", RELEASE
    elif window.opening:
        state, lift = "opening", Verb.CUTOVER.command
    else:
        back = "releasing" if release else "putting back"
        state, lift = (back if document.aborting else "window"), ABORT
    return SourceBlock(
        run_id=document.run_id,
        state=state,
        indices=names,
        since=window.frozen,
        deadline=window.deadline if state == "window" else None,
        lift=lift,
    )
