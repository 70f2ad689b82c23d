"""Seed rounds and cutovers in words."""

from datetime import UTC, datetime, timedelta

from configs.values.durations import duration_text
from reports.words.common import clock, counted, duration, size, verified
from tasks.records.cutover import (
    FreezeRecord,
    HealthRecord,
    OpenRecord,
    PauseOutcome,
    PauseRecord,
    ReleaseRecord,
)
from tasks.records.estimates import WindowEstimate
from tasks.records.seeding import KINDS, ChangesRecord, CopiesRecord, RoundRecord, WholeReason

__all__ = ["verified"]


def compared(record: ChangesRecord) -> str:
    """What has changed since the last round."""
    counts = {kind: len(record.of(kind)) for kind in KINDS}
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    operations = counted(record.operations, "operation", "operations")
    return f"round {record.round}: {kinds or 'nothing'}; {operations}"


def copies(record: CopiesRecord) -> str:
    """The copies after a round."""
    copies = counted(len(record.copies), "copy", "copies")
    return f"{copies} on the target, refusing writes"


def round_sentence(record: RoundRecord) -> str:
    """How a round went."""
    full = f"; {counted(len(record.whole), 'full copy', 'full copies')}" if record.whole else ""
    return (
        f"round {record.round}: {record.restored} restored, {record.unchanged} unchanged; "
        f"{size(record.fetched)} fetched, {size(record.reused)} reused{full}"
    )


def expected(record: WindowEstimate) -> str:
    """How long the window will be."""
    window = f"the source will refuse writes for about {duration(record.low)} to {duration(record.high)}"
    if not record.indices:
        compared = (
            f"was measured in run {record.compared_in}" if record.compared_in else "is a rough estimate"
        )
        return f"{window}: nothing to copy; the comparison {compared}"
    indices = counted(record.indices, "index", "indices")
    operations = counted(record.operations, "operation", "operations")
    return f"{window}: {indices} and {operations} to copy ({_basis(record)})"


def _basis(record: WindowEstimate) -> str:
    if record.basis:
        measured = f"measured in {counted(len(record.basis), 'round', 'rounds')}"
        return measured if record.compared_in else f"{measured}; the comparison is a rough estimate"
    compared_in = f"; the comparison was measured in run {record.compared_in}" if record.compared_in else ""
    return f"rough estimate: no similar round was measured{compared_in}"


_PAUSES = {
    PauseOutcome.PAUSED: "until {until:%Y-%m-%d %H:%M} UTC at the latest",
    PauseOutcome.NOT_WANTED: "the plan does not ask for it",
    PauseOutcome.NOT_SIGNED: "its requests are not signed, so the service takes no snapshots of it",
    PauseOutcome.UNKNOWN_DOMAIN: "the control plane does not know the source",
    PauseOutcome.OVER: "the pause of an earlier session is over",
    PauseOutcome.FAILED: "{error}; if the service takes a snapshot, the last round waits for it",
    PauseOutcome.NOTHING_PAUSED: "nothing was paused",
    PauseOutcome.RESUMED: "as before the window",
    PauseOutcome.NOT_RESUMED: "{error}; the pause ends by itself at {until:%H:%M} UTC",
}
_NOT_RESUMED_BEFORE = "{error}"  # an earlier version wrote the time into the error


def paused(record: PauseRecord) -> str:
    """Whether the service's automated snapshots are paused."""
    return f"{'paused' if record.paused else 'not paused'}: {_pause(record)}"


def resumed(record: PauseRecord) -> str:
    """What happened to the pause."""
    return f"{'still paused' if record.paused else 'not paused'}: {_pause(record)}"


def _pause(record: PauseRecord) -> str:
    words = _PAUSES[record.outcome]
    if record.outcome == PauseOutcome.NOT_RESUMED and record.until is None:
        words = _NOT_RESUMED_BEFORE
    until = record.until.astimezone(UTC) if record.until else None
    return words.format(until=until, error=record.error)


_WHOLE = {
    WholeReason.MADE_ANEW: "it was recreated on the source",
    WholeReason.NO_FILE_IN_COMMON: (
        "the snapshot has none of its copy's files any more: segments were merged or rewritten"
    ),
}


def fetched_whole(why: WholeReason) -> str:
    """Why an index was copied in full although it had a copy to build on."""
    return _WHOLE[why]


def about_to_freeze(indices: int, length: timedelta) -> str:
    """Warn everybody who writes to the source."""
    named = counted(indices, "index", "indices")
    return f"the source is about to refuse writes to {named}, for {duration_text(length)} at most"


def window_opened(domain: str, deadline: datetime) -> str:
    """That a domain refuses writes from now on."""
    return f"the {domain} refuses writes, until {clock(deadline)} at the latest: then it is rolled back"


def guarded(process: int) -> str:
    """Say who ends the window if the command cannot."""
    return f"process {process} releases the source at the deadline, or at once if this command dies"


def not_enough(length: timedelta) -> str:
    """Warn that the window is shorter than its estimate."""
    return (
        f"cutover.window is {duration_text(length)}: probably not enough, and then the cutover rolls back; "
        "run a seed round before it, or use a longer window"
    )


def frozen(record: FreezeRecord) -> str:
    """Which indices refuse writes, and since when."""
    before = f"; {len(record.before)} already refused them" if record.before else ""
    way = f" ({len(record.by_settings)} by their settings)" if record.by_settings else ""
    since = f"since {record.at:%H:%M:%S} UTC"
    refuse = counted(len(record.blocked), "index of the source refuses", "indices of the source refuse")
    return f"{refuse} writes {since}{way}{before}"


def no_way_back(source_after: str) -> str:
    """Announce what cannot be undone."""
    if source_after == "follow":
        return "the target is opened for writes; `snapferry fallback PLAN` is the way back from here"
    after = "keeps refusing writes" if source_after == "blocked" else "takes writes again, too"
    return f"no way back from here: the target is opened for writes, and the source {after}"


def going_back(source_after: str) -> str:
    """Announce that the domain that was left before takes writes again."""
    said = "clients can be pointed back: the domain that they left takes writes again"
    if source_after == "follow":
        return f"{said}; `snapferry cutover PLAN` is the way there again"
    return f"no way back from here: {said}"


def opened(record: OpenRecord) -> str:
    """What is open on the target, and where clients find it."""
    streams = f", {counted(len(record.streams), 'data stream', 'data streams')}" if record.streams else ""
    indices = counted(len(record.opened), "index", "indices")
    aliases = counted(len(record.aliases), "alias", "aliases")
    return (
        f"{indices}{streams} and {aliases} take writes as of "
        f"{record.at:%H:%M:%S} UTC; point your clients at {record.repoint}"
    )


def released(record: ReleaseRecord) -> str:
    """What happened to the source's blocks."""
    if record.kept:
        kept = counted(
            len(record.kept), "index of the source still refuses", "indices of the source still refuse"
        )
        return f"{kept} writes"
    released = counted(len(record.released), "index of the source takes", "indices of the source take")
    return f"{released} writes again"


def health(record: HealthRecord) -> str:
    """The target's health."""
    if not record.not_green:
        return f"green after {duration(record.waited_s)}"
    name, state = next(iter(record.not_green.items()))
    late = counted(len(record.not_green), "index is", "indices are")
    return f"{late} not green after {duration(record.waited_s)}: {name} is {state}"
