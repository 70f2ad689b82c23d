"""Seed rounds and cutovers in words."""

from reports.words import duration, number, size, verified
from tasks.cutover.expected import WindowEstimate
from tasks.rounds.records import (
    ChangesRecord,
    CopiesRecord,
    FreezeRecord,
    HealthRecord,
    OpenRecord,
    PauseRecord,
    ReleaseRecord,
    RoundRecord,
)

__all__ = ["verified"]
_KINDS = ("new", "changed", "made anew", "reshaped", "dropped", "aliases", "unchanged")


def compared(record: ChangesRecord) -> str:
    """What has changed since the last round."""
    counts = {kind: len(record.of(kind)) for kind in _KINDS}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"round {record.round}: {said or 'nothing'}; {number(record.operations)} operations"


def copies(record: CopiesRecord) -> str:
    """The copies after a round."""
    return f"{len(record.copies)} copies on the target, all closed and refusing writes"


def round_told(record: RoundRecord) -> str:
    """How a round went."""
    whole = f"; {len(record.whole)} were no delta" if record.whole else ""
    return (
        f"round {record.round}: {record.restored} restored, {record.unchanged} unchanged; "
        f"{size(record.fetched)} fetched, {size(record.reused)} reused{whole}"
    )


def expected(record: WindowEstimate) -> str:
    """How long the window will be."""
    basis = (
        f"measured in {len(record.basis)} rounds" if record.basis else "assumed: no such round was measured"
    )
    return (
        f"the source will refuse writes for about {duration(record.low)} to {duration(record.high)}: "
        f"{record.indices} indices and {number(record.operations)} operations to take ({basis})"
    )


def paused(record: PauseRecord) -> str:
    """Whether the service's own snapshots are paused."""
    return f"{'paused' if record.paused else 'not paused'}: {record.said}"


def resumed(record: PauseRecord) -> str:
    """What became of the pause."""
    return f"{'still paused' if record.paused else 'not paused'}: {record.said}"


def frozen(record: FreezeRecord) -> str:
    """The source, refusing writes."""
    before = f"; {len(record.before)} had refused them before" if record.before else ""
    way = f" ({len(record.by_settings)} by their settings)" if record.by_settings else ""
    since = f"since {record.at:%H:%M:%S} UTC"
    return f"{len(record.blocked)} indices of the source refuse writes {since}{way}{before}"


def no_way_back(source_after: str) -> str:
    """What is about to be done that is not undone any more."""
    after = "goes on refusing writes" if source_after == "blocked" else "takes writes again, too"
    return f"no way back from here: the target is opened for writes, and the source {after}"


def opened(record: OpenRecord) -> str:
    """The target, open."""
    streams = f", {len(record.streams)} data streams" if record.streams else ""
    return (
        f"{len(record.opened)} indices{streams} and {len(record.aliases)} aliases take writes since "
        f"{record.at:%H:%M:%S} UTC; point your clients at {record.repoint}"
    )


def released(record: ReleaseRecord) -> str:
    """What became of the source's blocks."""
    if record.kept:
        return f"{len(record.kept)} indices of the source go on refusing writes"
    return f"{len(record.released)} indices of the source take writes again"


def health(record: HealthRecord) -> str:
    """The target's health."""
    if not record.not_green:
        return f"green after {duration(record.waited_s)}"
    name, told = next(iter(record.not_green.items()))
    return (
        f"{len(record.not_green)} indices are not green after {duration(record.waited_s)}: {name} is {told}"
    )
