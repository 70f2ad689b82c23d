"""What a plan's cutovers have left blocked on the source, as the journals tell, and what lifts it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field

from reports.advice import ABORT, RELEASE
from reports.parts import ReportPart
from reports.words import clock, counted
from runs.journal import Document

_FINISHES = "snapferry cutover PLAN --execute --allow-freeze"


class SourceBlock(ReportPart):
    """Indices of the source that refuse writes because of a cutover."""

    run_id: str
    state: Literal["window", "putting back", "releasing", "opening", "kept"] = Field(
        description="`releasing`: the source was being released, so that it may take writes again by now."
    )
    indices: list[str]
    since: datetime
    deadline: datetime | None = Field(description="Of the window; null when that has ended.")
    lift: str = Field(description="The command that lifts it.")


def source_block(documents: Iterable[Document]) -> SourceBlock | None:
    """The block that the newest cutover with a window has left; None where the source takes writes again.

    Args:
        documents: the plan's, the newest first.
    """
    return next((_block(each) for each in documents if each.window), None)


def _block(document: Document) -> SourceBlock | None:
    from reports.window import still_blocked

    window, names = document.window, still_blocked(document)
    release = document.steps.get("release")
    frozen_only = window is not None and window.ended is None
    if window is None or not (names or frozen_only):
        return None
    if release and release.record and window.opening:
        state, lift = "kept", RELEASE
    elif window.opening:
        state, lift = "opening", _FINISHES
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


def block_lines(block: SourceBlock, held: bool, process: int | None = None) -> list[str]:
    """What people must know first: that the source refuses writes, until when, and what lifts it.

    Args:
        held: whether a living process holds the plan.
        process: its id; None where that is not known.
    """
    many = counted(len(block.indices), "index", "indices")
    in_doubt = block.state == "releasing" and not held
    to_many = f" to {many}" if block.indices else ""
    said = f"{'may refuse' if in_doubt or not block.indices else 'refuses'} writes{to_many}"
    since = f"since {clock(block.since)}, by cutover {block.run_id}"
    return [f"The source {said} {since}{_until(block, held)}.", *_lifting(block, held, process)]


def _until(block: SourceBlock, held: bool) -> str:
    if block.state == "kept":
        return "; the target is open, and the source goes on refusing them"
    if block.state == "opening":
        return "; the target is being opened"
    if not held and block.state == "releasing":
        return ", or take them again: it was being released when the process of the cutover ended"
    if not held:
        passed = f" (deadline {clock(block.deadline)})" if block.deadline else ""
        return f"; no process works on it, so that nothing ends this by itself{passed}"
    if block.deadline is None:
        return "; everything is being put back"
    return f", until {clock(block.deadline)} at the latest: then everything is put back"


def _lifting(block: SourceBlock, held: bool, process: int | None) -> list[str]:
    """A process that holds the plan keeps every other command away: only it can end what it has begun."""
    if held and block.state != "kept":
        works = f"Process {process} works on it" if process else "A process works on it"
        if block.state != "window":
            return [f"{works}: wait for it."]
        kill = f": kill {process}" if process else ""
        return [
            f"{works}; it ends the window by itself at its deadline.",
            f"To put everything back now, end that process with Ctrl-C or SIGTERM{kill}",
        ]
    if block.state == "releasing":
        return [f"The same command finishes the release: {block.lift}"]
    if block.state == "opening":
        return [f"To finish that: {block.lift}"]
    return [f"To lift it: {block.lift}"]
