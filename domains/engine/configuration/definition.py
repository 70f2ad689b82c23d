"""A named piece of a domain's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domains.http.json_replies import Json


@dataclass(frozen=True)
class Definition:
    """One template, pipeline, policy, role or the like.

    Args:
        body: what the API says about it.
        key: the id under which the API keeps it, where that is not its name.
        guard: query parameters by which an update is refused if it has changed since.
        protected: `reserved`, `hidden` or `static` where access control calls it so; else empty.
    """

    body: Json
    key: str = ""
    guard: Mapping[str, str] = field(default_factory=dict[str, str])
    protected: str = ""


Definitions = dict[str, Definition]
