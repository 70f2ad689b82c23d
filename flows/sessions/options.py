"""What a user chose beside the plan: the same for commands, flows and sessions."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from runs.state import default_folder
from tasks.migration import Consents


class RunOptions(BaseModel):
    """What a user chose beside the plan.

    Args:
        state: the state folder.
        consents: the risks accepted.
        new_run: start another run although one exists.
        until_ready: end `follow` as soon as a cutover may begin.
        seeds: consent to `abort` removing the copies of seed rounds; no flow removes them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: Path = Field(default_factory=default_folder)
    consents: Consents = Consents()
    new_run: bool = False
    seeds: bool = False
    until_ready: bool = False
