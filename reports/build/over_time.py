"""From a run's journal: how far its steps had come, over time."""

from collections.abc import Iterator

from reports.model.report import ProgressPoint, StepProgress
from runs.journal import Document


def progress_of(document: Document) -> Iterator[StepProgress]:
    """The samples of each step that has any, in the order of the steps."""
    for name in document.steps:
        kept = document.samples.get(name)
        if kept and kept.points:
            points = [ProgressPoint(seconds=at, done=done, total=total) for at, done, total in kept.points]
            yield StepProgress(step=name, unit=kept.unit, points=points)
