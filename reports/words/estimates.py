"""What an estimate is based on, in words: its bottleneck, its basis, its assumptions.

Journals of earlier versions hold these words alone: they are shown as they are.
"""

from collections.abc import Iterator

from tasks.records.estimates import (
    UNLIMITED,
    Bottleneck,
    BottleneckCause,
    Estimate,
    SmallerRun,
    UnknownFigure,
    Workload,
)
from tasks.records.plan_document import PlanDocument


def bottleneck(made: Estimate) -> str:
    """What takes the most, in one sentence."""
    return f"{made.slowest.step}: {_cause(made.slowest)}" if made.slowest else made.bottleneck


def _cause(found: Bottleneck) -> str:
    at_most = f" at no more than {_rate(found.limit)} per second" if found.limit else ""
    if found.cause == BottleneckCause.INDICES:
        return f"the number of indices ({found.indices:,}) rather than their bytes"
    if found.cause == BottleneckCause.LITTLE_WORK:
        return "the fixed cost of each step; there is little to move"
    if found.cause == BottleneckCause.ONE_SHARD:
        return f"one shard of {_size(found.bytes)}, copied by a single node{at_most}"
    each = f"{found.nodes} nodes, each" if found.nodes > 1 else "one node"
    return f"copying {_size(found.bytes)} through {each}{at_most}"


def _rate(limit: int) -> str:
    return f"{limit / 1e6:.0f} MB" if limit >= 10e6 else f"{limit / 1e6:.1f} MB"


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def basis(made: Estimate) -> str:
    """Which runs it was measured in, and which steps are rough estimates."""
    if made.slowest is None:
        return made.basis
    runs = sorted({run_id for step in made.steps for run_id in step.measured_in}, reverse=True)
    if not runs:
        return "rough estimate: nothing measured yet"
    named = (f"{'rehearsal' if run_id in made.rehearsals else 'run'} {run_id}" for run_id in runs)
    without = [step.step for step in made.steps if not step.measured_in]
    rough = f"; rough estimates for {', '.join(without)}" if without else ""
    return f"measured in {', '.join(named)}{rough}"


def assumptions(made: Estimate) -> tuple[str, ...]:
    """What must hold for the estimate, one sentence each."""
    return tuple(_assumptions(made)) if made.slowest else made.assumptions


def _assumptions(made: Estimate) -> Iterator[str]:
    yield from _figures(made.workload)
    measured = [bool(step.measured_in) for step in made.steps]
    if not all(measured):
        yield "unmeasured steps take between the documented limits and a multiple of the lab's times"
    if any(measured):
        yield "the domains are about as busy as they were in the measured runs"
    if made.scaled_from:
        yield _scaled(made.scaled_from, made.workload)
    for shadow in made.shadows:
        yield f"the target is as fast as {shadow}, where the rehearsal ran"
    if made.kept_snapshot:
        yield (
            f"snapshot {made.kept_snapshot} is still in the repository, so the new one writes only what has "
            "changed since: anything from nothing to everything"
        )
    yield "no other snapshot of the source is in the way"
    if made.gates:
        yield "waits at gates do not count"


def _figures(work: Workload) -> Iterator[str]:
    yield from workload_notes(work)
    if work.snapshot_limit is None or work.restore_limit is None:
        yield f"a node without a limit copies about {UNLIMITED / 1e6:.0f} MB per second"
    if work.unsized:
        yield f"{work.unsized} closed indices count without their bytes, which the source does not report"


def workload_notes(work: Workload) -> tuple[str, ...]:
    """What was assumed because a domain did not report it, one sentence each."""
    return work.notes or tuple(_unknown(figure) for figure in work.unknown)


def _unknown(figure: UnknownFigure) -> str:
    if figure.what == "data nodes":
        return f"the {figure.side} has one data node (its nodes could not be read: {figure.error})"
    return (
        f"each node of the {figure.side} restores at most 40 MB per second, the documented default "
        f"(its setting could not be read: {figure.error})"
    )


def _scaled(run: SmallerRun, work: Workload) -> str:
    part = f"{run.indices:,} of {work.indices:,} indices and {_size(run.bytes)} of {_size(work.bytes)}"
    return f"the times of {run.run_id}, which had {part}, scale with indices and bytes"


def workload_in_words(work: Workload) -> Workload:
    """The workload with its notes in words."""
    return work.model_copy(update={"notes": workload_notes(work)})


def estimate_in_words(made: Estimate) -> Estimate:
    """The estimate with its words beside the facts, as documents for machines show it."""
    return made.model_copy(
        update={
            "workload": workload_in_words(made.workload),
            "bottleneck": bottleneck(made),
            "basis": basis(made),
            "assumptions": assumptions(made),
        }
    )


def plan_in_words(document: PlanDocument) -> PlanDocument:
    """The plan document with its estimate in words; its hash stays."""
    made = document.estimate
    return document.model_copy(update={"estimate": estimate_in_words(made)}) if made else document
