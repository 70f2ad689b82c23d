"""A live page: the report so far, and above it what the run is doing right now."""

from collections.abc import Iterator

from configs.values.visible import visible_values
from reports.model.progress import ProgressSnapshot, StepProgress
from reports.model.report import Report
from reports.page.elements import Block, Facts, Figure, Figures, Lines, Part, Tone, Verdict
from reports.page.headline import title_of
from reports.page.live import LiveFeed
from reports.page.page import page_parts
from reports.page.parts import ORDER
from reports.page.rendering import document, rendered
from reports.words import common
from reports.words.common import clock, counted, duration, number, size

NOW = "part-now"
_FIRST = ORDER[0]


def live_parts(report: Report) -> dict[str, str]:
    """The HTML of every part, with a place for what the run is doing now."""
    made = page_parts(report)
    return {_FIRST: made[_FIRST], NOW: "", **made}


def parts_without_run(plan: str) -> dict[str, str]:
    """The same for a plan that has no run yet."""
    waiting = Verdict(
        above="Live",
        title=f"Plan {plan}",
        tone="plain",
        state="no run yet",
        sentence="Waiting for one to begin.",
    )
    banner = rendered(visible_values(Part(id=_FIRST, title="", blocks=[waiting])))
    return {_FIRST: banner, NOW: "", **dict.fromkeys(ORDER[1:], "")}


def live_page(parts: dict[str, str], report: Report | None, plan: str, feed: LiveFeed) -> str:
    """The whole page, which listens for what changes.

    Args:
        report: of the run that it shows; None where there is none.
    """
    title = title_of(visible_values(report)) if report else f"Plan {plan}"
    about = "Shown live from the files of the run; nothing is sent to a domain. All times are in UTC."
    return document(f"{title}: live", parts, about=about, live=feed)


def now_part(snapshot: ProgressSnapshot) -> str:
    """What the run is doing right now; empty once it has ended in order: then the report says all."""
    shown = visible_values(snapshot)
    if shown.is_over and shown.ended is not None and not _is_blocked(shown):
        return ""
    blocks: list[Block] = [Figures(list(_figures(shown))), Facts(list(_facts(shown)))]
    return rendered(Part(id=NOW, title="Now", blocks=blocks))


def problem_part(problem: str) -> str:
    """Why nobody can say what the run is doing."""
    said = visible_values(Lines([f"The files of the run cannot be read: {problem}"]))
    return rendered(Part(id=NOW, title="Now", blocks=[said]))


def _is_blocked(snapshot: ProgressSnapshot) -> bool:
    return snapshot.source_blocked is not None and snapshot.source_blocked.state != "kept"


def _figures(snapshot: ProgressSnapshot) -> Iterator[Figure]:
    step = snapshot.step
    if step:
        share = "" if step.share is None else f"{100 * step.share:.1f} %"
        yield Figure(step.step, share or "under way", _left(step), _tone(step))
    for name, amount in snapshot.copied.items():
        yield Figure(f"{name}, bytes", size(amount.done), f"of {size(amount.total)}")
    indices = snapshot.indices
    if indices.to_move:
        yield Figure("indices restored", number(indices.restored), f"of {number(indices.to_move)}")
        yield Figure("indices equal", number(indices.equal), f"{number(indices.verified)} verified")
    if snapshot.shards:
        yield Figure("shards started", number(snapshot.shards.done), f"of {number(snapshot.shards.total)}")
    if snapshot.tail:
        yield Figure("lag", duration(snapshot.tail.lag_s), f"{number(snapshot.tail.operations)} operations")
    if snapshot.window and snapshot.window.left_s is not None:
        yield Figure("window left", duration(snapshot.window.left_s), _expected(snapshot), "mixed")


def _left(step: StepProgress) -> str:
    return "waiting" if step.waiting else common.time_left(step.eta_s, step.stalled_s)


def _tone(step: StepProgress) -> Tone:
    return "mixed" if step.stalled_s is not None or step.waiting else "busy"


def _expected(snapshot: ProgressSnapshot) -> str:
    window = snapshot.window
    if window is None or window.expected_low is None or window.expected_high is None:
        return ""
    return f"expected {common.span(window.expected_low, window.expected_high)}"


def _facts(snapshot: ProgressSnapshot) -> Iterator[tuple[str, str]]:
    step, block, tail = snapshot.step, snapshot.source_blocked, snapshot.tail
    yield "Process", _process(snapshot)
    if block:
        many = counted(block.indices, "index", "indices")
        yield "Writes", f"the {block.side} refuses them to {many} since {clock(block.since)}"
    if step and step.message:
        yield "Step", ", ".join(filter(None, (step.message, step.detail)))
    if tail:
        yield "May be cut over", f"{'yes' if tail.can_cut_over else 'no'}, because {tail.why}"
    if snapshot.gate:
        yield "Gate", f"waits for approval of {snapshot.gate}"
    sent = "; ".join(
        f"{side} {number(each.reads)} reads, {number(each.writes)} writes"
        for side, each in snapshot.requests.items()
    )
    if sent:
        yield "Requests", sent


def _process(snapshot: ProgressSnapshot) -> str:
    if snapshot.process_alive:
        named = f"process {snapshot.process}" if snapshot.process else "a process"
        return f"{named} works on it"
    if snapshot.process_alive is None:
        return "whether one works on it can be seen on its machine only"
    return "none works on it"
