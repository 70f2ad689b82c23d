"""Looking at everything that can refuse, before anything is changed.

Who the domains are, what moves, and what is in the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from configs.plan import S3Repository
from domains import aws, repositories, snapshots
from domains.catalog import Catalog, catalog
from domains.cluster import ClusterIdentity, identity
from domains.domain import Domain
from domains.snapshots import SnapshotInfo
from tasks import conflicts, versions
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records import ClusterRecord, LeftOut, Resolution, Unit
from tasks.registration import is_readonly, place, registration, same_place
from tasks.selection import Selection, select


@dataclass(frozen=True)
class _Look:
    """Everything that was read."""

    source: ClusterIdentity
    target: ClusterIdentity
    source_catalog: Catalog
    target_catalog: Catalog
    selection: Selection
    bucket_region: str | None


def resolve(m: Migration) -> Resolution:
    """The migration decided in full: which indices, under which names; nothing refuses it. Reads only.

    Raises:
        PreconditionError: with every reason at once.
        DomainError, AwsError: a domain or the account could not be looked at.
    """
    source, target = identity(m.source), identity(m.target)
    if source.uuid == target.uuid:
        raise PreconditionError(
            "source and target are one cluster",
            (f"both answer with UUID {source.uuid}",),
            "correct the endpoints",
        )
    problem = versions.engine_problem(source.version, target.version)
    if problem:
        raise PreconditionError(problem)
    source_catalog = catalog(m.source)
    selection = select(source_catalog, m.plan.indices)
    look = _Look(source, target, source_catalog, catalog(m.target), selection, bucket_region(m))
    existing = _existing(m)
    if existing:
        look = _within(look, existing)
    decision = conflicts.decide(
        look.selection.units,
        look.target_catalog,
        m.plan.conflicts,
        aliases=m.plan.restore.aliases,
        allowed=m.consents.delete,
    )
    problems = (*_selection_problems(look), *_plan_problems(m, look), *decision.problems)
    if problems:
        raise PreconditionError("refused before anything was changed:", problems, _hint(m, decision.problems))
    resolution = Resolution(
        source=_record(m.source, source),
        target=_record(m.target, target),
        units=decision.units,
        left_out=(*look.selection.left_out, *_skipped(decision.units)),
        repository=m.repository,
        snapshot=m.snapshot,
        notes=tuple(_notes(m, look, decision.units)),
        bucket_region=look.bucket_region,
    )
    if not resolution.moving:
        raise PreconditionError(
            "nothing to move: every selected index is already on the target, and the policy is skip"
        )
    return resolution


def bucket_region(m: Migration) -> str | None:
    """The bucket's Region: the plan's, else looked up, else (unknown) the source's own."""
    repository = m.plan.repository
    if not isinstance(repository, S3Repository):
        return None
    if repository.region:
        return repository.region
    session = m.source.session if m.source.signed else m.target.session
    return aws.bucket_region(session, repository.bucket) or m.source.region or m.target.region


def _existing(m: Migration) -> SnapshotInfo | None:
    """The plan's existing snapshot, if a domain has the repository registered; else it is checked later."""
    name = m.plan.snapshot.existing
    if name is None:
        return None
    for domain in (m.source, m.target):
        found = repositories.registered(domain, m.repository)
        if found and same_place(found, registration(m, domain.side, "plain", None)):
            info = snapshots.get(domain, m.repository, name)
            if info is None:
                raise PreconditionError(
                    f"repository {m.repository} has no snapshot {name}", hint="check snapshot.existing"
                )
            return info
    return None


def _within(look: _Look, existing: SnapshotInfo) -> _Look:
    """The selection, without what the existing snapshot does not hold."""
    held = set(existing.indices)
    kept = tuple(unit for unit in look.selection.units if all(index.name in held for index in unit.indices))
    names = {unit.name for unit in kept}
    lacking = tuple(
        LeftOut(name=unit.name, reason="not in the snapshot")
        for unit in look.selection.units
        if unit.name not in names
    )
    only_there = sorted(held - look.source_catalog.indices.keys())
    gone = tuple(LeftOut(name=name, reason="no longer on the source") for name in only_there)
    selection = Selection(kept, (*look.selection.left_out, *lacking, *gone), look.selection.unmatched)
    return _Look(
        look.source, look.target, look.source_catalog, look.target_catalog, selection, look.bucket_region
    )


def _selection_problems(look: _Look) -> Iterator[str]:
    selection = look.selection
    if not selection.units:
        yield "no index on the source fits indices.include and indices.exclude"
    aliases = look.source_catalog.aliases
    for pattern in selection.unmatched:
        if pattern in aliases:
            yield f"indices.include: {pattern} is an alias; name its indices: {', '.join(aliases[pattern])}"
        elif "*" not in pattern:
            yield f"indices.include: the source has no index or data stream {pattern}"
    yield from (
        f"{left.name}: {left.detail}; run again" for left in selection.left_out if left.reason == "changing"
    )
    moving = [index.name for unit in selection.units for index in unit.indices]
    created = [(name, look.source_catalog.indices[name].created_id) for name in moving]
    yield from versions.index_problems(created, look.target.version)


def _plan_problems(m: Migration, look: _Look) -> Iterator[str]:
    if m.plan.snapshot.allow_partial and not m.consents.partial:
        yield "snapshot.allow_partial needs the consent --allow-partial as well"
    for domain in (m.source, m.target):
        found = repositories.registered(domain, m.repository)
        if found and not same_place(found, registration(m, domain.side, "plain", look.bucket_region)):
            yield (
                f"repository {m.repository} is already registered on the {domain.side} for another place "
                f"({place(found)}); choose another repository.name"
            )


def _skipped(units: tuple[Unit, ...]) -> Iterator[LeftOut]:
    for unit in units:
        if unit.action == "skip":
            yield LeftOut(name=unit.name, reason="conflict", detail=f"the target already has {unit.conflict}")


def _notes(m: Migration, look: _Look, units: tuple[Unit, ...]) -> Iterator[str]:
    for pattern in look.selection.unmatched:
        if "*" in pattern:
            yield f"indices.include: {pattern} fits nothing on the source"
    if m.plan.restore.aliases:
        yield from _alias_notes(units, look.target_catalog.aliases)
    found = repositories.registered(m.target, m.repository)
    if found and not is_readonly(found):
        yield f"repository {m.repository} is registered read-write on the target; it will become readonly"


def _alias_notes(units: tuple[Unit, ...], covered: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """What becomes of aliases. `covered`: those on the target, and the indices they cover."""
    for unit in units:
        if unit.action == "rename" and any(index.aliases for index in unit.indices):
            yield f"{unit.name}: renamed to {unit.target}, so its aliases are not restored"
    restored = [unit for unit in units if unit.action in {"restore", "replace"}]
    aliases = {alias for unit in restored for index in unit.indices for alias in index.aliases}
    for alias in sorted(aliases & covered.keys()):
        held = ", ".join(covered[alias])
        yield f"alias {alias} is already on the target ({held}) and will cover the restored indices too"


def _record(domain: Domain, who: ClusterIdentity) -> ClusterRecord:
    return ClusterRecord(
        endpoint=domain.endpoint,
        region=domain.region,
        cluster_uuid=who.uuid,
        cluster_name=who.name,
        version=str(who.version),
    )


def _hint(m: Migration, problems: tuple[str, ...]) -> str:
    if not problems:
        return ""
    if m.plan.conflicts.policy == "fail":
        return "remove them from the target, exclude them, or choose conflicts.policy: skip, rename or delete"
    return ""


def resolve_names(m: Migration) -> Resolution:
    """The plan's indices under their own names, whatever the target has: to compare without a run.

    Reads only.

    Raises:
        PreconditionError: no index fits.
    """
    source, target = identity(m.source), identity(m.target)
    selection = select(catalog(m.source), m.plan.indices)
    if not selection.units:
        raise PreconditionError("no index on the source fits indices.include and indices.exclude")
    return Resolution(
        source=_record(m.source, source),
        target=_record(m.target, target),
        units=selection.units,
        left_out=selection.left_out,
        repository=m.repository,
        snapshot=m.snapshot,
    )
