"""Compare and copy what a domain is configured with, beside its indices."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from configs.plan import Plan
from configs.values.listing import listed
from domains.errors import SnapferryError, is_transient
from flows.sessions.first_contact import Contact, contact
from runs.errors import LockLost
from runs.metadata_record import MetadataRecord
from runs.progress import Progress, report_progress
from runs.state import State, default_folder
from tasks.errors import ExecutionError, PreconditionError, TimedOut
from tasks.metadata import copy as copying
from tasks.metadata.compare import compare
from tasks.metadata.families import Family, chosen
from tasks.metadata.sides import Sides, sides_of
from tasks.metadata.witness import witness
from tasks.records.metadata import (
    ItemOutcome,
    ItemState,
    MetadataCopy,
    MetadataDiff,
    MetadataItem,
    MetadataPhase,
    MetadataPreview,
)


@dataclass(frozen=True)
class MetadataOptions:
    """What a user chose beside the plan.

    Args:
        phase: only the kinds of this phase; None for both.
        attach: put indices under their policies now, and nothing else.
        dashboards: copy the saved objects of Dashboards, too.
        allow_delete: indices that their policy may delete as soon as it is attached.
    """

    state: Path = field(default_factory=default_folder)
    phase: MetadataPhase | None = None
    attach: bool = False
    dashboards: bool = False
    allow_delete: tuple[str, ...] = ()


_ATTACHED = "managed-indices"


def diff(plan: Plan, options: MetadataOptions) -> MetadataDiff:
    """Compare both domains, kind by kind. Only reads.

    Raises:
        SnapferryError: a domain could not be reached.
    """
    sides = _sides(plan, options, contact(plan, State(options.state, plan.name)))
    found = compare(sides, _families(sides, options))
    return found.model_copy(update={"witness": witness(sides, found)})


def preview(plan: Plan, options: MetadataOptions) -> MetadataPreview:
    """Compare, and make the requests that a copy would send. Only reads.

    Raises:
        SnapferryError: a domain could not be reached.
    """
    sides = _sides(plan, options, contact(plan, State(options.state, plan.name)))
    families = _families(sides, options)
    found = compare(sides, families)
    return MetadataPreview(diff=found, requests=tuple(copying.planned_requests(sides, families)))


def copy(plan: Plan, options: MetadataOptions) -> MetadataCopy:
    """Copy what the plan wants, unless something must be decided first. May be repeated after anything.

    Raises:
        Busy: another run holds the plan or this pair of domains.
        SnapferryError: a domain could not be reached, or the state folder not be written.
    """
    state = State(options.state, plan.name)
    with state.lock_plan():
        met = contact(plan, state)
        with state.lock_pair(*met.uuids):
            record = Recording(MetadataRecord(state, met.uuids[1]))
            sides = _sides(plan, options, met)
            earlier = record.unsettled()
            try:
                copied = copying.copy(sides, _families(sides, options), record)
            except LockLost:
                raise
            except SnapferryError as error:
                raise _after_change(error, record) from error
            return _with_earlier(copied, earlier, record)


def _after_change(error: SnapferryError, record: "Recording") -> SnapferryError:
    """The error as it was, or with what has been written before it."""
    if not record.written:
        return error
    said = f"{error.message}; written before: {listed(record.written, 20)}"
    again = "run the same command again: it reads both domains, and copies what is left"
    return TimedOut(said, again) if is_transient(error) else ExecutionError(said, error.hint or again)


def _sides(plan: Plan, options: MetadataOptions, met: Contact) -> Sides:
    if met.source is None:
        raise PreconditionError(
            "the plan's source is a snapshot, and nobody can ask it for templates, pipelines or policies",
            hint="copy them by a plan whose source is a domain that still has them",
        )
    return sides_of(
        plan,
        met.source,
        met.target,
        attach=options.attach,
        dashboards=options.dashboards,
        allow_delete=frozenset(options.allow_delete),
    )


def _families(sides: Sides, options: MetadataOptions) -> tuple[Family, ...]:
    found = chosen(sides, options.phase)
    if not options.attach:
        return found
    attached = tuple(each for each in found if each.kind == _ATTACHED)
    if not attached:
        raise PreconditionError(
            "the plan leaves out the kind managed-indices, so there is nothing to attach",
            hint="change metadata.include or metadata.exclude in the plan",
        )
    return attached


@dataclass
class Recording:
    """Notes each write in the plan's record of copied metadata, and reports progress."""

    record: MetadataRecord
    written: list[str] = field(default_factory=list[str])

    @contextmanager
    def intend(self, item: MetadataItem) -> Generator[None]:
        """Note what is about to be written."""
        with self.record.around(item.kind, item.name, replaced=item.state is ItemState.DIVERGED):
            report_progress(Progress("metadata", f"copying {item.kind}: {item.name}"))
            self.written.append(f"{item.kind} {item.name}")
            yield

    def settle(self, outcomes: Iterable[ItemOutcome]) -> None:
        """Note what the target shows."""
        self.record.settle((each.kind, each.name, str(each.result)) for each in outcomes)

    def unsettled(self) -> frozenset[tuple[str, str]]:
        """What an interrupted copy was about to write, without knowing what became of it."""
        return frozenset((each.kind, each.name) for each in self.record.entries if each.result is None)


def _with_earlier(
    copied: MetadataCopy, unsettled: frozenset[tuple[str, str]], record: Recording
) -> MetadataCopy:
    """Name what an interrupted copy had brought after all."""
    brought = [
        item
        for item in copied.before.items
        if (item.kind, item.name) in unsettled and item.state is ItemState.IN_SYNC
    ]
    if not brought:
        return copied
    record.record.settle((item.kind, item.name, "done") for item in brought)
    return copied.model_copy(update={"earlier": tuple(f"{item.kind}: {item.name}" for item in brought)})
