"""The line of a step that is under way: for a terminal, cut to its width; for programs, `key=value`."""

import shlex
from collections.abc import Mapping

from rich.text import Text

from reports.model.progress import StepProgress
from reports.words import common

_BAR = (24, 12, 6)  # widths: from 80 columns on, from 40 on, below
_SHORTEST_MESSAGE = 10


def pairs(fields: Mapping[str, object]) -> str:
    """The fields as `key=value`, quoted for a shell."""
    return " ".join(f"{key}={shlex.quote(str(value))}" for key, value in fields.items())


def step_fields(step: StepProgress, *, finished: bool = False, expected: str = "") -> dict[str, object]:
    """The fields of a line for programs.

    Args:
        finished: whether the step has ended; its message then says how.
        expected: how long it should take, in words; empty if unknown.
    """
    state = "done" if finished else "waiting" if step.waiting else "running"
    fields: dict[str, object] = {"step": step.step, "state": state}
    if step.share is not None and not finished:
        fields |= {"done": step.done, "total": step.total, "unit": step.unit}
        fields["percent"] = f"{100 * step.share:.1f}"
    if step.eta_s is not None and not finished:
        fields["eta_s"] = f"{step.eta_s:.0f}"
    if step.stalled_s is not None and not finished:
        fields["stalled_s"] = f"{step.stalled_s:.0f}"
    if expected:
        fields["expected"] = expected
    fields["message"] = step.message
    return fields | ({"detail": step.detail} if step.detail else {})


def step_line(step: StepProgress, width: int, *, expected: str = "", ascii_only: bool = False) -> Text:
    """As much as fits, by importance: step, bar, amount, time left, detail, message, expected time.

    Args:
        width: in characters.
        expected: how long it should take, in words; empty if unknown.
        ascii_only: whether the terminal has no other characters.
    """
    bar = Text() if step.share is None else _drawn(step.share, width, ascii_only=ascii_only)
    left = common.time_left(step.eta_s, step.stalled_s)
    amount = common.amount(step.done or 0, step.total or 0, step.unit or "")
    should_take = f"expected {expected}" if expected else ""
    room = width - len(step.step) - (bar.cell_len + 1 if bar else 0)
    parts: list[str] = []
    for part in (amount, left, step.detail, should_take):
        needed = _SHORTEST_MESSAGE if part == should_take else 0
        if part and len(part) + 3 <= room - needed:
            parts.append(part)
            room -= len(part) + 3
    message = Text(f": {step.message}" if step.message and room > _SHORTEST_MESSAGE else "")
    message.truncate(max(room, 0), overflow="ellipsis")
    line = Text.assemble((step.step, "bold"), message, " " if bar else "", bar)
    line.append(f" {' · '.join(parts)}" if parts else "", "dim")
    line.truncate(width, overflow="ellipsis")
    line.no_wrap = True
    return line


def _drawn(share: float, width: int, *, ascii_only: bool) -> Text:
    size = _BAR[0] if width >= 79 else _BAR[1] if width >= 39 else _BAR[2]
    done = min(size, int(size * share))
    full, rest = ("#", "-") if ascii_only else ("━", "━")
    return Text.assemble((full * done, "green"), (rest * (size - done), "grey37"))
