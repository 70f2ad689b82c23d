"""While a run waits at a gate, its flow run is paused in Prefect, and can be resumed there.

Prefect only shows the wait and offers one more way to end it: the plan's timeout is the deadline, and if the
server does not answer, the other ways remain.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.states import Paused

from configs.gates import Gate
from flows.prefect_runtime.artifacts import quietly
from flows.prefect_runtime.brief_client import brief_client
from runs.journal import GateEntry
from tasks.errors import TimedOut
from tasks.gates import ApprovalRoute

_LEEWAY = timedelta(hours=1)  # added to Prefect's own deadline, which is only for a run whose process is gone
_ANSWER_S = 10.0


class CancelledInPrefect(TimedOut):
    """Somebody cancelled the flow run while it waited. Nothing was changed meanwhile."""


@contextmanager
def paused_in_prefect(gate: Gate, entry: GateEntry) -> Generator[ApprovalRoute]:
    """Show the flow run as paused inside the block; to resume it in Prefect is to approve the gate.

    The server may have paused it although its reply was lost, or may still do so: both are checked for.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None:
        yield ApprovalRoute()
        return
    pause = _Pause(run.id, run.name, gate)
    pause.request(entry)
    yield ApprovalRoute(pause.instruction, pause.resumed_by)
    quietly(pause.end)


class _Pause:
    """The pause of one flow run at one gate, which is its key.

    `_accepted` is whether the server has accepted it; None if no reply came.
    """

    def __init__(self, run: UUID, name: str, gate: Gate) -> None:
        self._run = run
        self._name = name
        self._gate = gate
        self._accepted: bool | None = None

    def request(self, entry: GateEntry) -> None:
        """Ask the server to show the flow run as paused."""
        state = Paused(
            pause_expiration_time=entry.until + _LEEWAY,
            pause_key=self._gate,
            name=f"Waiting at {self._gate}",
            message=f"waiting for approval of {self._gate} until {entry.until:%Y-%m-%d %H:%M:%S} UTC; "
            "to approve it, resume this flow run (its log names the other ways)",
        )

        def send() -> None:
            with brief_client(_ANSWER_S) as client:
                self._accepted = client.set_flow_run_state(self._run, state).status == SetStateStatus.ACCEPT

        quietly(send)

    @property
    def instruction(self) -> str:
        """What to do in Prefect to approve the gate; empty if the server has refused the pause."""
        if self._accepted is False:
            return ""
        return f"resume flow run {self._name} in Prefect" + (
            "" if self._accepted else ", if it is paused there"
        )

    def resumed_by(self) -> str | None:
        """Who has resumed the flow run since it was paused; None if nobody has, or there is no answer."""
        if self._accepted is False:
            return None
        try:
            with brief_client(_ANSWER_S) as client:
                state = client.read_flow_run(self._run).state
        except (httpx.HTTPError, PrefectException):
            return None
        if state and state.type in {StateType.CANCELLING, StateType.CANCELLED}:
            raise CancelledInPrefect(
                f"flow run {self._name} was cancelled in Prefect while it waited",
                "run the same command again: it returns to the gate",
            )
        self._accepted = self._accepted or self._holds(state) or None
        resumed = self._accepted and state and state.is_running()
        return f"Prefect: flow run {self._name} was resumed" if resumed else None

    def end(self) -> None:
        """Resume the flow run if it is paused for this gate."""
        with brief_client(_ANSWER_S) as client:
            if self._holds(client.read_flow_run(self._run).state):
                client.resume_flow_run(self._run)

    def _holds(self, state: State | None) -> bool:
        return bool(state and state.is_paused() and state.state_details.pause_key == self._gate)
