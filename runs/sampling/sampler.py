"""Keep samples of what steps report, in the journal: written whenever the journal is, and never for it."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from runs.progress import Progress, listening
from runs.sampling.samples import StepSamples


class Begun(Protocol):
    """A step that was started: see `runs.journal.StepEntry`."""

    @property
    def started(self) -> datetime: ...


class Sampled(Protocol):
    """What holds steps and their samples: see `runs.journal.Document`."""

    @property
    def steps(self) -> Mapping[str, Begun]: ...

    @property
    def samples(self) -> dict[str, StepSamples]: ...


@contextmanager
def sampled(document: Callable[[], Sampled]) -> Generator[None]:
    """Inside the block, add what steps report to the samples of the run's journal; nothing is written.

    Args:
        document: the journal's contents as they are by then.
    """

    def sample(progress: Progress) -> None:
        add_sample(document(), progress, datetime.now(UTC))

    with listening(sample):
        yield


def add_sample(document: Sampled, progress: Progress, at: datetime) -> None:
    """Add this progress to its step's samples, if it counts anything, and the step is one of the run's.

    After a resumption the seconds still count from the step's first start: what lies between shows as time
    in which nothing moved.
    """
    step = document.steps.get(progress.step)
    if step is None or progress.total <= 0 or not progress.unit:
        return
    known = document.samples.get(progress.step)
    if known is None or known.gives_way_to(progress.unit):
        known = StepSamples(unit=progress.unit)
    if known.unit == progress.unit:
        seconds = (at - step.started).total_seconds()
        document.samples[progress.step] = known.added(seconds, progress.done, progress.total)
