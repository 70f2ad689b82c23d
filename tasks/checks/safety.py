"""Who writes where: the repository on both sides, the plan's existing snapshot, and the consents needed."""

from collections.abc import Iterator

from domains import snapshots
from domains.domain import Side
from domains.replies import Json
from tasks.checks.check import Check, Finding, check, failing, ok, side_check, skip, unknown, warn
from tasks.registration import is_readonly, place, registration, same_place
from tasks.survey import SIDES, Survey

_GUIDE = "Creating index snapshots in Amazon OpenSearch Service: only one domain writes to a repository"


@side_check("safety.repository", "the repository's name is free, or leads to the plan's place", source=_GUIDE)
def repository(survey: Survey, side: Side) -> Finding:
    """A registration of the same name for another bucket or path is somebody's: it is never changed."""
    found, name = survey.registration(side), survey.plan.repository.name
    if found is None:
        return ok(f"repository {name} is not registered yet")
    if leads_to_the_plan(survey, side, found):
        return ok(f"repository {name} is registered for the plan's place")
    said = f"repository {name} is already registered on the {side} for another place ({place(found)})"
    return failing([f"{said}; choose another repository.name"], "")


def leads_to_the_plan(survey: Survey, side: Side, found: Json) -> bool:
    """Whether a registration leads to the plan's bucket and path."""
    wanted = registration(survey.plan, survey.domain(side), "plain", survey.bucket_region)
    return same_place(found, wanted)


@check("safety.writer", "the source is the only one that writes to the repository", source=_GUIDE)
def writer(survey: Survey) -> Finding:
    """Two writers see different lists of snapshots, and damage each other's."""
    return failing(_other_writers(survey), "no other registration of the plan's place can write")


def _other_writers(survey: Survey) -> Iterator[str]:
    name = survey.plan.repository.name
    found = survey.registration("source")
    if found and leads_to_the_plan(survey, "source", found) and is_readonly(found):
        yield (
            f"repository {name} is registered readonly on the source, so another domain may write there; "
            "choose another repository.base_path and name"
        )


@check("safety.readonly", "the target only reads the repository", source=_GUIDE)
def readonly(survey: Survey) -> Finding:
    """The plan's own registration is made readonly by the migration; another one is not touched."""
    writable = [
        name
        for name, found in survey.registrations("target").items()
        if leads_to_the_plan(survey, "target", found) and not is_readonly(found)
    ]
    if not writable:
        return ok("the target has no registration that could write there")
    own = survey.plan.repository.name
    said = "; ".join(
        f"repository {name} is registered read-write on the target: "
        + ("it will become readonly" if name == own else "only the source may write there")
        for name in writable
    )
    return warn(said, "register it readonly, or remove it")


@check("safety.snapshot", "the plan's existing snapshot holds what moves", source="docs/plan.md")
def snapshot(survey: Survey) -> Finding:
    """Looked at on the first side that can read it already."""
    name = survey.plan.snapshot.existing
    if name is None:
        return skip("the migration takes a snapshot of its own")
    for side in SIDES:
        found = survey.registration(side)
        if found and leads_to_the_plan(survey, side, found):
            return failing(_snapshot_problems(survey, side, name), f"snapshot {name} holds everything")
    return unknown(f"no side has repository {survey.plan.repository.name} yet, so {name} was not looked at")


def _snapshot_problems(survey: Survey, side: Side, name: str) -> Iterator[str]:
    info = snapshots.get(survey.domain(side), survey.plan.repository.name, name)
    if info is None:
        yield f"repository {survey.plan.repository.name} has no snapshot {name}; check snapshot.existing"
        return
    if info.state not in {"SUCCESS", "PARTIAL"}:
        yield f"snapshot {name} ended as {info.state}; choose another one under snapshot.existing"
    held = set(info.indices)
    for unit in survey.selection.units:
        if not held.issuperset(index.name for index in unit.indices):
            yield f"{unit.name}: not in snapshot {name}; exclude it, or take a new snapshot"


@check("safety.consents", "the consents that the run will need", source="docs/runs.md", decisive=False)
def consents(survey: Survey) -> Finding:
    """Each risk has its own; `migrate --execute` refuses without them."""
    needed = list(consents_needed(survey))
    missing = [option for option in needed if option not in consents_given(survey)]
    if missing:
        return warn("migrate --execute will need " + " ".join(missing), "give them when you run it")
    return ok(("given: " + " ".join(needed)) if needed else "none is needed")


def consents_needed(survey: Survey) -> Iterator[str]:
    """Options of the command, each one risk."""
    if survey.plan.snapshot.allow_partial:
        yield "--allow-partial"
    for name in dict.fromkeys(name for unit in survey.decision.units for name in unit.takes):
        yield f"--allow-delete {name}"


def consents_given(survey: Survey) -> set[str]:
    """The same for what the user has consented to."""
    given = {f"--allow-delete {name}" for name in survey.given.delete}
    return given | ({"--allow-partial"} if survey.given.partial else set())


CHECKS: tuple[Check, ...] = (repository, writer, readonly, snapshot, consents)
