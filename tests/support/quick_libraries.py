"""Cache what libraries compute for every session or command, to make the tests faster.

The results are the same: the files and folders that describe AWS to boto3, its events and their handlers, and
the command line that Typer builds from the verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.hooks
import typer.testing
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


def remember() -> None:
    """Install the caches, for the rest of the process."""
    JSONFileLoader.load_file = _remembered(JSONFileLoader.load_file)
    Loader.list_available_services = _remembered(Loader.list_available_services, _places)
    EventAliaser._alias_event_name = _remembered(EventAliaser._alias_event_name)
    accepts = cache(botocore.hooks.accepts_kwargs)
    botocore.hooks.accepts_kwargs = lambda handler: accepts(getattr(handler, "__func__", handler))
    typer.testing._get_command = cache(typer.testing._get_command)


def _remembered(
    method: Callable[..., Any], also: Callable[[Any], object] = lambda _: None
) -> Callable[..., Any]:
    """Cache a method's result for all objects that are equal in `also`."""
    known: dict[object, Any] = {}

    def remembered(self: Any, *arguments: str, **named: str) -> Any:
        key = arguments, tuple(named.items()), also(self)
        if key not in known:
            known[key] = method(self, *arguments, **named)
        return known[key]

    return remembered


def _places(loader: Loader) -> object:
    return tuple(loader.search_paths)
