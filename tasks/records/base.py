"""Base of all records: frozen, no unknown fields."""

from typing import Any, cast

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fields_of(value: Any) -> dict[str, Any]:
    """Return a record's raw fields before validation; empty if the input is not a mapping."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
