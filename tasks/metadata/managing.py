"""Indices under the policies of Index State Management, attached again on the target."""

from configs.plan import Side
from domains.engine.configuration.definition import Definition, Definitions
from domains.engine.policies.index_state_management import attach_requests, change_requests
from domains.http.json_replies import Json
from domains.http.requests import Request
from tasks.metadata.sides import Sides


def read(sides: Sides, side: Side) -> Definitions | None:
    """Each index under a policy, with its state; on the source, those that the target has too."""
    found = sides.managed(side)
    if found is None:
        return None
    there = sides.created("target")
    return {
        index: Definition({"policy": managed.policy, "state": managed.state})
        for index, managed in found.items()
        if index in there
    }


def send(sides: Sides, name: str, wanted: Definition, existing: Definition | None) -> tuple[Request, ...]:
    """Attach the index, and where it was further than the policy's first state, have it begin in that one.

    Attaching takes no state; changing the policy of an index that has not begun does.
    """
    policy, state = str(wanted.body["policy"]), str(wanted.body["state"])
    version = sides.target.version
    begins = "" if state == _first_state(sides, policy) else state
    if existing is not None:
        return tuple(change_requests(version, [name], policy, begins))
    further = change_requests(version, [name], policy, begins) if begins else ()
    return (*attach_requests(version, [name], policy), *further)


def _first_state(sides: Sides, policy: str) -> str:
    body = policy_body(sides, "source", policy)
    return str(body.get("default_state", "")) if body else ""


def policy_body(sides: Sides, side: Side, name: str) -> Json | None:
    """A policy of one side; None if it has none of this name."""
    found = (sides.policies(side) or {}).get(name)
    return found.body if found else None
