"""The plan's `source` section: a domain, or a snapshot of a domain that nobody can reach any more."""

from collections.abc import Iterator
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Discriminator, Field, Tag

from configs.base import Conflict, Settings
from configs.domain import DomainSettings
from configs.indices import IndexSelection
from configs.metadata import MetadataSettings
from configs.reindex import ReindexSettings
from configs.snapshot import SnapshotSettings
from configs.values.names import SNAPSHOT_PATTERN, check_snapshot_name
from configs.verify import VerifySettings

FROM_DOMAIN, FROM_SNAPSHOT = "from-domain", "from-snapshot"
"""Kinds of sources, by which error messages call their models; no key of a plan is called so."""
_NOTHING_TO_COMPARE_WITH = "there is no source to compare with, because source.snapshot is one"


class SnapshotSource(Settings):
    """A snapshot in the plan's repository. The target alone reads it: nothing is asked of a source."""

    snapshot: Annotated[
        str, AfterValidator(check_snapshot_name), Field(json_schema_extra={"pattern": SNAPSHOT_PATTERN})
    ] = Field(
        title="Snapshot",
        description="Name of a snapshot in the repository, of a domain that is not reachable any more.",
        examples=["nightly-2026.11.28"],
    )


def _kind(value: object) -> str:
    names_snapshot = isinstance(value, dict) and "snapshot" in cast("dict[str, Any]", value)
    return FROM_SNAPSHOT if names_snapshot or isinstance(value, SnapshotSource) else FROM_DOMAIN


Source = Annotated[
    Annotated[DomainSettings, Tag(FROM_DOMAIN)] | Annotated[SnapshotSource, Tag(FROM_SNAPSHOT)],
    Discriminator(_kind),
]


def with_implied_level(values: object) -> object:
    """A plan's values with `verify.level: record` where its source is a snapshot and no level is named."""
    if not isinstance(values, dict):
        return values
    plan = cast("dict[str, Any]", values)
    verify: object = plan.get("verify", {})
    if _kind(plan.get("source")) != FROM_SNAPSHOT or not isinstance(verify, dict) or "level" in verify:
        return plan
    return {**plan, "verify": {**cast("dict[str, Any]", verify), "level": "record"}}


def source_disagreements(
    source: DomainSettings | SnapshotSource,
    indices: IndexSelection,
    snapshot: SnapshotSettings,
    verify: VerifySettings,
) -> Iterator[Conflict]:
    """Yield what a plan says that cannot be done with this kind of source."""
    level = ("verify", "level")
    if isinstance(source, DomainSettings):
        if verify.level == "record":
            message = (
                "this compares with a snapshot's record, for a plan whose source is a snapshot; "
                "write counts, operations or content"
            )
            yield Conflict(level, message, (level, ("source",)))
        return
    yield from _without_source(indices, snapshot, verify)


def _without_source(
    indices: IndexSelection, snapshot: SnapshotSettings, verify: VerifySettings
) -> Iterator[Conflict]:
    if snapshot.existing is not None:
        where = ("snapshot", "existing")
        message = "source.snapshot names the snapshot already; remove this key"
        yield Conflict(where, message, (where, ("source",)))
    if indices.closed == "move":
        where = ("indices", "closed")
        message = (
            "a snapshot's record does not say which indices were closed, so none can be closed again; "
            "remove this key"
        )
        yield Conflict(where, message, (where, ("source",)))
    if verify.level != "record":
        where = ("verify", "level")
        message = f"{_NOTHING_TO_COMPARE_WITH}; write record, or remove this key"
        yield Conflict(where, message, (where, ("source",)))
    for number, query in enumerate(verify.queries):
        if query.equal is not None:
            where = ("verify", "queries", number, "equal")
            message = (
                "there is no source to compare with, because source.snapshot is one; write expect: NUMBER"
            )
            yield Conflict(where, message, (where, ("source",)))


def beyond_snapshots(reindex: ReindexSettings, metadata: MetadataSettings) -> Iterator[Conflict]:
    """Yield what only a source that answers can give."""
    if reindex.is_wanted:
        message = (
            "no documents can be fetched from a snapshot, and source.snapshot is one; remove this section"
        )
        yield Conflict(("reindex",), message, (("reindex",), ("source",)))
    if metadata.automatic:
        where = ("metadata", "automatic")
        message = "templates and policies are not in source.snapshot; remove this key"
        yield Conflict(where, message, (where, ("source",)))
