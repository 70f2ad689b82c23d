"""Cache what libraries compute for every session or command, to make the tests faster.

The results are the same: the files and folders that describe AWS to boto3, its events and their handlers, the
methods of its clients, the rules of their endpoints, the authorities that httpx trusts, and the command line
that Typer builds from the verbs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.endpoint_provider
import botocore.hooks
import httpx._transports.default
import typer.testing
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader

TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def remember() -> None:
    """Install the caches, for the rest of the process."""
    JSONFileLoader.load_file = _remembered(JSONFileLoader.load_file)
    Loader.list_available_services = _remembered(Loader.list_available_services, _places)
    EventAliaser._alias_event_name = _remembered(EventAliaser._alias_event_name)
    accepts = cache(botocore.hooks.accepts_kwargs)
    botocore.hooks.accepts_kwargs = lambda handler: accepts(getattr(handler, "__func__", handler))
    typer.testing._get_command = cache(typer.testing._get_command)
    ClientCreator._create_methods = _methods(ClientCreator._create_methods)
    botocore.endpoint_provider.RuleSet = _rules(botocore.endpoint_provider.RuleSet)
    httpx._transports.default.create_ssl_context = _trust(httpx._transports.default.create_ssl_context)


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


def _methods(create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A client's methods. They depend on the service only; whoever makes a client may add to its own."""
    known: dict[object, dict[str, Any]] = {}

    def methods(self: Any, model: Any) -> dict[str, Any]:
        key = model.service_name, model.api_version
        if key not in known:
            known[key] = create(self, model)
        return dict(known[key])

    return methods


def _rules(build: Callable[..., Any]) -> Callable[..., Any]:
    """The rules by which a service's endpoint is found, known by the very objects that they were built from,
    which are kept for that."""
    known: dict[tuple[int, int], tuple[Any, Any]] = {}

    def rules(**described: Any) -> Any:
        key = id(described["rules"]), id(described["partitions"])
        if key not in known:
            known[key] = described, build(**described)
        return known[key][1]

    return rules


def _trust(create: Callable[..., Any]) -> Callable[..., Any]:
    """The usual authorities, whose files take longer to read than a request takes."""
    known: dict[object, Any] = {}

    def trusted(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
        if verify is not True or cert is not None:
            return create(verify=verify, cert=cert, trust_env=trust_env)
        key = trust_env, *(os.environ.get(name) for name in TRUST)
        if key not in known:
            known[key] = create(verify=verify, cert=cert, trust_env=trust_env)
        return known[key]

    return trusted
