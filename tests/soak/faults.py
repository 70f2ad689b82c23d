"""The main job while a tenth, a fifth and three tenths of all requests go wrong: 25 runs of each."""

from __future__ import annotations

from typing import Any

from tests.soak.classes import RATES, everything_at
from tests.soak.commands import as_a_child
from tests.soak.ledger import COLUMNS
from tests.soak.runs import PASSED, row, soak_run
from tests.soak.scene import Scene

EACH = 25
RUNS = EACH * len(RATES)

__all__ = ["COLUMNS", "EACH", "PASSED", "RUNS", "fault_run"]


def fault_run(scene: Scene, seed: int) -> dict[str, Any]:
    """The run with this seed, as a row of the results."""
    kind = everything_at(RATES[(seed - 1) // EACH % len(RATES)])
    outcome = soak_run(scene, seed, as_a_child, kind)
    if not outcome.passed:
        print(outcome.said, flush=True)
    return row(outcome)
