"""Say after each round of `follow` how the tail stands, and whether a cutover may begin. Pure."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from configs.cutover import CutoverSettings
from configs.values.durations import duration_text
from runs.journal import now
from runs.progress import TailReason
from tasks.records.estimates import WindowEstimate
from tasks.records.tail import FollowRecord, TailIndex, TailRound

_FIXED_S = 2.0
"""Seconds of a window that do not depend on the data: freeze, comparison, opening."""
_SMOOTHING = 0.5


@dataclass(frozen=True)
class Restored:
    """What a cutover would have to restore, beside what goes by the tail.

    Args:
        names: of the indices on the source.
        window: how long that is expected to take; None where there are none.
        costs: expected seconds of a restore of each index, as far as known, also of those that go by the
            tail: one that falls out is restored, too.
    """

    names: tuple[str, ...] = ()
    window: WindowEstimate | None = None
    costs: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass
class Outlook:
    """Rates and sums over the rounds of a session.

    Args:
        settings: of the plan.
        clock: seconds that only go forward.
        back: whether it is a way back: then no index may fall out, because none can be restored.
    """

    settings: CutoverSettings
    clock: Callable[[], float] = time.monotonic
    back: bool = False
    rounds: int = 0
    read: int = 0
    written: int = 0
    deleted: int = 0
    _rate_in: float | None = None
    _rate_out: float | None = None
    _before: float | None = field(default=None)

    def after(
        self, latest: TailRound, indices: tuple[TailIndex, ...], restored: Restored, lag_s: float
    ) -> FollowRecord:
        """How things stand after this round.

        Args:
            latest: the round.
            indices: how each index stands.
            restored: what does not go by the tail.
            lag_s: seconds since the round read how far the source was.
        """
        self._add(latest)
        fallen = [each for each in indices if each.out]
        record = FollowRecord(
            at=now(),
            rounds=self.rounds,
            tail=sum(each.behind for each in indices),
            lag_s=round(lag_s, 1),
            rate_in=round(self._rate_in or 0.0, 1),
            rate_out=round(self._rate_out or 0.0, 1),
            window_s=self._window_s(latest, restored, fallen),
            read=self.read,
            written=self.written,
            deleted=self.deleted,
            indices=indices,
        )
        hindrance = self._hindrance(record, restored)
        reason, why = hindrance or (TailReason.READY, self._ready(record, restored, len(fallen)))
        return record.model_copy(update={"can_cut_over": hindrance is None, "reason": reason, "why": why})

    def _add(self, latest: TailRound) -> None:
        moment = self.clock()
        if self._before is not None:
            seconds = max(0.001, moment - self._before)
            self._rate_in = _smoothed(self._rate_in, latest.operations / seconds)
        if latest.operations:
            self._rate_out = _smoothed(self._rate_out, latest.operations / max(0.001, latest.seconds))
        self._before = moment
        self.rounds += 1
        self.read += latest.read
        self.written += latest.written
        self.deleted += latest.deleted

    def _window_s(self, latest: TailRound, restored: Restored, fallen: Iterable[TailIndex]) -> float:
        more = restored.window.high if restored.window else 0.0
        more += sum(restored.costs.get(each.name, 0.0) for each in fallen)
        return round(_FIXED_S + latest.seconds * 1.5 + more, 1)

    def _hindrance(self, record: FollowRecord, restored: Restored) -> tuple[TailReason, str] | None:
        limit, window = self.settings.follow.max_lag, self.settings.window
        lost = next((each for each in record.indices if each.out), None) if self.back else None
        if lost:
            return TailReason.LOST, f"{lost.name} cannot be brought back: {lost.out}"
        if record.lag_s > limit.total_seconds():
            allowed = f"more than {duration_text(limit)} (cutover.follow.max_lag)"
            return TailReason.LAG, f"the copies lag {record.lag_s:.0f} s behind, {allowed}"
        if record.rate_in > record.rate_out > 0 and record.tail > 1_000:
            return TailReason.RATE, "the source takes writes faster than they are brought over"
        if record.window_s is not None and record.window_s > window.total_seconds():
            why = f"; {restored.names[0]} goes by a restore" if restored.names else ""
            allowed = f"{duration_text(window)} (cutover.window)"
            return TailReason.WINDOW, f"the window would take longer than {allowed}{why}"
        return None

    def _ready(self, record: FollowRecord, restored: Restored, fallen: int) -> str:
        said = f"the copies lag {record.lag_s:.0f} s behind at most"
        if restored.names:
            said += f"; {len(restored.names)} indices will be restored in the window, as {restored.names[0]}"
        return said if not fallen else f"{said}; {fallen} could not be kept in step"


def _smoothed(before: float | None, latest: float) -> float:
    return latest if before is None else before * (1 - _SMOOTHING) + latest * _SMOOTHING
