"""What a plan's cutovers and fallbacks left blocked, from the journals, and the command to release it."""

from collections.abc import Iterable

from reports.model.seeding import GuardReport, SourceBlock
from reports.words.next_step import ABORT, RELEASE, UNFREEZE
from runs.guard_record import is_guarded, read_record
from runs.journal import Journal
from runs.lifecycle import is_frozen


def source_block(journals: Iterable[Journal]) -> SourceBlock | None:
    """The block that is left; None if all domains take writes again.

    One that was rolled back has left the block of the opening before it in place.

    Args:
        journals: the plan's, newest first.
    """
    for each in journals:
        block = _block(each)
        if block or (each.document.window and each.document.window.opening):
            return block
    return None


def _block(journal: Journal) -> SourceBlock | None:
    from reports.build.window import still_blocked

    document = journal.document
    window, names = document.window, still_blocked(document)
    release = document.steps.get("release")
    frozen_only = is_frozen(document)
    if window is None or not (names or frozen_only):
        return None
    if release and release.record and window.opening:
        state, lift = "kept", UNFREEZE if document.back else RELEASE
    elif window.opening:
        state, lift = "opening", document.verb.command
    else:
        back = "releasing" if release else "putting back"
        state, lift = (back if document.aborting else "window"), ABORT
    return SourceBlock(
        run_id=document.run_id,
        verb=document.verb,
        side="target" if document.back else "source",
        state=state,
        indices=names,
        since=window.frozen,
        deadline=window.deadline if state == "window" else None,
        lift=lift,
        guard=_guard(journal) if frozen_only else None,
    )


def _guard(journal: Journal) -> GuardReport | None:
    found = read_record(journal)
    if found is None:
        return None
    return GuardReport(
        process=found.process,
        alive=is_guarded(journal),
        state=found.state,
        at=found.at,
        why=found.why,
        problem=found.problem,
        copies_closed=found.copies_closed,
    )
