"""What each step of a migration costs before anything has been measured. Pure.

Copying is documented: 40 MB per second and node by default. The rest was measured in the lab, with a wide
margin.
"""

from dataclasses import dataclass

from configs.plan import Side
from runs.step_names import StepName
from tasks.estimates.workload import throttled_seconds
from tasks.records.estimates import Workload

_COPYING: dict[str, Side] = {StepName.SNAPSHOT: "source", StepName.RESTORE: "target"}


@dataclass(frozen=True)
class Cost:
    """Seconds that a step takes: fixed, per index, and as a multiple of the throttled copying."""

    fixed: float
    an_index: float = 0.0
    copying: float = 0.0

    def of(self, step: str, work: Workload) -> float:
        copying = throttled_seconds(work, _COPYING[step]) if step in _COPYING else 0.0
        return self.fixed + self.an_index * work.indices + self.copying * copying


COSTS: dict[str, tuple[Cost, Cost, Cost]] = {
    StepName.RESOLVE: (Cost(0.1), Cost(0.5, 0.001), Cost(15, 0.01)),
    StepName.REGISTER_ON_SOURCE: (Cost(0.1), Cost(0.5), Cost(10)),
    StepName.REGISTER_ON_TARGET: (Cost(0.1), Cost(0.5), Cost(10)),
    StepName.START_SNAPSHOT: (Cost(0.1), Cost(0.4, 0.0005), Cost(10, 0.005)),
    StepName.SNAPSHOT: (Cost(0.1, 0.005, 1), Cost(0.5, 0.055, 1), Cost(10, 0.11, 4)),
    StepName.FIND_ON_TARGET: (Cost(0.02), Cost(0.1), Cost(5, 0.001)),
    StepName.RESTORE: (Cost(0.2, 0.01, 1), Cost(0.5, 0.09, 1), Cost(10, 0.18, 4)),
    StepName.VERIFY: (Cost(0.1, 0.0005), Cost(0.4, 0.004), Cost(10, 0.05, 0)),
}
"""For each step: the least, the typical and the most."""
