"""Looking at everything that can refuse, before anything is changed.

Who the domains are, what moves, and what is in the way.
"""

from collections.abc import Iterable, Iterator

from domains.domain import Domain, Side
from domains.engine.cluster import ClusterIdentity
from tasks.checks.facts.registrations import leads_to_the_plan
from tasks.checks.indices.indices import created_on
from tasks.checks.registry import FIRST, THEN, deciding
from tasks.checks.run import run_checks
from tasks.checks.safety import consents_given, consents_needed
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.records.checks import CheckRecord
from tasks.records.resolution import ClusterRecord, LeftOut, LeftOutReason, Resolution, Unit
from tasks.repository.bodies import is_readonly
from tasks.selection import compatibility
from tasks.survey import SIDES, Survey

_SHOWN = 20  # indices named where a whole domain cannot be read


def resolve(m: Migration, survey: Survey | None = None) -> Resolution:
    """The migration decided in full: which indices, under which names; nothing refuses it. Reads only.

    Args:
        survey: what has been looked at; a fresh look without it.

    Raises:
        PreconditionError: with every reason at once.
        DomainError, AwsError: a domain or the account could not be looked at.
    """
    look = survey or Survey.of(m)
    _require_readable(look)
    first, then = (deciding(checks, m.plan.checks) for checks in (FIRST, THEN))
    records = run_checks(look, first, then)
    failed = [record for record in records if record.status == "FAIL"]
    problems = (*map(_problem, failed), *_missing_consents(look))
    if problems:
        raise PreconditionError(_refused(m), problems)
    return resolution_of(m, look, records)


def _refused(m: Migration) -> str:
    if m.journal.changed_something:  # as repositories are registered before the first gate
        return f"refused, after run {m.journal.run_id} has changed something (its report lists what):"
    return "refused before anything was changed:"


def require_moving(resolution: Resolution) -> None:
    """Raises PreconditionError when nothing is left to move: moving nothing proves nothing."""
    if not resolution.moving:
        raise PreconditionError(
            "nothing to move: every selected index is already on the target, and the policy is skip",
            hint="to move them all the same, choose rename or delete as conflicts.policy",
        )


def _require_readable(look: Survey) -> None:
    """What everything else rests on: two clusters, both readable, and the target can read the source's data.

    Raises:
        PreconditionError: they are one cluster, or the target reads no snapshot of the source.
    """
    source, target = look.identity("source"), look.identity("target")
    if source.uuid == target.uuid:
        raise PreconditionError(
            "source and target are one cluster",
            (f"both answer with UUID {source.uuid}",),
            "correct the endpoints",
        )
    look.catalog("source")
    problem = compatibility.engine_problem(source.version, target.version)
    if problem:
        indices = list(compatibility.creations(created_on(look)))
        more = (f"and {len(indices) - _SHOWN} more",) if len(indices) > _SHOWN else ()
        way = compatibility.way_out(source.version, target.version)
        raise PreconditionError(problem, (*indices[:_SHOWN], *more), way)
    look.catalog("target")
    look.registrations("source")
    look.registrations("target")


def _problem(record: CheckRecord) -> str:
    """A failed check: what was found, the names where there are many, and what to do."""
    items = record.items if len(record.items) > 1 else ()
    more = (*(f"  {item}" for item in items), *([f"next: {record.hint}"] if record.hint else []))
    return "\n".join([_line(record), *(f"    {line}" for line in more)])


def _line(record: CheckRecord) -> str:
    where = f" ({record.side})" if record.side else ""
    return f"{record.id}{where}: {record.detail}"


def _missing_consents(look: Survey) -> Iterator[str]:
    """Deletions without consent are the conflict policy's to name."""
    for option in consents_needed(look):
        if option not in consents_given(look):
            yield f"the plan needs the consent {option} as well"


def resolution_of(m: Migration, look: Survey, records: Iterable[CheckRecord] = ()) -> Resolution:
    """What was decided, as a record; the units that the target could not take are not in it.

    Args:
        records: the checks that have decided; what they could not tell is noted.
    """
    units = look.decision.units
    return Resolution(
        source=_record(look.domain("source"), look.identity("source")),
        target=_record(look.domain("target"), look.identity("target")),
        units=units,
        left_out=(*look.selection.left_out, *_skipped(units)),
        repository=m.repository,
        snapshot=m.snapshot,
        notes=(*_notes(look, units), *map(_line, filter(_could_not_tell, records))),
        bucket_region=look.bucket_region,
    )


def _could_not_tell(record: CheckRecord) -> bool:
    return record.unknown and record.status == "WARN"


def _skipped(units: tuple[Unit, ...]) -> Iterator[LeftOut]:
    for unit in units:
        if unit.action == "skip":
            detail = f"the target already has {unit.conflict}"
            yield LeftOut(name=unit.name, reason=LeftOutReason.CONFLICT, detail=detail)


def _notes(look: Survey, units: tuple[Unit, ...]) -> Iterator[str]:
    for pattern in look.selection.unmatched:
        if "*" in pattern:
            yield f"indices.include: {pattern} fits nothing on the source"
    for unit in units:
        if unit.action == "rename" and look.plan.restore.aliases and any(i.aliases for i in unit.indices):
            yield f"{unit.name}: renamed to {unit.target}, so its aliases are not restored"
        if unit.is_stream and unit.action != "skip":
            yield f"data stream {unit.name}: its index template does not come with it; make it on the target"
    for side in SIDES:
        yield from _registration_notes(look, side)


def _registration_notes(look: Survey, side: Side) -> Iterator[str]:
    """What becomes of registrations that are there already."""
    own = look.plan.repository.name
    for name, found in look.registrations(side).items():
        if not leads_to_the_plan(look, side, found):
            continue
        if side == "target" and name == own and not is_readonly(found):
            yield f"repository {name} is registered read-write on the target: it will become readonly"
        elif name == own:
            yield f"repository {name} is on the {side} already; its settings become the plan's"


def _record(domain: Domain, who: ClusterIdentity) -> ClusterRecord:
    return ClusterRecord(
        endpoint=domain.endpoint,
        region=domain.region,
        cluster_uuid=who.uuid,
        cluster_name=who.name,
        version=str(who.version),
    )


def resolve_names(m: Migration) -> Resolution:
    """The plan's indices under their own names, whatever the target has: to compare without a run.

    Reads only.

    Raises:
        PreconditionError: no index fits.
    """
    look = Survey.of(m)
    if not look.selection.units:
        raise PreconditionError(
            "no index on the source fits indices.include and indices.exclude",
            hint="correct these patterns in the plan",
        )
    return Resolution(
        source=_record(m.source, look.identity("source")),
        target=_record(m.target, look.identity("target")),
        units=look.selection.units,
        left_out=look.selection.left_out,
        repository=m.repository,
        snapshot=m.snapshot,
    )
