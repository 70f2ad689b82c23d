"""Templates of work pools: what a worker needs to run Snapferry as a process, container, job or task."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, cast

from domains.http.json_replies import Json, is_object
from tasks.errors import PreconditionError

TYPES = ("process", "docker", "kubernetes", "ecs")
HEARTBEAT = "env.PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
HEARTBEAT_S = 60
"""How often a run of these pools says that it lives: their environment sets it."""
MARK = "Snapferry: "
"""How the descriptions begin of what Snapferry has made on a server."""
_NEEDED = {
    "process": (),
    "docker": ("image",),
    "kubernetes": ("image",),
    "ecs": ("image", "task_role_arn", "execution_role_arn"),
}
_STATE = "SNAPFERRY_STATE"


def template(kind: str, values: Mapping[str, str]) -> Json:
    """The base job template of a work pool of this type.

    Args:
        kind: one of `TYPES`.
        values: defaults of its variables; `env.NAME` is a variable of the environment. The value
            of a variable that is no string is JSON.

    Raises:
        PreconditionError: there is no such variable, or one that is needed has no value.
    """
    found: Json = json.loads((files("flows.prefect_setup") / "templates" / f"{kind}.json").read_text("utf-8"))
    variables = cast("dict[str, Json]", found["variables"]["properties"])
    for name, value in values.items():
        _set(variables, name, value)
    missing = [name for name in _NEEDED[kind] if "default" not in variables[name]]
    if missing:
        given = " ".join(f"--set {name}=…" for name in missing)
        raise PreconditionError(f"a work pool of type {kind} needs {', '.join(missing)}", hint=f"add {given}")
    return found


def keeps_state(found: Json, kind: str) -> bool:
    """Whether the state of runs outlives the machine that they run on, as far as the template says."""
    env: object = found["variables"]["properties"]["env"].get("default", {})
    place = env.get(_STATE, "") if is_object(env) else ""
    return kind == "process" or str(place).startswith("s3://")


def _set(variables: dict[str, Json], name: str, value: str) -> None:
    head, _, variable = name.partition(".")
    if head == "env" and variable:
        env = variables["env"]
        env["default"] = {**env.get("default", {}), variable: value}
        return
    if name not in variables or name == "env":
        raise PreconditionError(
            f"there is no variable {name} in this work pool's template",
            hint=f"it has env.NAME, {', '.join(sorted(variables.keys() - {'env'}))}",
        )
    variables[name]["default"] = _value(name, variables[name]["type"], value)


def _value(name: str, kind: str, given: str) -> Any:
    if kind == "string":
        return given
    kinds: dict[str, type | tuple[type, ...]] = {
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    try:
        value: object = json.loads(given)
    except ValueError:
        value = None
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean"):
        raise PreconditionError(f"{name} is of type {kind}: {given!r} is not", hint="give it as JSON")
    return value
