"""What follows from the seed of a soaked tail: its lab, its defect, until when clients write."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.soak.tails import LABS, RUNS, drawn
from tests.support.defects import DEFECTS


def test_every_lab_meets_every_defect_and_as_many_runs_without_one(tmp_path: Path) -> None:
    lab: Any = SimpleNamespace(source=SimpleNamespace(nodes=["one"]))
    scene: Any = SimpleNamespace(lab=lab, folder=tmp_path)
    runs = {seed: drawn(scene, seed) for seed in range(1, RUNS + 1)}
    met = Counter((seed % len(LABS), run.defect) for seed, run in runs.items())
    assert {(turn, defect) for turn in range(len(LABS)) for defect in ("", *DEFECTS)} == set(met)
    assert min(met.values()) >= 5
    assert abs(sum(bool(run.defect) for run in runs.values()) - RUNS / 2) <= len(LABS)
    assert {run.until for run in runs.values() if run.defect} == {"seed", "follow"}
    assert {run.until for run in runs.values() if not run.defect} == {"seed", "follow", "cutover"}
    again = drawn(scene, 17)
    assert (again.rounds, again.until, again.defect) == (runs[17].rounds, runs[17].until, runs[17].defect)
