"""Delete snapshots from a repository, one after the other. Those that a run or a plan needs are protected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domains.engine import snapshots
from domains.engine.snapshots import SnapshotInfo
from domains.errors import DomainError, Refused, Unreachable
from domains.http.requests import Request
from runs.lifecycle import is_finished, is_given_up
from runs.progress import Progress, report_progress
from tasks.errors import TimedOut
from tasks.operations.operation import Operation, Prepared, is_service_repository, shown
from tasks.operations.repositories import require_registration
from tasks.operations.unfinished_runs import RunHere, find_run, unfinished_runs
from tasks.records.operations import (
    Consent,
    NameOutcome,
    NameResult,
    NamesOutcome,
    Note,
    NoteKind,
    Preview,
    Risk,
)
from tasks.repository.bodies import is_readonly
from tasks.retry_while_busy import is_busy

_DELETE_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class DeleteWanted:
    """Which snapshots are to be deleted.

    Args:
        allow_delete: names that may be deleted although a run or a plan needs them.
        allow_abort: names that may be aborted while they are running.
    """

    repository: str
    names: tuple[str, ...]
    allow_delete: tuple[str, ...] = ()
    allow_abort: tuple[str, ...] = ()


def prepare_delete(op: Operation, wanted: DeleteWanted) -> Prepared[NamesOutcome]:
    """Prepare to delete snapshots; names that the repository does not have hold no other."""
    registration = require_registration(op, wanted.repository)
    found = {name: snapshots.get(op.domain, wanted.repository, name) for name in wanted.names}
    there = {name: each for name, each in found.items() if each is not None}
    absent = tuple(name for name in wanted.names if name not in there)
    runs = unfinished_runs(op)
    users = [run for run in runs if run.uses_repository(wanted.repository, registration)]
    requests = [snapshots.delete_request(wanted.repository, name) for name in there]
    preview = Preview(
        operation="snapshot delete",
        endpoint=op.endpoint,
        requests=shown(requests),
        consents=tuple(c for each in there.values() for c in _consents(op, wanted, each, users)),
        notes=(Note(kind=NoteKind.ABSENT, names=absent),) if absent else (),
        problems=tuple(_unfit(wanted, is_readonly(registration))),
    )

    def act() -> NamesOutcome:
        return NamesOutcome(
            operation=preview.operation,
            endpoint=op.endpoint,
            requests=preview.requests,
            names=tuple(_results(op, wanted, there)),
        )

    return Prepared(preview, act)


def _unfit(wanted: DeleteWanted, readonly: bool) -> Iterator[str]:
    if is_service_repository(wanted.repository):
        yield (
            f"{wanted.repository} belongs to the service, which removes its snapshots itself, "
            "after 14 days at the latest"
        )
    elif readonly:
        yield (
            f"{wanted.repository} is registered readonly here: delete its snapshots on the domain that "
            "writes it"
        )


def _consents(
    op: Operation, wanted: DeleteWanted, found: SnapshotInfo, users: Sequence[RunHere]
) -> Iterator[Consent]:
    if found.running:
        yield Consent(
            option="--allow-abort",
            value=found.name,
            name=found.name,
            risk=Risk.RUNNING,
            given=found.name in wanted.allow_abort,
        )
    for risk, detail in _needs(op, wanted, found, users):
        yield Consent(
            option="--allow-delete",
            value=found.name,
            name=found.name,
            risk=risk,
            detail=detail,
            given=found.name in wanted.allow_delete,
        )


def _needs(
    op: Operation, wanted: DeleteWanted, found: SnapshotInfo, users: Sequence[RunHere]
) -> Iterator[tuple[Risk, str]]:
    """Why a snapshot may still be needed; the first reason is enough."""
    for run in users:
        if found.name == run.snapshot or found.run == run.run_id:
            yield (Risk.RUN_NEEDS_IT if run.unfinished else Risk.SEED_CYCLE_NEEDS_IT), run.words
            return
    plan = op.plan
    if plan and plan.snapshot.existing == found.name and plan.repository.name == wanted.repository:
        yield Risk.PLAN_NAMES_IT, f"plan {plan.name} has it under snapshot.existing"
    elif found.run:
        yield from _of_run(op, found.run)


def _of_run(op: Operation, run_id: str) -> Iterator[tuple[Risk, str]]:
    journal = find_run(op, run_id)
    if journal is None:
        yield Risk.OF_AN_UNKNOWN_RUN, f"run {run_id}"
    elif not (is_finished(journal.document) or is_given_up(journal.document)):
        plan = journal.document.plan.get("name")
        yield Risk.RUN_NEEDS_IT, f"{journal.document.verb} {run_id} of plan {plan}"


def _results(op: Operation, wanted: DeleteWanted, there: dict[str, SnapshotInfo]) -> Iterator[NameResult]:
    for done, name in enumerate(wanted.names):
        if name not in there:
            yield NameResult(name=name, outcome=NameOutcome.ABSENT)
            continue
        report_progress(Progress("delete", f"deleting {name}", done, len(wanted.names), "snapshots"))
        yield _deleted(op, wanted.repository, name, there[name].uuid)


def _deleted(op: Operation, repository: str, name: str, uuid: str) -> NameResult:
    """Delete one snapshot, and confirm that it is gone. One that refuses does not hold the others."""
    now = snapshots.get(op.domain, repository, name)
    if now is None:
        return NameResult(name=name, outcome=NameOutcome.ABSENT)
    if now.uuid != uuid:
        said = "it is not the snapshot that was looked at: it has been taken anew since"
        return NameResult(name=name, outcome=NameOutcome.FAILED, detail=said)
    try:
        _send(op, repository, name, snapshots.delete_request(repository, name))
    except Refused as error:
        if error.transient:
            raise
        said = "; ".join(filter(None, (error.reply.text, error.hint)))
        return NameResult(name=name, outcome=NameOutcome.FAILED, detail=said)
    return NameResult(name=name, outcome=NameOutcome.DONE)


def _send(op: Operation, repository: str, name: str, request: Request) -> None:
    """Send the request and wait until the snapshot is gone: a long deletion goes on after a 504."""
    doubt: DomainError | None = None
    busy = f"another snapshot or deletion is running, so {name} cannot be deleted yet"
    try:
        op.send_when_free(request, is_busy, busy, _DELETE_TIMEOUT_S)
    except (Unreachable, Refused) as error:
        if not error.transient:
            raise
        doubt = error
    poll = op.poll(op.patience_s if doubt else 15.0)
    while snapshots.get(op.domain, repository, name) is not None:
        if poll.expired:
            raise doubt or TimedOut(
                f"snapshot {name} is still in repository {repository}", "run the same command again"
            )
        report_progress(Progress("delete", f"waiting until {name} is gone", waiting=True))
        poll.pause()
