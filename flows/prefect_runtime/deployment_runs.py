"""Run the plans of a fleet as deployments of a Prefect server: each a flow run, on whichever worker takes it.

The server starts them; whether they are done, the journals in the shared state say. A flow run whose worker
has died stays `Running` on the server for a long time: the plan's lock tells that earlier.
"""

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectException, PrefectHTTPStatusError
from prefect.states import Crashed, Scheduled

from flows.fleet.workers import STARTS_ANEW, Assignment, AssignmentRefused, Ended, Started, WorkerAway
from flows.prefect_runtime.brief_client import brief_client
from flows.prefect_runtime.named_server import ServerUnusable
from runs.fleets.journal import Attempt, PlanEntry, PlanStatus
from runs.lifecycle import RunStatus
from runs.state import State
from runs.stores.registry import shared_settings
from tasks.errors import PreconditionError

_ANSWER_S = 20.0
_SILENT_S = 20.0
"""Seconds for which nobody must hold a plan whose run has not ended, before its worker counts as dead."""
_NEVER_BEGAN_S = 900.0
_NEVER = frozenset({400, 409, 413, 422})
"""HTTP statuses of a request that is refused however often it is sent."""
_MISSING = 404
_LONGEST = 500
_AT_WORK = frozenset({StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING})
"""States of a flow run that a worker has taken: one that waits at a gate is shown as paused."""
_NO_ACCESS = frozenset({401, 403})
_BY_NAME = {
    "Refused": PlanStatus.REFUSED,
    "Failed": PlanStatus.FAILED,
    "Different": PlanStatus.DIFFERENT,
    "Interrupted": PlanStatus.WAITING,
    "Busy": PlanStatus.WAITING,
}
"""What the name of a flow run's last state says, as our flows end."""


class _Gone(AssignmentRefused):
    """The server does not know what was named: it was removed, or made anew."""


class DeploymentWorker:
    """Starts the deployment of each plan's verb. A `flows.fleet.workers.Worker`.

    Args:
        folder: the state folder, which names a state in S3.
        verbs: those that are needed.

    Raises:
        PreconditionError: the state is not in S3, or a deployment is missing; nothing was started.
        WorkerAway: the server does not answer.
    """

    def __init__(self, folder: Path, verbs: Iterable[str]) -> None:
        if shared_settings(folder) is None:
            raise PreconditionError(
                "with a Prefect server, the plans may run on any machine, so the state must be in S3",
                hint="name it in the fleet (state: s3://BUCKET/PREFIX), or unset PREFECT_API_URL",
            )
        self._folder = folder
        self._silent: dict[str, float] = {}
        self._deployments = {verb: self._deployment(verb) for verb in sorted(set(verbs))}

    def _deployment(self, verb: str) -> UUID:
        name = f"{verb}/{verb}"
        with _client() as client:
            try:
                found = client.read_deployment_by_name(name)
            except ObjectNotFound:
                raise PreconditionError(
                    f"the Prefect server has no deployment {name}",
                    hint="make the deployments: snapferry prefect setup --execute",
                ) from None
            return found.id

    def start(self, assignment: Assignment) -> Started:
        """Start a flow run; the same assignment finds the same flow run again.

        A deployment that was made anew meanwhile is looked up again.
        """
        verb = assignment.member.entry.verb
        with suppress(_Gone):
            return self._start(assignment, self._deployments[verb])
        self._deployments[verb] = self._deployment(verb)
        return self._start(assignment, self._deployments[verb])

    def _start(self, assignment: Assignment, deployment: UUID) -> Started:
        with _client() as client:
            run = client.create_flow_run_from_deployment(
                deployment,
                parameters=_parameters(assignment),
                state=Scheduled(),
                name=f"{assignment.member.name}-{assignment.number}",
                tags=["snapferry", f"fleet-run:{assignment.key.partition('/')[0]}"],
                idempotency_key=assignment.key,
            )
        return Started(f"flow run {run.name}", {"flow_run": str(run.id), "asked": time.time()})

    def poll(self, entry: PlanEntry, attempt: Attempt, *, is_held: bool) -> Ended | None:
        """As `Worker.poll`; a flow run whose worker has died is marked as crashed."""
        if "flow_run" not in attempt.handle:  # a process that a session without the server has started
            return None if is_held else Ended()
        run_id = UUID(attempt.handle["flow_run"])
        with _client() as client:
            try:
                run = client.read_flow_run(run_id)
            except ObjectNotFound:
                return None if is_held else Ended(message="the server does not know its flow run any more")
            if run.state and run.state.is_final():
                self._silent.pop(str(run_id), None)
                return _ended(run)
            if is_held or not self._is_dead(run, entry, attempt):
                if is_held:
                    self._silent.pop(str(run_id), None)
                return None
            state = Crashed(message="its worker is gone: nobody holds its plan any more")
            with suppress(ObjectNotFound, PrefectHTTPStatusError):
                client.set_flow_run_state(run_id, state, force=True)
        return Ended(status=PlanStatus.WAITING, message="its worker is gone")

    def _is_dead(self, run: FlowRun, entry: PlanEntry, attempt: Attempt) -> bool:
        """Whether its worker has died: for a while nobody has held the plan, and its run has not ended."""
        if not run.state or run.state.type not in _AT_WORK:
            return False
        began = self._silent.setdefault(str(run.id), time.monotonic())
        has_begun = self._is_unfinished(entry, attempt)
        return time.monotonic() - began >= (_SILENT_S if has_begun else _NEVER_BEGAN_S)

    def _is_unfinished(self, entry: PlanEntry, attempt: Attempt) -> bool:
        """Whether the attempt has begun a session that its journal has not seen the end of."""
        for journal in State(self._folder, entry.plan).journals():
            if attempt.has_worked_on(journal.document):
                return journal.document.status is RunStatus.RUNNING
        return False

    def interrupt(self, running: Mapping[str, Attempt]) -> str:
        """Leave the flow runs to their workers."""
        return f"these go on, and the same command follows them: {', '.join(running)}" if running else ""


def _parameters(assignment: Assignment) -> dict[str, Any]:
    verb = assignment.member.entry.verb
    parameters: dict[str, Any] = {
        "plan": assignment.member.plan.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "execute": True,
        "consents": assignment.consents.model_dump(mode="json"),
        "state": assignment.state,
    }
    if verb == "follow":
        parameters["until_ready"] = True
    elif verb in STARTS_ANEW:
        parameters["new_run"] = assignment.new_run
    return parameters


def _ended(run: FlowRun) -> Ended:
    """How a flow run ended; the journal of the plan's run decides what that means."""
    assert run.state
    said = (run.state.message or "").partition("\n")[0]
    if run.state.type is StateType.COMPLETED:
        return Ended(status=PlanStatus.DONE)
    if run.state.type is StateType.CANCELLED:
        return Ended(status=PlanStatus.GIVEN_UP, message="its flow run was cancelled in Prefect")
    if run.state.type is StateType.CRASHED:
        return Ended(status=PlanStatus.WAITING, message=said or "its flow run crashed")
    return Ended(status=_BY_NAME.get(run.state.name or ""), message=said)


def _detail(response: httpx.Response) -> str:
    """Why the server refuses something, in its words: they may name values of the plan, never secrets."""
    try:
        said: object = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        said = ""
    return str(said)[:_LONGEST] or f"HTTP {response.status_code}"


@contextmanager
def _client() -> Generator[SyncPrefectClient]:
    """A client that gives up soon: whoever uses it asks again.

    Raises:
        WorkerAway: the server does not answer, or not now.
        AssignmentRefused: it refuses what it is asked for; says why.
    """
    try:
        with brief_client(_ANSWER_S) as client:
            yield client
    except ObjectNotFound:
        raise
    except PrefectHTTPStatusError as error:
        status = error.response.status_code
        if status in _NEVER:
            said = f"the Prefect server refuses it: {_detail(error.response)}"
            raise AssignmentRefused(said, "correct what it names, then run the same command again") from error
        if status == _MISSING:
            raise _Gone(f"the Prefect server does not know it: {_detail(error.response)}", "") from error
        if status in _NO_ACCESS:
            raise ServerUnusable(
                f"the Prefect server refuses access (HTTP {status})",
                "correct PREFECT_API_KEY or PREFECT_API_AUTH_STRING, then run the same command again",
            ) from error
        raise WorkerAway(f"the Prefect server answers HTTP {status}", "") from error
    except (httpx.HTTPError, PrefectException) as error:
        raise WorkerAway(f"the Prefect server does not answer ({type(error).__name__})", "") from error
