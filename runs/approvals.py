"""Gate approvals: one small file per approval next to the journals, written by whoever approves."""

import socket
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from configs.gates import Gate
from runs.errors import NothingToApprove, StateUnusable
from runs.journal import Journal, now
from runs.lifecycle import RunStatus
from runs.lock import user_name
from runs.state import State
from runs.state_files import unwritable
from runs.stores.registry import store_of
from runs.verbs import Verb


class Approval(BaseModel):
    """Approval of one gate of one run: who gave it, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: Gate
    run_id: str
    by: str
    at: datetime


def _waiting_run(state: State, gate: Gate) -> Journal | None:
    """Find the run that waits at this gate or may reach it, live or resumable; None if there is none."""
    verbs = [verb for verb in Verb if gate in verb.gates]
    newest = next(state.journals(), None)
    if newest and newest.document.status is RunStatus.RUNNING and state.is_held():
        return newest if newest.document.verb in verbs and not newest.document.aborting else None
    standing = filter(None, map(state.unfinished, verbs))
    return next((journal for journal in standing if not journal.document.aborting), None)


def run_to_approve(state: State, gate: Gate) -> Journal:
    """Find the run that an approval of this gate applies to.

    Raises:
        NothingToApprove: there is no such run.
    """
    journal = _waiting_run(state, gate)
    if journal is None:
        raise NothingToApprove(
            f"no run of plan {state.plan_name} waits at {gate} or can still reach it",
            "start or resume the run first; `snapferry status PLAN` shows the latest one",
        )
    return journal


def approve(journal: Journal, gate: Gate, by: str) -> tuple[Approval, bool]:
    """Write the approval of a gate atomically; keep an existing approval if it is valid.

    Returns:
        The valid approval, and whether this call created it.

    Raises:
        StateUnusable: the file cannot be written, or an existing one cannot be read.
    """
    path = _path(journal, gate)
    approval = Approval(gate=gate, run_id=journal.run_id, by=by, at=now())
    store, text = store_of(path), approval.model_dump_json() + "\n"
    try:
        if not store.create(path, text):
            former = _read(path)
            if _counts(former, journal):
                return former, False
            store.replace(path, text)
    except OSError as error:
        raise unwritable(path, error) from error
    return approval, True


def approval_of(journal: Journal, gate: Gate) -> Approval | None:
    """Return the approval of this gate written since this run began; None if there is none.

    Raises:
        StateUnusable: an approval exists but cannot be read.
    """
    path = _path(journal, gate)
    found = _read(path) if store_of(path).exists(path) else None
    return found if found and _counts(found, journal) else None


def _counts(approval: Approval, journal: Journal) -> bool:
    """Whether it was given since this run began: a refused saved plan restarts under the same run id."""
    return approval.at > journal.document.started


def this_user() -> str:
    """Return the user running this command, as `user@host`."""
    return f"{user_name()}@{socket.gethostname()}"


def _path(journal: Journal, gate: Gate) -> Path:
    return journal.path.parent / "approvals" / journal.run_id / f"{gate}.json"


def _read(path: Path) -> Approval:
    try:
        return Approval.model_validate_json(store_of(path).read(path))
    except (OSError, ValidationError) as error:
        raise StateUnusable(
            f"cannot read {store_of(path).shown(path)} as an approval", "remove it and approve again"
        ) from error
