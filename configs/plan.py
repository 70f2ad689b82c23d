"""The plan: one migration from a source to a target through a repository."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from configs.agreement import disagreements
from configs.auth import BasicAuth, NoAuth, PasswordSource, SigV4Auth
from configs.base import Conflict, Settings
from configs.checks import CheckSettings
from configs.conflicts import ConflictSettings
from configs.cutover import CutoverSettings
from configs.domain import DomainSettings
from configs.gates import Gate, GateSettings, shared_files
from configs.hooks import Hook, WebhookAddress
from configs.indices import IndexSelection
from configs.metadata import MetadataSettings
from configs.reindex import ReindexSettings
from configs.repository import FsRepository, Repository, S3Repository, Side
from configs.restore import RestoreSettings
from configs.snapshot import SnapshotSettings
from configs.source import SnapshotSource, Source, beyond_snapshots, source_disagreements, with_implied_level
from configs.state import State, state_disagreements
from configs.values.names import NAME_PATTERN, check_plan_name
from configs.verify import QueriesSettings, VerifySettings

__all__ = [
    "BasicAuth",
    "CheckSettings",
    "ConflictSettings",
    "CutoverSettings",
    "DomainSettings",
    "FsRepository",
    "Gate",
    "GateSettings",
    "Hook",
    "IndexSelection",
    "MetadataSettings",
    "NoAuth",
    "PasswordSource",
    "Plan",
    "QueriesSettings",
    "ReindexSettings",
    "RestoreSettings",
    "S3Repository",
    "Side",
    "SigV4Auth",
    "SnapshotSettings",
    "SnapshotSource",
    "VerifySettings",
    "WebhookAddress",
]


def _refuse_saved(value: object) -> object:
    if value == "saved-plan":
        raise ValueError("a saved plan starts with this key, as `snapferry plan -o` writes it; save it again")
    return value


class Plan(Settings):
    """One migration of indices from one domain to another."""

    kind: Annotated[Literal["plan"], BeforeValidator(_refuse_saved)] = Field(
        default="plan", title="Kind", description="What this file is: a plan."
    )
    name: Annotated[str, AfterValidator(check_plan_name)] = Field(
        title="Name",
        description="Name of the migration; it names the state folder and the snapshots. "
        'Lowercase letters, digits, "-" and "_", at most 60.',
        examples=["orders-to-ireland"],
        json_schema_extra={"pattern": NAME_PATTERN},
    )
    source: Source = Field(
        title="Source",
        description="The domain that the indices come from; or a snapshot of one that is not reachable.",
    )
    target: DomainSettings = Field(title="Target", description="The domain that the indices go to.")
    repository: Repository = Field(
        title="Repository",
        description="Where the snapshots are: an S3 bucket (type s3, the default) or a shared folder (fs).",
    )
    indices: IndexSelection = Field(
        default=IndexSelection(), title="Indices", description="Which indices move."
    )
    snapshot: SnapshotSettings = Field(
        default=SnapshotSettings(),
        title="Snapshot",
        description="The snapshot: a new one, or an existing one.",
    )
    conflicts: ConflictSettings = Field(
        default=ConflictSettings(),
        title="Conflicts",
        description="What to do when the target already has the name.",
    )
    restore: RestoreSettings = Field(
        default=RestoreSettings(), title="Restore", description="How the indices are restored on the target."
    )
    reindex: ReindexSettings = Field(
        default=ReindexSettings(),
        title="Reindex",
        description="Indices that the target copies by `_reindex` instead of from a snapshot.",
    )
    verify: VerifySettings = Field(
        default=VerifySettings(), title="Verify", description="How thoroughly source and target are compared."
    )
    queries: QueriesSettings | None = Field(
        default=None,
        title="Queries",
        description="The query gate: recorded searches that must rank alike on both sides, at every "
        "verification.",
    )
    metadata: MetadataSettings = Field(
        default=MetadataSettings(),
        title="Metadata",
        description="What comes along beside the indices, such as templates, pipelines and roles; for "
        "`snapferry metadata`.",
    )
    cutover: CutoverSettings = Field(
        default=CutoverSettings(),
        title="Cutover",
        description="The window in which the source refuses writes; for `snapferry cutover` only.",
    )
    checks: CheckSettings = Field(
        default=CheckSettings(),
        title="Checks",
        description="Which preflight checks are required, and which are waived.",
    )
    gates: dict[Gate, GateSettings] = Field(
        default={},
        title="Gates",
        description="Points where the run waits for approval.",
        examples=[{"before-restore": {"timeout": "2h"}}],
    )
    hooks: list[Hook] = Field(
        default=[],
        title="Hooks",
        description="Commands and webhooks that are notified of a run's events.",
    )

    state: State | None = Field(
        default=None,
        title="State",
        description="Keep journals and locks in S3, so that several machines can work on this plan: "
        "s3://BUCKET/PREFIX. Without it they are in a folder of this machine. --state comes first.",
        examples=["s3://my-migrations/snapferry"],
    )

    _level = model_validator(mode="before")(with_implied_level)

    @property
    def source_domain(self) -> DomainSettings | None:
        """The source as a domain; None where it is a snapshot that the target alone reads."""
        return self.source if isinstance(self.source, DomainSettings) else None

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that are domains: both, or the target alone."""
        return ("source", "target") if self.source_domain else ("target",)

    def domain(self, side: Side) -> DomainSettings:
        """The domain of one of the plan's `sides`."""
        found = self.source_domain if side == "source" else self.target
        assert found, "the plan's source is a snapshot"
        return found

    @property
    def existing_snapshot(self) -> str | None:
        """The snapshot to restore from that is there already; None where the migration takes one."""
        return self.source.snapshot if isinstance(self.source, SnapshotSource) else self.snapshot.existing

    @property
    def snapshot_key(self) -> str:
        """The key that names the existing snapshot, for messages."""
        return "snapshot.existing" if self.source_domain else "source.snapshot"

    def disagreements(self) -> Iterator[Conflict]:
        """Yield contradictions between source, target, repository and gates."""
        yield from disagreements(self.source_domain, self.target, self.repository)
        yield from source_disagreements(self.source, self.indices, self.snapshot, self.verify)
        if self.source_domain is None:
            yield from beyond_snapshots(self.reindex, self.metadata)
        if self.source_domain is None and self.queries:
            message = (
                "there is no source to run searches on, because source.snapshot is one; remove this section"
            )
            yield Conflict(("queries",), message, (("queries",), ("source",)))
        yield from shared_files(self.gates)
        yield from state_disagreements(self.state, self.repository)
        if self.existing_snapshot is not None and "before-snapshot" in self.gates:
            key = self.snapshot_key
            message = f"no snapshot is taken, because {key} names one; remove this gate or that key"
            depends = (("gates", "before-snapshot"), ("source",), ("snapshot", "existing"))
            yield Conflict(("gates", "before-snapshot"), message, depends)
