"""Resolve a migration: which domains, what moves, what is in the way. Refuses before anything is changed."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from configs.values.visible import visible
from domains.domain import Domain, Side
from domains.engine.cluster import ClusterIdentity
from runs.commands import with_options
from tasks.checks.facts.registrations import leads_to_the_plan
from tasks.checks.indices.indices import created_on
from tasks.checks.registry import FIRST, THEN, deciding
from tasks.checks.run import run_checks
from tasks.checks.safety import consents_given, consents_needed
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.queries.in_verification import problem_of_file
from tasks.records.checks import CheckRecord
from tasks.records.resolution import (
    ClusterRecord,
    LeftOut,
    LeftOutReason,
    Resolution,
    SnapshotOrigin,
    Unit,
)
from tasks.repository.bodies import is_readonly
from tasks.selection import compatibility
from tasks.selection.strategy import by_strategy
from tasks.survey import Survey

_SETTINGS = "indices.settings"
_TO_REGISTER = ("safety.repository", "domains.blocks")
_SHOWN = 20  # indices to name when a whole domain cannot be read

_NEEDS = "needs --allow-"
_CORRECT_FILE = "correct the file or queries.from, then run the same command again"
_CHECK_AGAIN = "fix these, then run the same command again; `snapferry check PLAN` checks everything"


def resolve(m: Migration, survey: Survey | None = None) -> Resolution:
    """Decide the migration in full: which indices, under which names. Reads only.

    Args:
        survey: what has been read of the domains already; a fresh one by default.

    Raises:
        PreconditionError: it is refused, with every reason at once.
        DomainError, AwsError: a domain or the account could not be read.
    """
    survey = survey or Survey.of(m)
    _require_readable(survey)
    first, then = (deciding(checks, m.plan.checks) for checks in (FIRST, THEN))
    records = run_checks(survey, first, then)
    failed = [record for record in records if record.status == "FAIL"]
    unusable = problem_of_file(m.plan)
    problems = (*map(_problem, failed), *_missing_consents(survey), *filter(None, [unusable]))
    if problems:
        hint = _CORRECT_FILE if unusable else _consent(survey, failed) or _CHECK_AGAIN
        raise PreconditionError(_refusal(m), problems, hint)
    return resolution_of(m, survey, records)


def _consent(survey: Survey, failed: Iterable[CheckRecord]) -> str:
    """How to consent, if nothing else is missing; empty otherwise."""
    if not all(_NEEDS in said for record in failed for said in record.items or (record.detail,)):
        return ""
    given, taken = consents_given(survey), survey.catalog("target")
    needed = dict.fromkeys(consents_needed(survey))
    for name in survey.plan.conflicts.delete:
        if name in taken.indices or name in taken.streams:
            needed[f"--allow-delete {name}"] = None
    again = with_options(*(word for each in needed if each not in given for word in each.split(" ", 1)))
    return f"if that is what you want: `{again}`" if again else "if that is what you want, consent to it"


def _refusal(m: Migration) -> str:
    if m.journal.changed_something:  # for example repositories, which are registered before the first gate
        return f"refused, after run {m.journal.run_id} has changed something (its report lists what):"
    return "refused before anything was changed:"


def require_moving(resolution: Resolution) -> None:
    """Raise PreconditionError if nothing is left to move: moving nothing proves nothing."""
    if not resolution.moving and not resolution.reindexed:
        raise PreconditionError(
            "nothing to move: every selected index is already on the target, and the policy is skip",
            hint="to move them all the same, choose rename or delete as conflicts.policy",
        )


def require_round(m: Migration, resolution: Resolution) -> None:
    """Raise PreconditionError unless a seed round or a cutover can move all of this: by snapshots alone."""
    require_moving(resolution)
    if resolution.reindexed:
        names = [unit.name for unit in resolution.reindexed]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise PreconditionError(
            f"{names[0]}{more} would be reindexed, and seed rounds and cutovers copy by snapshots alone",
            hint="exclude what is reindexed, and migrate it with a plan of its own",
        )
    if m.plan.conflicts.then != "none":
        raise PreconditionError(
            f"conflicts.then: {m.plan.conflicts.then} is for migrate: a cutover sets aliases when it opens",
            hint="remove conflicts.then from the plan, or migrate with it",
        )


def _require_readable(survey: Survey) -> None:
    """Check the basics: two different clusters, both readable, and a target that can read the source's data.

    Raises:
        PreconditionError: they are one cluster, or the target cannot read the source's snapshots.
    """
    _require_two_clusters(survey)
    if "source" not in survey.sides:
        survey.snapshot  # noqa: B018  its own error says what is in the way
    survey.catalog("source")
    source, target = survey.version("source"), survey.identity("target").version
    problem = compatibility.engine_problem(source, target) if source else None
    if source and problem and not _all_are_reindexed(survey):
        indices = list(compatibility.creations(created_on(survey)))
        more = (f"and {len(indices) - _SHOWN} more",) if len(indices) > _SHOWN else ()
        raise PreconditionError(problem, (*indices[:_SHOWN], *more), compatibility.way_out(source, target))
    survey.catalog("target")
    for side in survey.sides:
        survey.registrations(side)


def _require_two_clusters(survey: Survey) -> None:
    uuids = {survey.identity(side).uuid for side in survey.sides}
    if len(uuids) < len(survey.sides):
        raise PreconditionError(
            "source and target are one cluster",
            (f"both answer with UUID {uuids.pop()}",),
            "correct the endpoints",
        )


def require_registrable(m: Migration) -> None:
    """Confirm that nothing is in the way of registering on the target, before its snapshots can be read.

    Reads only.

    Raises:
        PreconditionError: the name belongs to another place there, or the target refuses changes.
        DomainError: the target could not be read.
    """
    records = run_checks(Survey.of(m), FIRST, tuple(each for each in THEN if each.id in _TO_REGISTER))
    problems = tuple(_problem(record) for record in records if record.status == "FAIL")
    if problems:
        raise PreconditionError(_refusal(m), problems, _CHECK_AGAIN)


def _all_are_reindexed(survey: Survey) -> bool:
    return all(unit.name in survey.reindexed for unit in survey.selection.units)


def _problem(record: CheckRecord) -> str:
    """A failed check as text: what was found, the names if there are many, and what to do."""
    items = record.items if len(record.items) > 1 else ()
    more = (*(f"  {item}" for item in items), *([f"next: {record.hint}"] if record.hint else []))
    return "\n".join([visible(_line(record)), *(f"    {visible(line)}" for line in more)])


def _line(record: CheckRecord) -> str:
    where = f" ({record.side})" if record.side else ""
    return f"{record.id}{where}: {record.detail}"


def _missing_consents(survey: Survey) -> Iterator[str]:
    """Name the missing consents; the conflict policy itself names deletions without consent."""
    for option in consents_needed(survey):
        if option not in consents_given(survey):
            yield f"the plan also needs the consent {option}"


def resolution_of(m: Migration, survey: Survey, records: Iterable[CheckRecord] = ()) -> Resolution:
    """The decision as a record, without the units that the target could not take.

    Args:
        records: the checks that decided; what they could not determine becomes a note.
    """
    decision = survey.decision
    units = decision.units
    restored, reindexed = by_strategy(units, survey.reindexed)
    registered: set[Side] = {intent.side for intent in m.journal.intents("register")}
    return Resolution(
        source=_source(survey),
        target=as_record(survey.domain("target"), survey.identity("target")),
        units=restored,
        reindexed=reindexed,
        switches=decision.switches,
        merges=decision.merges,
        left_out=(*survey.selection.left_out, *_skipped(units)),
        repository=m.repository,
        snapshot=m.snapshot,
        notes=(*_notes(survey, units, registered), *map(_line, filter(_is_noted, records))),
        bucket_region=survey.bucket_region,
        origin=_origin(survey),
    )


def _source(survey: Survey) -> ClusterRecord | None:
    return as_record(survey.domain("source"), survey.identity("source")) if "source" in survey.sides else None


def _origin(survey: Survey) -> SnapshotOrigin | None:
    """The snapshot that is the source; None where the source is a domain."""
    if "source" in survey.sides:
        return None
    found, took = survey.snapshot, survey.version("source")
    return SnapshotOrigin(
        repository=survey.plan.repository.name,
        name=found.name,
        uuid=found.uuid,
        state=found.state,
        version=str(took) if took else None,
        started=datetime.fromtimestamp(found.started_ms / 1000, UTC),
        ended=datetime.fromtimestamp(found.ended_ms / 1000, UTC),
        run=found.run,
        indices=len(found.indices),
        shards_total=found.shards_total,
        shards_failed=found.shards_failed,
    )


def _is_noted(record: CheckRecord) -> bool:
    """Whether plan and report note it: what could not be told, and which settings stay behind."""
    return record.status == "WARN" and (record.unknown or record.id == _SETTINGS)


def _skipped(units: tuple[Unit, ...]) -> Iterator[LeftOut]:
    for unit in units:
        if unit.action == "skip":
            detail = f"the target already has {unit.conflict}"
            yield LeftOut(name=unit.name, reason=LeftOutReason.CONFLICT, detail=detail)


def _notes(survey: Survey, units: tuple[Unit, ...], registered: set[Side]) -> Iterator[str]:
    for pattern in survey.selection.unmatched:
        if "*" in pattern:
            yield f"indices.include: {pattern} matches nothing {survey.where}"
    for unit in units:
        switched = survey.plan.conflicts.then == "alias"
        aliases = survey.plan.restore.aliases and any(i.aliases for i in unit.indices)
        if unit.action == "rename" and aliases and not switched:
            yield f"{unit.name}: renamed to {unit.target}, so its aliases are not restored"
        if unit.is_stream and unit.action != "skip":
            yield f"data stream {unit.name}: its index template is not moved; create it on the target"
    for side in survey.sides:
        if side not in registered:
            yield from _registration_notes(survey, side)


def _registration_notes(survey: Survey, side: Side) -> Iterator[str]:
    """Say what happens to registrations that exist already."""
    own = survey.plan.repository.name
    for name, found in survey.registrations(side).items():
        if not leads_to_the_plan(survey, side, found):
            continue
        if side == "target" and name == own and not is_readonly(found):
            yield f"repository {name} is registered read-write on the target: it will become readonly"
        elif name == own:
            yield f"repository {name} already exists on the {side}; it will get the plan's settings"


def as_record(domain: Domain, identity: ClusterIdentity) -> ClusterRecord:
    """A cluster that answered, as a record."""
    return ClusterRecord(
        endpoint=domain.endpoint,
        region=domain.region,
        cluster_uuid=identity.uuid,
        cluster_name=identity.name,
        version=str(identity.version),
    )


def resolve_names(m: Migration) -> Resolution:
    """The plan's indices under their own names, whatever the target has: for comparing without a run.

    Reads only.

    Raises:
        PreconditionError: no index matches.
    """
    survey = Survey.of(m)
    if not survey.selection.units:
        raise PreconditionError(
            f"no index {survey.where} matches indices.include and indices.exclude",
            hint="correct these patterns in the plan",
        )
    restored, reindexed = by_strategy(survey.selection.units, survey.reindexed)
    return Resolution(
        source=_source(survey),
        target=as_record(m.target, survey.identity("target")),
        units=restored,
        reindexed=reindexed,
        left_out=survey.selection.left_out,
        repository=m.repository,
        snapshot=m.snapshot,
        origin=_origin(survey),
    )
