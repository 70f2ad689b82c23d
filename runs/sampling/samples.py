"""Samples of one step's progress: never more than 120, whatever the step takes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST = 120
"""How many samples of a step are kept."""
FINEST_S = 0.25
"""The least time between two samples, at first."""
_PREFERRED = "bytes"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Units = Annotated[int, Field(ge=0)]
Sample = tuple[Seconds, Units, Units]
"""Seconds since the step's first start, units done, units in total."""


class StepSamples(BaseModel):
    """Progress of one step over time.

    Args:
        unit: what is counted, such as `bytes`.
        every: the least seconds between two samples; doubled whenever there are too many. The last one is
            always the latest.
        points: in the order of time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    unit: str
    every: float = FINEST_S
    points: tuple[Sample, ...] = ()

    def added(self, seconds: float, done: int, total: int) -> "StepSamples":
        """These samples and one more; the one before it goes if it came too shortly after its predecessor."""
        kept, every = list(self.points), self.every
        if len(kept) > 1 and kept[-1][0] - kept[-2][0] < every:
            kept.pop()
        kept.append((round(max(0.0, seconds), 2), max(0, done), max(0, total)))
        if len(kept) > MOST:
            kept, every = [*kept[:-1:2], kept[-1]], every * 2
        return self.model_copy(update={"points": tuple(kept), "every": every})

    def gives_way_to(self, unit: str) -> bool:
        """Whether another unit says more: bytes do; otherwise the first one stays."""
        return unit == _PREFERRED != self.unit
