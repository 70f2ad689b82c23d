"""How a run stands now: a few lines on a terminal, and one line for programs."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from reports.model.progress import ProgressSnapshot, StepProgress
from reports.views.progress.step_line import pairs, step_fields, step_line
from reports.words import common
from reports.words.common import clock, counted, duration, number, size
from reports.words.next_step import next_lines
from reports.words.outcomes import title


def progress_view(snapshot: ProgressSnapshot) -> RenderableType:
    """The run on a terminal, each line cut to its width."""
    parts: list[RenderableType] = [_cut(line) for line in _before_step(snapshot)]
    parts += [_StepLine(snapshot.step)] if snapshot.step else []
    return Group(*parts, *(_cut(line) for line in _after_step(snapshot)))


def progress_line(snapshot: ProgressSnapshot) -> str:
    """The run in one line of `key=value`, as the run's own command prints them."""
    fields: dict[str, object] = {
        "time": f"{snapshot.at:%Y-%m-%dT%H:%M:%SZ}",
        "run": snapshot.run_id,
        "outcome": snapshot.outcome,
    }
    step = snapshot.step
    if step:
        fields |= step_fields(step) if step.message is not None else {"step": step.step}
    if snapshot.indices.to_move:
        fields |= {"restored": snapshot.indices.restored, "verified": snapshot.indices.verified}
        fields["indices"] = snapshot.indices.to_move
    if snapshot.tail:
        fields |= {"lag_s": snapshot.tail.lag_s, "operations": snapshot.tail.operations}
        fields["can_cut_over"] = "yes" if snapshot.tail.can_cut_over else "no"
    if snapshot.window and snapshot.window.left_s is not None:
        fields["window_left_s"] = f"{snapshot.window.left_s:.0f}"
    if snapshot.source_blocked:
        fields["blocked"] = snapshot.source_blocked.indices
    return pairs(fields)


class _StepLine:
    """The line of the current step, as the run's own terminal shows it."""

    def __init__(self, step: StepProgress) -> None:
        self._step = step

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield step_line(self._step, options.max_width - 1, ascii_only=options.ascii_only)


def _cut(line: str) -> Text:
    return Text(line, no_wrap=True, overflow="ellipsis")


def _before_step(snapshot: ProgressSnapshot) -> Iterator[str]:
    run = f"{title(snapshot.verb)} {snapshot.run_id} of plan {snapshot.plan}"
    process = f" (process {snapshot.process} works on it)" if snapshot.process else ""
    yield f"{run}: {snapshot.stands}{process}"
    if snapshot.source_blocked:
        block = snapshot.source_blocked
        many = counted(block.indices, "index", "indices")
        yield f"The {block.side} refuses writes to {many} since {clock(block.since)}."
    yield f"Steps done: {', '.join(snapshot.steps_done) or 'none'}"


def _after_step(snapshot: ProgressSnapshot) -> Iterator[str]:
    copied = [
        f"{step} {size(amount.done)} of {size(amount.total)}" for step, amount in snapshot.copied.items()
    ]
    if copied:
        yield f"Copied: {', '.join(copied)}"
    indices = snapshot.indices
    if indices.to_move:
        shards = snapshot.shards
        started = f" ({number(shards.done)} of {number(shards.total)} shards)" if shards else ""
        yield (
            f"Indices: {number(indices.restored)} of {number(indices.to_move)} restored{started}, "
            f"{number(indices.verified)} verified, {number(indices.equal)} equal"
        )
    yield from _window_and_tail(snapshot)
    if snapshot.message:
        yield snapshot.message
    yield from next_lines(snapshot.next, snapshot.next_command)


def _window_and_tail(snapshot: ProgressSnapshot) -> Iterator[str]:
    tail, window = snapshot.tail, snapshot.window
    if tail:
        may = "yes" if tail.can_cut_over else "no"
        yield (
            f"Tail: {number(tail.operations)} operations, lag {duration(tail.lag_s)}, "
            f"in {tail.rate_in:,.0f}/s, out {tail.rate_out:,.0f}/s; can_cut_over: {may}, because {tail.why}"
        )
    if window:
        parts: list[str] = []
        if window.left_s is not None:
            parts.append(f"{duration(window.left_s)} left")
        if window.expected_low is not None and window.expected_high is not None:
            parts.append(f"expected {common.span(window.expected_low, window.expected_high)}")
        if parts:
            yield f"Window: {', '.join(parts)}"
