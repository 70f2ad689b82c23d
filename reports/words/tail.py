"""The tail in words: ways, rounds, following, proof."""

from reports.words.common import clock, counted, duration
from tasks.records.seeding import CopiesRecord
from tasks.records.tail import CatchUpRecord, FollowRecord, ProofRecord, TailRound, Way, WaysRecord


def ways(record: WaysRecord) -> str:
    """Which indices go by the tail, and which by a restore."""
    tail = [each for each in record.ways if each.way is Way.TAIL]
    restored = [each for each in record.ways if each.way is Way.RESTORE]
    parts = [f"{counted(len(tail), 'index', 'indices')} by the tail"] if tail else []
    parts += [f"{counted(len(restored), 'index', 'indices')} by a restore"] if restored else []
    first = next((f" ({each.name}: {each.why})" for each in restored if each.why and tail), "")
    return f"{', '.join(parts)}{first}" if parts else "nothing has changed since the last round"


def caught_up(record: CatchUpRecord) -> str:
    """How the copies were brought close to the source before the freeze."""
    written = sum(each.written + each.deleted for each in record.indices)
    rounds = counted(record.rounds, "round", "rounds")
    out = [each for each in record.indices if each.out]
    fell = f"; {out[0].name} goes by a restore: {out[0].out}" if out else ""
    applied = f"{counted(written, 'change', 'changes')} applied"
    return f"{rounds}: {applied}, the last round in {duration(record.last.seconds)}{fell}"


def last_round(record: TailRound) -> str:
    """What the last round of the tail brought over."""
    changes = counted(record.written + record.deleted, "change", "changes")
    return f"{changes} applied in {duration(record.seconds)}"


def proved(record: ProofRecord) -> str:
    """What was proved of the indices that went by the tail."""
    if record.differences:
        name, why = next(iter(record.differences.items()))
        return f"{counted(len(record.differences), 'index', 'indices')} not proved: {name}: {why}"
    documents = f"{record.up_to_base:,} documents by number, {record.since_base:,} one by one"
    return f"{counted(len(record.proved), 'index', 'indices')} proved equal: {documents}"


def followed(record: FollowRecord) -> str:
    """How a session of `follow` stands."""
    yes = "yes" if record.can_cut_over else "no"
    return f"{counted(record.rounds, 'round', 'rounds')}; can_cut_over: {yes}, because {record.why}"


def live(record: FollowRecord) -> str:
    """The one line of `follow`: tail, rates, lag, expected window, and whether it may be cut over."""
    window = f"window about {duration(record.window_s)}" if record.window_s is not None else "window unknown"
    yes = "yes" if record.can_cut_over else "no"
    paused = "paused; " if record.paused else ""
    return (
        f"{paused}tail {record.tail:,}; in {record.rate_in:,.0f}/s, out {record.rate_out:,.0f}/s; "
        f"lag {duration(record.lag_s)}; {window}; can_cut_over: {yes}, because {record.why}"
    )


def created(record: CopiesRecord) -> str:
    """Indices that were created for the way back."""
    if not record.copies:
        return ""
    indices = counted(len(record.copies), "index", "indices")
    return f"{indices} created that came after the opening: {', '.join(c.target for c in record.copies[:5])}"


def promised(record: CopiesRecord) -> str:
    """What a promised way back covers."""
    return f"the way back is known for {counted(len(record.copies), 'index', 'indices')}"


def way_back(record: FollowRecord | None) -> str:
    """How falling back stands, by the latest session of `follow` in that direction; None before the first."""
    if record is None:
        return "would lose nothing; it first brings back all that the target has taken since the opening"
    fallen = next((index for index in record.indices if index.out), None)
    if fallen:
        return f"not possible as of {clock(record.at)}, because of {fallen.name}: {fallen.out}"
    since = f"as of {clock(record.at)}"
    if record.can_cut_over:
        return f"would lose nothing; in step {since}, and the fallback first brings back what came later"
    return f"would lose nothing, but would take longer {since}: {record.why}"
