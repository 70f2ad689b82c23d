"""What libraries work out anew for every session or command, worked out once for all tests.

The results are the same: the files that boto3 describes AWS with, the names of its events, and the command
line that Typer builds from the verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import typer.testing
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader


def remember() -> None:
    """Lets them remember, for the rest of the process."""
    JSONFileLoader.load_file = _once_for_all_instances(JSONFileLoader.load_file)
    EventAliaser._alias_event_name = _once_for_all_instances(EventAliaser._alias_event_name)
    typer.testing._get_command = cache(typer.testing._get_command)


def _once_for_all_instances(method: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    known: dict[str, Any] = {}

    def remembered(self: Any, argument: str) -> Any:
        if argument not in known:
            known[argument] = method(self, argument)
        return known[argument]

    return remembered
