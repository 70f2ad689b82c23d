"""What Prefect shows of the flow run itself."""

from prefect.runtime.flow_run import get_parameters

from domains.http.json_replies import is_object


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)
