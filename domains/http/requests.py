"""Requests as values, and which of them only read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

_READING_POSTS = ("/_search", "/_msearch", "/_count", "/_mget")


def reads_only(method: str, path: str) -> bool:
    """Whether a request changes nothing on a domain."""
    if method in {"GET", "HEAD"}:
        return True
    return method == "POST" and path.split("?")[0].endswith(_READING_POSTS)


def path_of(*segments: str) -> str:
    """Build a URL path, each segment percent-encoded; join several index names in one segment by commas."""
    return "/" + "/".join(quote(segment, safe=",*_") for segment in segments)


@dataclass(frozen=True)
class Content:
    """A body that is no JSON of ours, with its type and the headers that its API asks for."""

    text: str
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Request:
    """A prepared request that may change a domain: a plan shows exactly the requests that a run sends."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
