"""A rehearsal: the plan's migration under other names, for some or all of its indices. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import ValidationError

from configs.plan import ConflictSettings, DomainSettings, IndexSelection, Plan
from domains.engine.catalog import Catalog
from runs.journal import Journal
from tasks.errors import PreconditionError
from tasks.migration import Consents
from tasks.records.rehearsal import Rehearsal
from tasks.records.resolution import LeftOutReason, Resolution, Unit
from tasks.selection.conflicts import Decision, clashes, renamed
from tasks.selection.select import Selection, matches


def settings_of(journal: Journal) -> Rehearsal:
    """How the plan is rehearsed in this run."""
    return journal.document.part(Rehearsal, journal.document.rehearsal, "the rehearsal")


def with_shadow(plan: Plan, shadow: str | None) -> Plan:
    """The plan with a third domain in place of the target, whose Region and login it keeps.

    Raises:
        ValueError: it is not a domain's name or endpoint, or cannot be the target of this plan.
    """
    if shadow is None:
        return plan
    target = plan.model_dump(mode="json")["target"]
    address = (
        {"endpoint": shadow, "domain": None} if "://" in shadow else {"domain": shadow, "endpoint": None}
    )
    values = {**target, **address, "connect_to": None}
    if "://" in shadow and plan.target.is_managed:
        values["region"] = None  # read from the host name
    try:
        changed = plan.model_copy(update={"target": DomainSettings.model_validate(values)})
        return Plan.model_validate(changed.model_dump())
    except ValidationError as error:
        raise ValueError(
            "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())
        ) from None


def select_units(units: Sequence[Unit], only: Sequence[str]) -> tuple[Unit, ...]:
    """The units to rehearse with.

    Raises:
        PreconditionError: a pattern matches none of them.
    """
    if not only:
        return tuple(units)
    unmatched = [pattern for pattern in only if not any(matches(unit.name, [pattern]) for unit in units)]
    if unmatched:
        raise PreconditionError(
            f"--only {unmatched[0]} matches none of the indices that the plan moves",
            hint="`snapferry plan PLAN` lists them",
        )
    return tuple(unit for unit in units if matches(unit.name, only))


def rehearsal_plan(plan: Plan, names: Iterable[str], prefix: str) -> Plan:
    """The rehearsal's plan: the same but for these names, each with the prefix, no aliases and no gates."""
    return plan.model_copy(
        update={
            "indices": IndexSelection(include=list(names), exclude=[], closed=plan.indices.closed),
            "conflicts": ConflictSettings(policy="rename", prefix=prefix),
            "restore": plan.restore.model_copy(update={"aliases": False}),
            "gates": {},
        }
    )


def left_out_of_plan(resolution: Resolution, real: Selection) -> Resolution:
    """The rehearsal's resolution, with the reasons for which the plan itself leaves names out.

    The rehearsal includes exactly the names that it moves, so for it everything else is not included.
    """
    reasons = {item.name: item for item in real.left_out}
    left = (
        reasons.get(item.name) or item.model_copy(update={"reason": LeftOutReason.NOT_REHEARSED})
        for item in resolution.left_out
    )
    return resolution.model_copy(update={"left_out": tuple(left)})


def rename_all(units: Sequence[Unit], target: Catalog, plan: Plan, consents: Consents) -> Decision:
    """Give every unit its prefixed name, whether or not its own name is taken."""
    decided: list[Unit] = []
    problems: list[str] = []
    for unit in units:
        outcome = renamed(unit, target, plan.conflicts, "")
        if isinstance(outcome, Unit):
            decided.append(outcome)
            problems += _unprefixed_indices(outcome)
        else:
            problems += outcome
    return Decision(tuple(decided), (*problems, *clashes(decided, aliases=False)))


def _unprefixed_indices(unit: Unit) -> Iterator[str]:
    """Report backing indices that cannot take the prefix, not being named after their data stream."""
    for index in unit.indices:
        if index.target == index.name:
            problem = f"its index {index.name} would keep its own name on the target"
            yield f"{unit.name}: {problem}, as it is not named like a backing index; leave it out with --only"
