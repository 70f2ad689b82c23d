"""The base class of the report's parts."""

from pydantic import BaseModel, ConfigDict


class ReportPart(BaseModel):
    """One part of a report: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
