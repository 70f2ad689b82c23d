"""The linter of IAM policies, parliament: what is wrong with a policy document."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from types import SimpleNamespace
from typing import Any


def problems_of(policy: dict[str, Any]) -> list[str]:
    """What parliament finds wrong with an identity's policy; empty if nothing."""
    found = _parliament().analyze_policy_string(json.dumps(policy)).findings
    return [f"{each.issue}: {each.detail}" for each in found]


def _parliament() -> Any:
    """The linter, which looks for its own files by a part of setuptools that is gone."""

    def resource_filename(package: str, name: str) -> str:
        return str(files(package).joinpath(name))

    stand_in: Any = SimpleNamespace(resource_filename=resource_filename)
    sys.modules.setdefault("pkg_resources", stand_in)
    import parliament

    return parliament
