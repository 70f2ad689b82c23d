"""`make soak`: seeded runs of the main job while things go wrong, one after another.

With `--job rehearse`: rehearsals that are killed. With `--job cutover`: seed rounds and a cutover. With
`--job window`: windows that meet a fault. With `--job tail`: histories that are followed and cut over. With
`--job way-back`: there, back and there again. With `--job tail-kills`: the same, killed on the way. With
`--job steady`: there and back while clients write for minutes. With `--job rights`: a set-up without each of
its rights. With `--job takeover`: a machine is lost. With
`--job fleet`: a fleet of eight plans loses them. With
`--job faults`: the main job while a tenth and more of all requests go wrong. With
`--job crashes`: every verb, killed at every point. With `--job fuzz`: damaged input of every kind.
With `--job long-days`: what may go wrong for a while during a migration, once each.
A soak that was stopped resumes where it was. `--seed N` alone repeats one run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.manager import attached
from lab.settings import LabSettings
from tests.soak import (
    cutovers,
    faults,
    fleets,
    rehearsals,
    steady,
    tail_kills,
    tails,
    takeovers,
    ways_back,
    windows,
)
from tests.soak.classes import class_of
from tests.soak.commands import as_a_child
from tests.soak.ledger import Ledger
from tests.soak.runs import DONE, PASSED, SPARED, Outcome, row, soak_run
from tests.soak.scene import Scene
from tests.soak.tails import engines

RUNS = 60


@dataclass(frozen=True)
class Job:
    """A job with a row for each run: how a run goes, its table's columns, which verdicts are good, how many.

    Args:
        labs: the runs take them in turn, by their seeds.
        fills: whether the runs build on a source that was filled once.
    """

    run: Callable[[Scene, int], dict[str, Any]]
    columns: Sequence[str]
    passed: Sequence[str]
    runs: int = 30
    labs: Sequence[LabSettings] = (LabSettings(),)
    fills: bool = True


JOBS = {
    "rehearse": Job(rehearsals.rehearsal_run, rehearsals.COLUMNS, (rehearsals.DONE, rehearsals.SPARED)),
    "cutover": Job(cutovers.cutover_run, cutovers.COLUMNS, cutovers.PASSED),
    "window": Job(windows.window_run, windows.COLUMNS, windows.PASSED, runs=windows.ALL_RUNS),
    "tail": Job(tails.tail_run, tails.COLUMNS, tails.PASSED, tails.RUNS, tails.LABS, fills=False),
    "way-back": Job(
        ways_back.way_back_run,
        ways_back.COLUMNS,
        ways_back.PASSED,
        ways_back.RUNS,
        ways_back.LABS,
        fills=False,
    ),
    "tail-kills": Job(
        tail_kills.kill_run,
        tail_kills.COLUMNS,
        tail_kills.PASSED,
        tail_kills.RUNS,
        ways_back.LABS,
        fills=False,
    ),
    "faults": Job(faults.fault_run, faults.COLUMNS, faults.PASSED, faults.RUNS),
    "takeover": Job(takeovers.takeover_run, takeovers.COLUMNS, takeovers.PASSED, takeovers.RUNS, fills=False),
    "fleet": Job(fleets.fleet_run, fleets.COLUMNS, fleets.PASSED, fleets.RUNS, fills=False),
    "steady": Job(steady.steady_run, steady.COLUMNS, steady.PASSED, steady.RUNS, steady.LABS, fills=False),
}


def main() -> int:
    """Run what is left of the soak; return 1 if anything that must hold did not."""
    options = _options()
    if options.job == "rights":
        from tests.soak import rights

        return rights.main(record=options.record)
    if options.job == "crashes":
        from tests.soak import crashes

        return crashes.main(options)
    if options.job == "long-days":
        from tests.soak import long_days

        return long_days.main(options)
    if options.job == "fuzz":
        from tests.soak import fuzz

        return fuzz.main(options)
    if options.job in JOBS:
        return _in_rows(options, JOBS[options.job])
    ledger = Ledger(options.seed, options.runs, record=options.record)
    seeds = range(options.seed, options.seed + options.runs)
    left = [seed for seed in seeds if not ledger.done(seed)]
    print(f"{len(left)} of {options.runs} runs to do", flush=True)
    with _scene(ledger.workplace) as scene:
        scene.prepare()
        ledger.begin(engines(scene.lab))
        for seed in left:
            print(f"seed {seed:3} {class_of(seed).name} ...", flush=True)
            outcome = soak_run(scene, seed, as_a_child)
            _tell(outcome)
            ledger.add(row(outcome))
    ledger.finish()
    wrong = [each["seed"] for each in ledger.rows if each["verdict"] not in PASSED]
    if wrong:
        print(f"Plans, journals and the lab's logs are in {ledger.workplace}")
    else:
        shutil.rmtree(ledger.workplace)
    done = sum(each["verdict"] in (DONE, SPARED) for each in ledger.rows)
    print(f"{done} of {len(ledger.rows)} done, {len(wrong)} wrong {wrong or ''}")
    return 1 if wrong else 0


def _in_rows(options: argparse.Namespace, job: Job) -> int:
    """Run a job with a row of the results for each run, one lab after another."""
    ledger = Ledger(options.seed, options.runs, record=options.record, job=options.job, columns=job.columns)
    for turn, settings in enumerate(job.labs):
        seeds = range(options.seed, options.seed + options.runs)
        left = [seed for seed in seeds if seed % len(job.labs) == turn and not ledger.done(seed)]
        if left:
            with _scene(ledger.workplace / f"lab-{turn}", settings) as scene:
                _rows(scene, job, ledger, left)
    ledger.finish()
    wrong = [row["seed"] for row in ledger.rows if row["verdict"] not in job.passed]
    if wrong:
        print(f"Plans, journals and the lab's logs are in {ledger.workplace}")
    else:
        shutil.rmtree(ledger.workplace)
    print(f"{len(ledger.rows)} runs of {options.job}, {len(wrong)} wrong {wrong or ''}")
    return 1 if wrong else 0


def _rows(scene: Scene, job: Job, ledger: Ledger, seeds: Sequence[int]) -> None:
    """Run these seeds in one lab, each with its row."""
    if job.fills:
        scene.prepare()
    ledger.begin(engines(scene.lab))
    for seed in seeds:
        row = job.run(scene, seed)
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        ledger.add(row)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the first run's seed (default: 1)")
    parser.add_argument(
        "--runs",
        type=int,
        default=None,
        help=f"how many (default: {RUNS} of migrate, 124 windows, 200 tails, 60 ways back or "
        "kills of tails, 75 with faults, 4 with steady writers, 30 of others, or 1 with --seed)",
    )
    parser.add_argument(
        "--job",
        choices=("migrate", *JOBS, "rights", "crashes", "long-days", "fuzz"),
        default="migrate",
        help="the job to run",
    )
    parser.add_argument("--verbs", default="", help="of the crashes: these alone, with commas between")
    parser.add_argument(
        "--how",
        choices=("point", "random", "disk"),
        default="point",
        help="of the crashes: killed at every point or at random, or the disk full at every write",
    )
    parser.add_argument("--every", type=int, default=1, help="of the crashes: only each N-th point")
    parser.add_argument("--record", action="store_true", help="append the results to docs/soak.md")
    options = parser.parse_args()
    whole = JOBS[options.job].runs if options.job in JOBS else RUNS
    options.runs = options.runs or (1 if options.seed else whole)
    options.seed = options.seed or 1
    return options


@contextmanager
def _scene(folder: Path, settings: LabSettings | None = None) -> Iterator[Scene]:
    shutil.rmtree(folder, ignore_errors=True)  # left by a soak that was killed
    folder.mkdir(parents=True)
    with attached(folder / "lab", settings) as lab:
        yield Scene(lab, folder / "runs")


def _tell(outcome: Outcome) -> None:
    told = row(outcome)
    print("  " + ", ".join(f"{key} {told[key]}" for key in ("requests", "hit", "S3 hit", "exits", "seconds")))
    print(f"  {outcome.verdict}", flush=True)
    if outcome.verdict != "done":
        print("  | " + outcome.said.strip().replace("\n", "\n  | "))
    if not outcome.passed:
        print(f"  again: make soak SEED={outcome.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
