"""Checks of safety: writers to the repository, the plan's existing snapshot, and required consents."""

from collections.abc import Iterable, Iterator

from domains.domain import Side
from domains.engine import snapshots
from domains.engine.snapshots import SnapshotInfo
from domains.errors import DomainError
from tasks.checks.check import Finding, check, fail, failing, ok, shown, side_check, skip, unknown, warn
from tasks.checks.facts.registrations import at_the_plans_place, leads_to_the_plan, other_writers
from tasks.errors import PreconditionError
from tasks.records.resolution import AliasSwitch, Unit
from tasks.repository.bodies import is_readonly, place
from tasks.selection.snapshot_record import NoSuchSnapshot
from tasks.selection.strategy import by_strategy
from tasks.survey import Survey

_GUIDE = "Creating index snapshots in Amazon OpenSearch Service: only one domain writes to a repository"


@side_check("safety.repository", "the repository's name is free, or leads to the plan's place", source=_GUIDE)
def repository(survey: Survey, side: Side) -> Finding:
    """A registration of this name for another bucket or path belongs to others and is never changed."""
    found, name = survey.registration(side), survey.plan.repository.name
    if found is None:
        return ok(f"repository {name} is not registered yet")
    if leads_to_the_plan(survey, side, found):
        return ok(f"repository {name} is registered for the plan's place")
    said = f"repository {name} is already registered on the {side} for another place ({place(found)})"
    return failing([said], "", "choose another repository.name, or that place under repository")


@check("safety.writer", "the source is the only one that writes to the repository", source=_GUIDE)
def writer(survey: Survey) -> Finding:
    """Two writers see different lists of snapshots and damage each other's."""
    if "source" not in survey.sides:
        return skip("nothing is written: the plan's source is a snapshot")
    problems = other_writers(survey)
    if problems:
        return failing(problems, "", _ALONE)
    own = survey.plan.repository.name
    readers = [name for name in at_the_plans_place(survey, "source") if name != own]
    if readers:
        said = f"the source has the plan's place registered readonly as {shown(readers)}"
        return warn(f"{said}, so another domain may write there", _ALONE)
    return ok("no other registration of the plan's place can write")


_ALONE = (
    "remove that registration (its snapshots stay), take its name as repository.name if it is the "
    "migration's own, or choose another repository.base_path"
)


@check("safety.readonly", "the target only reads the repository", source=_GUIDE)
def readonly(survey: Survey) -> Finding:
    """The migration makes the plan's own registration readonly; others are checked by safety.writer."""
    name = survey.plan.repository.name
    found = at_the_plans_place(survey, "target").get(name)
    if found is None or is_readonly(found):
        return ok("the target has no registration of that name that could write there")
    return warn(
        f"repository {name} is registered read-write on the target: it will become readonly",
        "register it readonly yourself, if the target has something to write there: then choose another path",
    )


@check("safety.snapshot", "the plan's existing snapshot holds what moves", source="docs/plan.md")
def snapshot(survey: Survey) -> Finding:
    """Read on the first side that can already read it."""
    name = survey.plan.existing_snapshot
    if name is None:
        return skip("the migration takes a snapshot of its own")
    if "source" not in survey.sides:
        return _judged_source(survey, name)
    for side in survey.sides:
        found = survey.registration(side)
        if found and leads_to_the_plan(survey, side, found):
            return _judged(survey, _existing(survey, side, name), name)
        if found:
            return skip(f"see safety.repository of the {side}")
    repository = survey.plan.repository.name
    hint = f"register {repository} on the source, for this bucket and path, to have {name} checked now"
    return unknown(f"no side has repository {repository} yet, so {name} was not checked", hint)


def _existing(survey: Survey, side: Side, name: str) -> SnapshotInfo | None:
    domain, repository = survey.domain(side), survey.plan.repository.name
    return survey.once(("snapshot", side), lambda: snapshots.get(domain, repository, name))


def existing_uuid(survey: Survey) -> str | None:
    """Return the UUID of the plan's existing snapshot; None without one, or if no domain can read it yet."""
    name = survey.plan.existing_snapshot
    if name is None:
        return None
    if "source" not in survey.sides:
        try:
            return survey.snapshot.uuid
        except (DomainError, PreconditionError):  # safety.snapshot reports it
            return None
    for side in survey.sides:
        registered = survey.registration(side)
        if registered and leads_to_the_plan(survey, side, registered):
            try:
                found = _existing(survey, side, name)
            except DomainError:  # safety.snapshot reports it
                return None
            return found.uuid if found else None
    return None


def _judged_source(survey: Survey, name: str) -> Finding:
    """Judge the snapshot that is the plan's source, which the target must be able to read."""
    try:
        return _judged(survey, survey.snapshot, name)
    except NoSuchSnapshot as error:
        return fail(error.message, error.hint)


def _judged(survey: Survey, found: SnapshotInfo | None, name: str) -> Finding:
    if found is None:
        repository = survey.plan.repository.name
        said = f"repository {repository} has no snapshot {name}; check {survey.plan.snapshot_key}"
        return failing([said], "", f"GET _snapshot/{repository}/_all?verbose=false lists those it has")
    problems = tuple(_problems(survey, found))
    if problems:
        otherwise = ", or remove it to take a new snapshot" if "source" in survey.sides else ""
        return failing(problems, "", f"choose another {survey.plan.snapshot_key}{otherwise}")
    if found.running:
        return warn(f"snapshot {name} is still being taken", "the migration waits for its end")
    return ok(f"snapshot {name} ({found.state}) holds everything")


def _problems(survey: Survey, found: SnapshotInfo) -> Iterator[str]:
    partial = survey.plan.snapshot.allow_partial
    if found.state not in {"SUCCESS", "IN_PROGRESS"} and not (found.state == "PARTIAL" and partial):
        why = f" ({found.failures[0]})" if found.failures else ""
        said = f"snapshot {found.name} ended as {found.state}{why}"
        yield f"{said}; choose another one under {survey.plan.snapshot_key}"
    held, streams = set(found.indices), set(found.data_streams)
    for unit in by_strategy(survey.decision.units, survey.reindexed)[0]:
        if unit.action == "skip":
            continue
        complete = held.issuperset(index.name for index in unit.indices)
        if not complete or (unit.is_stream and unit.name not in streams):
            yield f"{unit.name}: not in snapshot {found.name}; exclude it, or take a new snapshot"


@check("safety.consents", "the consents that the run will need", source="docs/runs.md", decisive=False)
def consents(survey: Survey) -> Finding:
    """Each risk has its own consent; `migrate --execute` refuses to run without them."""
    needed = list(consents_needed(survey))
    missing = [option for option in needed if option not in consents_given(survey)]
    if missing:
        return warn("migrate --execute will need " + " ".join(missing), "give them when you run it")
    return ok(("given: " + " ".join(needed)) if needed else "none is needed")


def consents_needed(survey: Survey) -> Iterator[str]:
    """Yield the command's options that are needed, one per risk."""
    if survey.plan.snapshot.allow_partial:
        yield "--allow-partial"
    deleted = [*survey.decision.units, *survey.decision.switches]
    for name in dict.fromkeys(name for each in deleted for name in _deletes(each)):
        yield f"--allow-delete {name}"


def _deletes(decided: Unit | AliasSwitch) -> Iterable[str]:
    return decided.takes if isinstance(decided, Unit) else decided.deletes


def consents_given(survey: Survey) -> set[str]:
    """Return the same options for the consents that the user gave."""
    given = {f"--allow-delete {name}" for name in survey.given.allow_delete}
    return given | ({"--allow-partial"} if survey.given.allow_partial else set())
