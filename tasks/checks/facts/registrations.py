"""Facts about registrations of the plan's bucket and path on both sides, and about other writers there."""

from collections.abc import Iterator

from configs.plan import Side
from domains.http.json_replies import Json
from tasks.repository.bodies import is_readonly, registration, same_place
from tasks.survey import Survey


def leads_to_the_plan(survey: Survey, side: Side, found: Json) -> bool:
    """Whether a registration leads to the plan's bucket and path, whatever its Region."""
    return same_place(found, registration(survey.plan, survey.domain(side), "plain", None))


def at_the_plans_place(survey: Survey, side: Side) -> dict[str, Json]:
    """Return the side's registrations that lead to the plan's bucket and path, under any name."""
    found = survey.registrations(side)
    return {name: each for name, each in found.items() if leads_to_the_plan(survey, side, each)}


def other_writers(survey: Survey) -> tuple[str, ...]:
    """List other registrations that can write to the plan's place, one line each.

    A second name on the source itself counts too: each name keeps its own generation count of the repository
    and treats the other's writes as corruption.
    """
    return tuple(_other_writers(survey))


def _other_writers(survey: Survey) -> Iterator[str]:
    own = survey.plan.repository.name
    for side in survey.sides:
        for name, found in at_the_plans_place(survey, side).items():
            if name != own and not is_readonly(found):
                yield f"repository {name} on the {side} leads to the same place, and can write"
            elif name == own and side == "source" and is_readonly(found):
                said = f"repository {own} is registered readonly on the source"
                yield f"{said}, so another domain may write there; choose another repository.base_path"
