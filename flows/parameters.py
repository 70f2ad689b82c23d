"""Parameters that every flow takes: the consents, the state folder, the name of the flow run."""

from pathlib import Path

from prefect.runtime.flow_run import get_parameters
from pydantic import BaseModel, ConfigDict, Field

from domains.http.json_replies import is_object
from flows.sessions.options import Options
from runs.state import default_folder
from tasks.errors import PreconditionError
from tasks.migration import Consents


class ConsentParameters(BaseModel):
    """The risks accepted for this run, each by name; none by default."""

    model_config = ConfigDict(extra="forbid")
    allow_delete: list[str] = Field(
        default_factory=list[str],
        description="Names on the target that may be deleted, as the plan lists them.",
    )
    allow_partial: bool = Field(default=False, description="Whether a PARTIAL snapshot may be restored.")
    allow_freeze: bool = Field(
        default=False, description="Whether the source may be made to refuse writes for a cutover."
    )

    @classmethod
    def of(cls, given: Consents) -> "ConsentParameters":
        """As a flow takes what a command line has given."""
        return cls(allow_delete=sorted(given.delete), allow_partial=given.partial, allow_freeze=given.freeze)

    def consents(self) -> Consents:
        """As the steps take them."""
        return Consents(frozenset(self.allow_delete), self.allow_partial, self.allow_freeze)


def run_options(
    execute: bool, consents: ConsentParameters, state: str | None, *, new_run: bool = False
) -> Options:
    """What a flow was asked for, as a session takes it.

    Raises:
        PreconditionError: it was not told to execute.
    """
    if not execute:
        raise PreconditionError("nothing was done: the flow changes domains only with execute: true")
    return Options(Path(state) if state else default_folder(), consents.consents(), new_run)


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)
