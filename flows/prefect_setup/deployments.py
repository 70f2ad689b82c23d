"""The deployments of every flow. Their entry points are modules, so a worker needs no clone."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from prefect import Flow
from prefect.utilities.callables import parameter_schema

from domains.http.json_replies import Json
from flows.prefect_setup.automations import TAG

VERBS = (
    "check",
    "rehearse",
    "migrate",
    "verify",
    "repair",
    "seed",
    "follow",
    "cutover",
    "fallback",
    "finish",
    "abort",
)
"""The flows that are deployed, each under its own name."""
_READING = ("check", "verify")


@dataclass(frozen=True)
class Deployment:
    """One deployment, as it should be.

    Args:
        name: of the flow and of the deployment.
        schema: of its parameters; the server refuses what it does not allow.
    """

    name: str
    entrypoint: str
    description: str
    parameters: dict[str, Any]
    schema: Json
    tags: tuple[str, ...] = (TAG,)


def deployments() -> tuple[Deployment, ...]:
    """Every deployment. Imports every flow."""
    return tuple(map(_deployment, VERBS))


def _deployment(verb: str) -> Deployment:
    module = f"flows.deployed.{verb}"
    flow: Flow[Any, Any] = getattr(import_module(module), verb)
    return Deployment(
        name=verb,
        entrypoint=f"{module}.{verb}",
        description=flow.description or "",
        parameters={} if verb in _READING else {"execute": False},
        schema=parameter_schema(flow.fn).model_dump(),
    )
