"""One request to an emulated plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from lab.door import bodies
from lab.door.answers import Answer, engine_error
from lab.door.exchange import Door
from lab.door.signature import Received
from lab.plugins.answers import Refused, invalid
from lab.plugins.config_index import Version
from lab.plugins.rights import Rights


@dataclass(frozen=True)
class Call:
    """A request on its way to a plugin.

    `rest` are the decoded parts of the path after the plugin's root; `rights` are the caller's.
    """

    door: Door
    received: Received
    rest: tuple[str, ...]
    query: Mapping[str, str]
    rights: Rights

    @property
    def method(self) -> str:
        """The request's method."""
        return self.received.method

    @property
    def is_opensearch(self) -> bool:
        """Whether the engine is an OpenSearch."""
        return self.door.settings.engine.startswith("opensearch")

    @property
    def engine_version(self) -> tuple[int, ...]:
        """The engine's version."""
        return tuple(int(part) for part in self.door.settings.engine.rpartition("-")[2].split("."))

    @property
    def body(self) -> Any:
        """The parsed body; None without one.

        Raises:
            Refused: it is no JSON.
        """
        try:
            return bodies.document(self.received.content)
        except bodies.Unreadable as error:
            raise Refused(engine_error(400, "json_parse_exception", str(error))) from error

    @property
    def object(self) -> dict[str, Any]:
        """The body, which must be an object.

        Raises:
            Refused: there is none, or it is something else.
        """
        body = self.body
        if body is None:
            raise Refused(engine_error(400, "parse_exception", "request body is required"))
        if not isinstance(body, dict):
            raise invalid(
                "Failed to parse object: expecting token of type [START_OBJECT]", "parsing_exception"
            )
        return body

    @property
    def expected(self) -> Version | None:
        """The version that the caller expects to replace, or None unless both parts are given.

        Raises:
            Refused: one of them is no number.
        """
        given = [self.query.get(name) for name in ("if_seq_no", "if_primary_term")]
        if None in given:
            return None
        try:
            seq_no, term = (int(str(each)) for each in given)
        except ValueError as error:
            raise invalid("Failed to parse long parameter [if_seq_no] or [if_primary_term]") from error
        return seq_no, term


Handler = Callable[[Call], Awaitable[Answer]]


def query_of(received: Received) -> dict[str, str]:
    """The decoded query of a request."""
    return dict(parse_qsl(received.query, keep_blank_values=True))
