"""Metadata as a step of a run: what is copied before its restore, and what after its opening."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from domains.http.requests import Request
from runs.journal import Journal
from runs.progress import Progress, report_progress
from runs.step_names import StepName
from tasks.errors import ExecutionError, PreconditionError
from tasks.metadata.compare import Compared, compare, compared
from tasks.metadata.copy import copy, requests_for
from tasks.metadata.families import chosen
from tasks.metadata.field_differences import redacted
from tasks.metadata.obstacles import Circumstances
from tasks.metadata.sides import Sides, sides_of
from tasks.migration import Migration
from tasks.records.metadata import (
    CopiedMetadata,
    CopyResult,
    ItemOutcome,
    ItemState,
    MetadataDiff,
    MetadataItem,
    MetadataPhase,
)

_NAMED = 5
_DECIDE = "see `snapferry metadata diff PLAN`; the plan's key metadata decides about it"
_CORRECT = (
    "correct it, or leave it out by metadata.names.exclude; then run the same command again: what is copied "
    "stays"
)
ACTION = "metadata"
"""What its intents are called in the journal."""


@dataclass(frozen=True)
class JournalRecorder:
    """Notes each write as an intent in the run's journal."""

    journal: Journal
    step: StepName

    @contextmanager
    def intend(self, item: MetadataItem) -> Generator[None]:
        """Around the requests for one thing."""
        detail = {
            "name": f"{item.kind}/{item.name}",
            "kind": item.kind,
            "replaced": item.state is ItemState.DIVERGED,
        }
        report_progress(Progress(str(self.step), f"copying {item.kind}: {item.name}"))
        with self.journal.intend(self.step, "target", ACTION, detail):
            yield

    def settle(self, outcomes: Iterable[ItemOutcome]) -> None:
        """Nothing: the step's record holds the outcomes."""


def copy_phase(m: Migration, step: StepName, phase: MetadataPhase) -> CopiedMetadata:
    """Copy one half of what the plan wants. May be run again at any point: it reads first.

    Raises:
        ExecutionError: something has to be decided first, or was not copied.
        DomainError: a side did not answer.
    """
    sides = _sides(m)
    copied = copy(sides, chosen(sides, phase), JournalRecorder(m.journal, step))
    if copied.refused:
        raise ExecutionError(_refusal(copied.before), _DECIDE)
    failed = [each for each in copied.outcomes if each.result in {CopyResult.FAILED, CopyResult.DIFFERS}]
    if failed:
        named = "; ".join(
            f"{each.kind} {each.name}: {each.reason or each.result}" for each in failed[:_NAMED]
        )
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        raise ExecutionError(f"metadata was not copied: {named}{more}", _CORRECT)
    last = copied.after or copied.before
    return CopiedMetadata(
        outcomes=copied.outcomes, hazards=last.hazards, notices=last.notices, checklist=last.checklist
    )


def require_copyable(m: Migration) -> None:
    """Refuse, before anything is changed, what a copy would refuse. Reads only.

    Raises:
        PreconditionError: the user has to decide about something first.
        DomainError: a side did not answer.
    """
    found = preflight(m)
    if found.refusals:
        problems = tuple(_problem(item) for item in found.refusals)
        raise PreconditionError("the target has metadata that stands in the way:", problems, _DECIDE)


def preflight(m: Migration, phase: MetadataPhase | None = None) -> MetadataDiff:
    """What would be copied, and what stands in the way. Only reads."""
    sides = _sides(m)
    return compare(sides, chosen(sides, phase))


def requests(m: Migration, phase: MetadataPhase) -> Iterator[Request]:
    """The requests that a copy would send, without secrets. What needs the run's indices is not known yet."""
    sides = _sides(m)
    at = Circumstances(sides)
    for family in chosen(sides, phase):
        now = compared(family, at)
        if isinstance(now, Compared):
            wanted = (item for item in now.items if item.is_wanted and not item.obstacle)
            for request in (each for item in wanted for each in requests_for(sides, now, item)):
                yield replace(request, body=redacted(request.body) if request.body else None)


def _refusal(found: MetadataDiff) -> str:
    named = "; ".join(_problem(item) for item in found.refusals[:_NAMED])
    return f"the target has metadata that stands in the way: {named}"


def _problem(item: MetadataItem) -> str:
    detail = f" ({item.detail})" if item.detail else ""
    return f"{item.kind} {item.name}: {item.obstacle}{detail}"


def _sides(m: Migration) -> Sides:
    """Both sides; a run's consents are about other deletions than those of a policy."""
    return sides_of(m.plan, m.source, m.target)
