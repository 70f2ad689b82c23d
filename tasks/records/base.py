"""The base of all records: frozen, and strict about their fields."""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a record as it was read, before it is validated; empty when it is made in another way."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
