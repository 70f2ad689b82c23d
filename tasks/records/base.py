"""The base of all records: frozen, and strict about their fields."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of all records: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
