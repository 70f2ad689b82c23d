"""Which requests a rule or a class of faults is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, field_validator


class Matching(BaseModel):
    """Requests to `domain` ("source", "target" or a domain's name; None: both) with `method` (None: any)
    whose path matches the regular expression `path` from its beginning."""

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
        """Whether this request of the domain that goes by `names` is one of them."""
        return (
            (self.domain is None or self.domain in names)
            and (self.method is None or self.method.upper() == method)
            and re.match(self.path, path) is not None
        )
