"""What moves, and what about it the target could not take."""

from collections.abc import Iterator

from tasks import versions
from tasks.checks.check import Check, Finding, check, fail, failing, ok, shown, warn
from tasks.survey import Survey

_MOVING = "Tutorial: Migrating to Amazon OpenSearch Service"


@check("indices.selected", "the plan's patterns choose what they name", source="docs/plan.md")
def selected(survey: Survey) -> Finding:
    """Names that are not there, aliases taken for indices, nothing at all: FAIL."""
    problems = tuple(_selection_problems(survey))
    if problems:
        return fail(problems[0], "correct indices.include and indices.exclude", problems)
    selection = survey.selection
    loose = [pattern for pattern in selection.unmatched if "*" in pattern]
    if loose:
        return warn(
            f"indices.include: {shown(loose)} fits nothing on the source", "take it out, if it is no slip"
        )
    indices = sum(len(unit.indices) for unit in selection.units)
    return ok(f"{indices} indices move, {len(selection.left_out)} names are left out")


def _selection_problems(survey: Survey) -> Iterator[str]:
    selection, wanted = survey.selection, survey.plan.indices
    if not selection.units:
        yield "no index on the source fits indices.include and indices.exclude"
    aliases = survey.catalog("source").aliases
    for pattern in selection.unmatched:
        if pattern in aliases:
            yield f"indices.include: {pattern} is an alias; name its indices: {', '.join(aliases[pattern])}"
        elif "*" not in pattern:
            yield f"indices.include: the source has no index or data stream {pattern}"
    for left in selection.left_out:
        if left.reason == "changing":
            yield f"{left.name}: {left.detail}; run again"
        elif left.name in wanted.include and left.reason in {"closed", "system"}:
            why = "is closed; set indices.closed: move" if left.reason == "closed" else "is a system index"
            yield f"indices.include: {left.name} {why}, or take it out of the list"


@check("indices.created", "the target can hold indices of the versions that created them", source=_MOVING)
def created(survey: Survey) -> Finding:
    """An index keeps the version that created it, whatever its domain was upgraded to since."""
    target = survey.identity("target").version
    return failing(versions.index_problems(created_on(survey), target), f"{target} reads all of them")


def created_on(survey: Survey) -> list[tuple[str, int | None]]:
    """The selected indices, each with the `index.version.created` that its domain tells."""
    found = survey.catalog("source").indices
    moving = (index.name for unit in survey.selection.units for index in unit.indices)
    return [(name, found[name].created_id) for name in moving]


@check("indices.names", "names are free on the target, or the plan says what happens", source="docs/plan.md")
def names(survey: Survey) -> Finding:
    """Indices, aliases and data streams share one space of names."""
    problems = survey.decision.problems
    hint = ""
    if problems and survey.plan.conflicts.policy == "fail":
        hint = "remove them from the target, exclude them, or choose conflicts.policy: skip, rename or delete"
    taken = sum(bool(unit.conflict) for unit in survey.decision.units)
    policy = survey.plan.conflicts.policy
    return failing(problems, f"{taken} are taken: {policy}" if taken else "all are free", hint)


CHECKS: tuple[Check, ...] = (selected, created, names)
