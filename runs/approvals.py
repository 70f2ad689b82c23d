"""Approvals of gates: one small file each beside the journals, written by whoever approves."""

import getpass
import os
import socket
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from configs.gates import Gate
from runs.errors import NothingToApprove, StateUnusable
from runs.journal import Journal, now
from runs.lifecycle import RunStatus
from runs.state import State
from runs.verbs import Verb


class Approval(BaseModel):
    """That a gate of one run may be passed: who said so, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: Gate
    run_id: str
    by: str
    at: datetime


def _waiting_run(state: State, gate: Gate) -> Journal | None:
    """The run that stands at this gate or may come to it: alive, or to be continued. None without one."""
    verbs = [verb for verb in Verb if gate in verb.gates]
    newest = next(state.journals(), None)
    if newest and newest.document.status is RunStatus.RUNNING and state.is_held():
        return newest if newest.document.verb in verbs and not newest.document.aborting else None
    standing = filter(None, map(state.unfinished, verbs))
    return next((journal for journal in standing if not journal.document.aborting), None)


def run_to_approve(state: State, gate: Gate) -> Journal:
    """The run that an approval of this gate is for.

    Raises:
        NothingToApprove: there is none.
    """
    journal = _waiting_run(state, gate)
    if journal is None:
        raise NothingToApprove(
            f"no run of plan {state.plan_name} waits at {gate}, or may come to it",
            "start or continue the run first; `snapferry status` shows the latest",
        )
    return journal


def approve(journal: Journal, gate: Gate, by: str) -> tuple[Approval, bool]:
    """Writes the approval of a gate, whole or not at all; one that is there already, and counts, stays.

    Returns:
        The approval that holds, and whether it was made just now.

    Raises:
        StateUnusable: it cannot be written, or what is there cannot be read.
    """
    path = _path(journal, gate)
    approval = Approval(gate=gate, run_id=journal.run_id, by=by, at=now())
    fresh = path.with_name(f".{gate}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(approval.model_dump_json() + "\n", encoding="utf-8")
        try:
            os.link(fresh, path)  # unlike a rename, it refuses when there is one
        except FileExistsError:
            former = _read(path)
            if _counts(former, journal):
                return former, False
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise StateUnusable(
            f"cannot write {path}: {error.strerror}", "free the disk or correct its permissions"
        ) from error
    return approval, True


def approval_of(journal: Journal, gate: Gate) -> Approval | None:
    """The approval of this gate that somebody has written for this run since it began; None without one.

    Raises:
        StateUnusable: there is one, and it cannot be read.
    """
    path = _path(journal, gate)
    found = _read(path) if path.exists() else None
    return found if found and _counts(found, journal) else None


def _counts(approval: Approval, journal: Journal) -> bool:
    """Whether it was given to this very run: a saved plan that was refused begins again under the same id."""
    return approval.at > journal.document.started


def this_user() -> str:
    """Who gives this command: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _path(journal: Journal, gate: Gate) -> Path:
    return journal.path.parent / "approvals" / journal.run_id / f"{gate}.json"


def _read(path: Path) -> Approval:
    try:
        return Approval.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StateUnusable(
            f"{path} is no approval that can be read", "remove it, and approve again"
        ) from error
