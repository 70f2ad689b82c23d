"""Records of a resolved plan: its requests, and the document that is saved."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from configs.plan import Side
from tasks.records.base import Record
from tasks.records.estimates import Estimate
from tasks.records.resolution import Resolution
from tasks.records.transfer import Form


class PlannedRequest(Record):
    """One request that is not a mere read.

    Args:
        step: the step that sends it.
        changes: whether it changes the domain for longer than itself: a verification's test files do not.
    """

    step: str
    side: Side
    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None
    changes: bool = True


class PlanDocument(Record):
    """A migration, resolved: what `plan` shows and saves, and what `migrate` does with a saved one.

    Args:
        kind: only a saved plan can be executed; what a rehearsal would do is shown and no more.
        changes: how many of the requests change a domain; 0 when there is nothing to do.
        run_id: the run that will do it: part of the snapshot's name.
        forms: for each side the forms of registration that may be tried, in this order.
        batches: names on the source that each restore request holds.
        consents: options that the run needs beside --execute.
        estimate: how long it will take; None when that could not be told.
        mappings, settings, aliases: digests of each index's mapping, settings and aliases.
        snapshot_uuid: of the plan's existing snapshot; None without one, or while no domain can read it.
        counts: live documents of each index as searches saw them; not of closed ones, nor where it could not
            be told.
        plan: the plan itself. It holds no secret.
        hash: digest of everything that decides what is done; growth of the indices does not change it.
    """

    kind: Literal["saved-plan", "rehearsal-plan"] = "saved-plan"
    format: Literal[1] = 1
    name: str
    made: datetime
    run_id: str
    changes: int
    resolution: Resolution
    forms: dict[Side, tuple[Form, ...]]
    batches: tuple[tuple[str, ...], ...]
    requests: tuple[PlannedRequest, ...]
    consents: tuple[str, ...]
    estimate: Estimate | None = None
    mappings: dict[str, str]
    settings: dict[str, str] = Field(default_factory=dict[str, str])
    aliases: dict[str, str] = Field(default_factory=dict[str, str])
    snapshot_uuid: str | None = None
    counts: dict[str, int] = Field(default_factory=dict[str, int])
    plan: dict[str, Any]
    hash: str = ""
