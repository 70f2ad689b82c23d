"""Run the plans of a fleet on this machine: each in a process of its own, by the command of its verb.

A process that is killed takes no other with it; one that outlives the fleet's own process goes on, and the
next session of the fleet finds it again by its plan's lock.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from flows.fleet.workers import STARTS_ANEW, Assignment, Ended, Started, WorkerAway
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from runs.state_files import make_folder, open_private
from snapferry.exit_codes import ExitCode
from tasks.migration import Consents

_BY_CODE = {
    ExitCode.DONE: PlanStatus.DONE,
    ExitCode.FAILED: PlanStatus.FAILED,
    ExitCode.INVALID: PlanStatus.REFUSED,
    ExitCode.REFUSED: PlanStatus.REFUSED,
    ExitCode.DIFFERENT: PlanStatus.DIFFERENT,
    ExitCode.INTERRUPTED: PlanStatus.WAITING,
    ExitCode.BUSY: PlanStatus.WAITING,
}
_END_S = 120.0
_LAST_BYTES = 4096
_SERVER = "PREFECT_API_URL"


class ProcessWorker:
    """Starts `snapferry VERB PLAN --execute` for each plan. A `flows.fleet.workers.Worker`."""

    def __init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, assignment: Assignment) -> Started:
        """Start a process; the lock of the plan keeps a second one from doing harm."""
        make_folder(assignment.log.parent)
        log = open_private(assignment.log, os.O_WRONLY | os.O_APPEND)
        environment = {name: value for name, value in os.environ.items() if name != _SERVER}
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "snapferry", *_arguments(assignment)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the fleet, which ends its plans in order
            )
        finally:
            os.close(log)
        self._children[child.pid] = child
        handle = {"pid": child.pid, "created": _created(child.pid), "host": socket.gethostname()}
        return Started(f"process {child.pid} on {handle['host']}", {**handle, "log": str(assignment.log)})

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        """As `Worker.poll`; of another session's process only its plan's journal tells how it ended."""
        if "flow_run" in attempt.handle:
            raise WorkerAway(
                f"{attempt.worker} is one of a Prefect server: set PREFECT_API_URL, as when it was started",
                "",
            )
        child = self._children.get(attempt.handle.get("pid", 0))
        if child is None or attempt.handle.get("host") != socket.gethostname():
            return None if is_held or _runs(attempt) else Ended()
        code = child.poll()
        if code is None:
            return None
        del self._children[child.pid]
        status = _BY_CODE.get(ExitCode(code)) if code in set(ExitCode) else PlanStatus.WAITING
        return Ended(code, status, _said(code, attempt))

    def interrupt(self, running: Mapping[str, Attempt]) -> str:
        """Interrupt every process of this machine in order, and wait until they have ended."""
        here = {name: attempt.handle["pid"] for name, attempt in running.items() if _runs(attempt)}
        for pid in here.values():
            with suppress(ProcessLookupError):
                os.kill(
                    pid, signal.SIGTERM
                )  # SIGINT is ignored by what a shell has started in the background
        until = time.monotonic() + _END_S
        left = [name for name, pid in here.items() if not self._ends(pid, running[name], until)]
        left += [name for name in running if name not in here and not self._has_ended(running[name])]
        return f"these go on: {', '.join(left)}" if left else ""

    def _has_ended(self, attempt: Attempt) -> bool:
        """Whether an attempt was one of this machine's processes, which is gone."""
        return attempt.handle.get("host") == socket.gethostname() and not _runs(attempt)

    def _ends(self, pid: int, attempt: Attempt, until: float) -> bool:
        child = self._children.get(pid)
        while time.monotonic() < until:
            if child.poll() is not None if child else not _runs(attempt):
                return True
            time.sleep(0.1)
        return False


def _arguments(assignment: Assignment) -> Iterator[str]:
    member = assignment.member
    yield from (member.entry.verb, str(member.file), "--execute", "--state", assignment.state)
    if assignment.new_run and member.entry.verb in STARTS_ANEW:
        yield "--new-run"
    if member.entry.verb == "follow":
        yield "--until-ready"
    yield from _consent_options(assignment.consents, member.entry.verb)


def _consent_options(consents: Consents, verb: str) -> Iterator[str]:
    for name in consents.allow_delete if verb != "rehearse" else ():
        yield from ("--allow-delete", name)
    if consents.allow_partial:
        yield "--allow-partial"
    if consents.allow_freeze and verb == "cutover":
        yield "--allow-freeze"


def _created(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def _runs(attempt: Attempt) -> bool:
    """Whether the process of an earlier session of this machine still runs."""
    handle = attempt.handle
    pid = handle.get("pid")
    is_here = handle.get("host") == socket.gethostname()
    return is_here and pid is not None and _created(pid) == handle.get("created")


def _said(code: int, attempt: Attempt) -> str:
    """What a process said last that tells why it ended; or the signal that killed it."""
    if code < 0:
        return f"its process was killed by signal {-code}"
    if code == 0:
        return ""
    try:
        with Path(attempt.handle["log"]).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return f"exit code {code}"
    told = [line for line in lines if line.strip() and not line.startswith(("next:", "Log:", "Report:"))]
    return told[-1].strip() if told else f"exit code {code}"
