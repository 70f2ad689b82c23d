"""Check that replies have the documented form: anything else is an error, never an answer."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from domains.errors import AwsError, UnexpectedReply


class _OneSide(Protocol):
    """A domain, or a stand-in for one."""

    @property
    def label(self) -> str:
        """Its name in messages."""
        ...


D = TypeVar("D", bound=_OneSide)
P = ParamSpec("P")
R = TypeVar("R")
STUMBLING = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""Errors that reading a reply raises if a part is missing or has another type."""


def documented(call: Callable[Concatenate[D, P], R]) -> Callable[Concatenate[D, P], R]:
    """Wrap the call: it raises UnexpectedReply if the reply is not as documented."""

    @wraps(call)
    def checked(domain: D, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(domain, *args, **kwargs)
        except STUMBLING as error:
            raise UnexpectedReply(f"{domain.label}: {_named(call)}", undocumented(error)) from error

    return checked


def documented_by_aws(call: Callable[P, R]) -> Callable[P, R]:
    """Wrap a call of an AWS API in the same way: it raises AwsError."""

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except STUMBLING as error:
            raise AwsError(
                f"AWS: {_named(call)}: {undocumented(error)}",
                "run it again; if the reply stays like that, update Snapferry or report it",
            ) from error

    return checked


def undocumented(error: Exception) -> str:
    """Describe the error that reading a reply raised."""
    return f"the reply is not what the API documents ({type(error).__name__}: {str(error)[:200]})"


def _named(call: Callable[..., object]) -> str:
    return call.__name__.replace("_", " ")
