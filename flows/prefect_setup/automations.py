"""What a Prefect server does by itself: note that a run's process is gone, and continue the run.

Prefect sets no state for a machine that dies: its run stays Running. So a run that has not been heard of for
a while is marked as crashed; and a run that has crashed is started again with the same parameters, which is
how Snapferry resumes. Whoever holds the plan's lock decides: a run that was given up although it lives is not
harmed, as the other one is refused.
"""

from datetime import timedelta
from typing import Any

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.prefect_runtime.deployed_flow import STATES
from flows.prefect_setup.work_pools import MARK

TAG = "snapferry"
"""The tag of every deployment, and so of their runs."""
SILENT = "Snapferry: a run that is not heard of has crashed"
CONTINUE = "Snapferry: a run that has crashed is continued"
_AGAIN = (
    "{{ dict(flow_run.parameters, crashes=(flow_run.parameters.crashes | default(0) | int) + 1, "
    "**({'new_run': false} if 'new_run' in flow_run.parameters else {})) | tojson }}"
)
"""The parameters of the run that has crashed, which is counted; one that `new_run` began is resumed."""
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", *STATES)


def automations(silence: timedelta) -> tuple[AutomationCore, ...]:
    """Both automations.

    Args:
        silence: how long a run is not heard of until it counts as crashed; at least three heartbeats.
    """
    return (_silent(silence), _continue())


def _silent(silence: timedelta) -> AutomationCore:
    heartbeat = "prefect.flow-run.heartbeat"
    return AutomationCore(
        name=SILENT,
        description=f"{MARK}marks a run as crashed of which no heartbeat came for {silence}.",
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=_tagged(),
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{name}" for name in _ENDS)},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"not heard of for {silence}: its process or machine is gone, or cannot be reached",
                force=False,
            )
        ],
    )


def _continue() -> AutomationCore:
    parameters: dict[str, Any] = {
        "__prefect_kind": "json",
        "value": {"__prefect_kind": "jinja", "template": _AGAIN},
    }
    return AutomationCore(
        name=CONTINUE,
        description=f"{MARK}starts the deployment of a crashed run again, with the same parameters.",
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=_tagged(),
            expect={"prefect.flow-run.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            RunDeployment(source="inferred", deployment_id=None, parameters=parameters, job_variables=None)
        ],
    )


def _tagged() -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
    )
