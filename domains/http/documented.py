"""Calls whose replies must be what the API documents: anything else is never taken for an answer."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from domains.errors import AwsError, UnexpectedReply


class _OneSide(Protocol):
    """A domain, or what stands for one."""

    @property
    def side(self) -> str:
        """`source` or `target`."""
        ...


D = TypeVar("D", bound=_OneSide)
P = ParamSpec("P")
R = TypeVar("R")
STUMBLING = (LookupError, TypeError, ValueError, AttributeError)
"""What reading a reply ends with that lacks a part, or has another one in its place."""


def documented(call: Callable[Concatenate[D, P], R]) -> Callable[Concatenate[D, P], R]:
    """The call, raising UnexpectedReply where it would stumble over a reply that lacks what is documented."""

    @wraps(call)
    def checked(domain: D, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(domain, *args, **kwargs)
        except STUMBLING as error:
            raise UnexpectedReply(f"{domain.side}: {_named(call)}", undocumented(error)) from error

    return checked


def documented_by_aws(call: Callable[P, R]) -> Callable[P, R]:
    """The same for a call of an AWS API: AwsError."""

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except STUMBLING as error:
            raise AwsError(f"AWS: {_named(call)}: {undocumented(error)}") from error

    return checked


def undocumented(error: Exception) -> str:
    """Words for an error that reading a reply ended with."""
    return f"the reply is not what the API documents ({type(error).__name__}: {error})"


def _named(call: Callable[..., object]) -> str:
    return call.__name__.replace("_", " ")
