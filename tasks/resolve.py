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
from tasks import conflicts, versions
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records import ClusterRecord, LeftOut, Resolution, Unit
from tasks.registration import is_readonly, place, registration, same_place
from tasks.selection import Selection, select

_SHOWN = 20  # indices named where a whole domain cannot be read


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
    look = _look(m)
    decision = conflicts.decide(
        look.selection.units,
        look.target_catalog,
        m.plan.conflicts,
        aliases=m.plan.restore.aliases,
        allowed=m.consents.delete,
    )
    problems = (
        *_selection_problems(m, look),
        *_existing_problems(m, look),
        *_repository_problems(m, look),
        *decision.problems,
    )
    if problems:
        raise PreconditionError("refused before anything was changed:", problems, _hint(m, decision.problems))
    resolution = _resolution(m, look, decision.units)
    if not resolution.moving:
        raise PreconditionError(
            "nothing to move: every selected index is already on the target, and the policy is skip"
        )
    return resolution


def _look(m: Migration) -> _Look:
    """Reads both sides.

    Raises:
        PreconditionError: they are one cluster, or the target reads no snapshot of the source.
    """
    source, target = identity(m.source), identity(m.target)
    if source.uuid == target.uuid:
        raise PreconditionError(
            "source and target are one cluster",
            (f"both answer with UUID {source.uuid}",),
            "correct the endpoints",
        )
    found = catalog(m.source)
    selection = select(found, m.plan.indices)
    problem = versions.engine_problem(source.version, target.version)
    if problem:
        indices = list(versions.creations(_created(found, selection)))
        more = (f"and {len(indices) - _SHOWN} more",) if len(indices) > _SHOWN else ()
        way = versions.way_out(source.version, target.version)
        raise PreconditionError(problem, (*indices[:_SHOWN], *more), way)
    return _Look(source, target, found, catalog(m.target), selection, bucket_region(m))


def _resolution(m: Migration, look: _Look, units: tuple[Unit, ...]) -> Resolution:
    return Resolution(
        source=_record(m.source, look.source),
        target=_record(m.target, look.target),
        units=units,
        left_out=(*look.selection.left_out, *_skipped(units)),
        repository=m.repository,
        snapshot=m.snapshot,
        notes=tuple(_notes(m, look, units)),
        bucket_region=look.bucket_region,
    )


def bucket_region(m: Migration) -> str | None:
    """The bucket's Region: the plan's, else looked up, else (unknown) the source's own."""
    repository = m.plan.repository
    if not isinstance(repository, S3Repository):
        return None
    if repository.region:
        return repository.region
    session = m.source.session if m.source.signed else m.target.session
    return aws.bucket_region(session, repository.bucket) or m.source.region or m.target.region


def _existing_problems(m: Migration, look: _Look) -> Iterator[str]:
    """Why the plan's existing snapshot does not do, where a domain can read it already."""
    name = m.plan.snapshot.existing
    if name is None:
        return
    for domain in (m.source, m.target):
        found = repositories.registered(domain, m.repository)
        if not found or not same_place(found, registration(m, domain.side, "plain", None)):
            continue
        info = snapshots.get(domain, m.repository, name)
        if info is None:
            yield f"repository {m.repository} has no snapshot {name}; check snapshot.existing"
            return
        if info.state not in {"SUCCESS", "PARTIAL"}:
            yield f"snapshot {name} ended as {info.state}; choose another one under snapshot.existing"
        held = set(info.indices)
        for unit in look.selection.units:
            if not held.issuperset(index.name for index in unit.indices):
                yield f"{unit.name}: not in snapshot {name}; exclude it, or take a new snapshot"
        return


def _selection_problems(m: Migration, look: _Look) -> Iterator[str]:
    selection = look.selection
    if not selection.units:
        yield "no index on the source fits indices.include and indices.exclude"
    aliases = look.source_catalog.aliases
    for pattern in selection.unmatched:
        if pattern in aliases:
            yield f"indices.include: {pattern} is an alias; name its indices: {', '.join(aliases[pattern])}"
        elif "*" not in pattern:
            yield f"indices.include: the source has no index or data stream {pattern}"
    for left in selection.left_out:
        if left.reason == "changing":
            yield f"{left.name}: {left.detail}; run again"
        elif left.name in m.plan.indices.include and left.reason in {"closed", "system"}:
            why = "is closed; set indices.closed: move" if left.reason == "closed" else "is a system index"
            yield f"indices.include: {left.name} {why}, or take it out of the list"
    created = _created(look.source_catalog, selection)
    yield from versions.index_problems(created, look.target.version)


def _created(found: Catalog, selection: Selection) -> list[tuple[str, int | None]]:
    """The selected indices, each with the version that created it."""
    moving = (index.name for unit in selection.units for index in unit.indices)
    return [(name, found.indices[name].created_id) for name in moving]


def _repository_problems(m: Migration, look: _Look) -> Iterator[str]:
    if m.plan.snapshot.allow_partial and not m.consents.partial:
        yield "snapshot.allow_partial needs the consent --allow-partial as well"
    for domain in (m.source, m.target):
        found = repositories.registered(domain, m.repository)
        if not found:
            continue
        if not same_place(found, registration(m, domain.side, "plain", look.bucket_region)):
            yield (
                f"repository {m.repository} is already registered on the {domain.side} for another place "
                f"({place(found)}); choose another repository.name"
            )
        elif domain.side == "source" and is_readonly(found):
            yield (
                f"repository {m.repository} is registered readonly on the source, so another domain may "
                "write there; choose another repository.base_path and name"
            )


def _registration_notes(m: Migration, look: _Look) -> Iterator[str]:
    """What becomes of registrations that are there already."""
    for domain in (m.source, m.target):
        for name, found in repositories.all_registered(domain).items():
            wanted = registration(m, domain.side, "plain", look.bucket_region)
            if not same_place(found, wanted):
                continue
            if domain.side == "target" and not is_readonly(found):
                what = (
                    "it will become readonly" if name == m.repository else "only the source may write there"
                )
                yield f"repository {name} is registered read-write on the target: {what}"
            elif name == m.repository:
                yield f"repository {name} is on the {domain.side} already; its settings become the plan's"


def _skipped(units: tuple[Unit, ...]) -> Iterator[LeftOut]:
    for unit in units:
        if unit.action == "skip":
            yield LeftOut(name=unit.name, reason="conflict", detail=f"the target already has {unit.conflict}")


def _notes(m: Migration, look: _Look, units: tuple[Unit, ...]) -> Iterator[str]:
    for pattern in look.selection.unmatched:
        if "*" in pattern:
            yield f"indices.include: {pattern} fits nothing on the source"
    for unit in units:
        if unit.action == "rename" and m.plan.restore.aliases and any(i.aliases for i in unit.indices):
            yield f"{unit.name}: renamed to {unit.target}, so its aliases are not restored"
        if unit.is_stream and unit.action != "skip":
            yield f"data stream {unit.name}: its index template does not come with it; make it on the target"
    yield from _registration_notes(m, look)


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
