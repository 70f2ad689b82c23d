"""Records of a resolved plan: its requests, and the saved document."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from configs.plan import Side
from tasks.records.base import Record
from tasks.records.estimates import Estimate
from tasks.records.resolution import Resolution
from tasks.records.transfer import Form


class PlannedRequest(Record):
    """Planned request that does more than read.

    Args:
        step: the step that sends the request.
        changes: whether it changes the domain permanently; a repository verification's test files do not.
    """

    step: str
    side: Side
    method: str
    path: str
    query: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None
    changes: bool = True


class PlanDocument(Record):
    """Resolved migration: shown and saved by `plan`, executed by `migrate`.

    Args:
        kind: only a saved plan can be executed; a rehearsal's plan is only shown.
        changes: how many of the requests change a domain; 0 if there is nothing to do.
        run_id: id of the run that will execute the plan; part of the snapshot's name.
        forms: for each side, the forms of registration to try, in this order.
        batches: source names in each restore request.
        consents: options that the run needs in addition to --execute.
        estimate: how long the run will take; None if unknown.
        mappings, settings, aliases: digests of each index's mapping, settings and aliases.
        snapshot_uuid: UUID of the plan's existing snapshot; None without one or if no domain can read it yet.
        counts: live documents of each index, as seen by searches; closed indices and unknown counts are left
            out.
        queries_digest: of the file of recorded searches that the plan names; empty without one.
        plan: the plan itself. It contains no secret.
        hash: digest of everything that decides what the run does; index growth does not change it.
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
    queries_digest: str = ""
    plan: dict[str, Any]
    hash: str = ""
