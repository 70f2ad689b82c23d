"""The plan that a run began with, fit to be sent around: what it sets, and no secret."""

import json
import re
from typing import Any, cast

from pydantic import ValidationError

from configs.plan import Plan
from configs.values.listing import counted
from runs.journal import Document

_USER_IN_URL = re.compile(r"(?<=://)[^/?#@\s]+@")
_CUT = "[cut out]@"


def plan_settings(document: Document) -> dict[str, Any]:
    """What the plan sets otherwise than by default; all of it, where this version cannot read it.

    It holds names of secrets, never a secret. Arguments of hooks are left out all the same, and users in
    addresses, as nobody can tell what they are.
    """
    try:
        plan = Plan.model_validate_json(json.dumps(document.plan))
        kept = plan.model_dump(mode="json", exclude_defaults=True)
    except ValidationError:
        kept = document.plan
    return {key: _without_arguments(each) if key == "hooks" else _cut(each) for key, each in kept.items()}


def _without_arguments(hooks: Any) -> Any:
    return [_hook(hook) for hook in cast("list[Any]", hooks)] if isinstance(hooks, list) else _cut(hooks)


def _hook(hook: Any) -> Any:
    kept = cast("dict[str, Any]", _cut(hook)) if isinstance(hook, dict) else {}
    command = kept.get("command")
    program, *arguments = cast("list[Any]", command) if isinstance(command, list) and command else [""]
    if not arguments:
        return kept or _cut(hook)
    return {**kept, "command": [program, f"[{counted(len(arguments), 'argument', 'arguments')} left out]"]}


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return _USER_IN_URL.sub(_CUT, value)
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in cast("dict[str, Any]", value).items()}
    return [_cut(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
