"""Calls whose replies must be what the API documents: anything else is never taken for an answer."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from domains.domain import Domain
from domains.errors import UnexpectedReply

P = ParamSpec("P")
R = TypeVar("R")


def documented(call: Callable[Concatenate[Domain, P], R]) -> Callable[Concatenate[Domain, P], R]:
    """The call, raising UnexpectedReply where it would stumble over a reply that lacks what is documented."""

    @wraps(call)
    def checked(domain: Domain, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(domain, *args, **kwargs)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            what = call.__name__.replace("_", " ")
            said = f"the reply is not what the API documents ({type(error).__name__}: {error})"
            raise UnexpectedReply(f"{domain.side}: {what}", said) from error

    return checked
