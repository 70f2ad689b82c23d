"""Match requests to a rule or a class of faults."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, field_validator


class Matching(BaseModel):
    """Requests to `domain` ("source", "target" or a domain's name; None: both) with `method` (None: any) and
    a path that starts with the regular expression `path`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str | None = None
    method: str | None = None
    path: str = ".*"

    @field_validator("path")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    def matches(self, names: Iterable[str], method: str, path: str) -> bool:
        """Whether this request to the domain with these `names` matches."""
        return (
            (self.domain is None or self.domain in names)
            and (self.method is None or self.method.upper() == method)
            and re.match(self.path, path) is not None
        )
