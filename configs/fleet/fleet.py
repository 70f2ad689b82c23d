"""The fleet file: which plans are run, in which order, and what bounds them."""

from collections.abc import Iterator
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from configs.base import Conflict, Settings
from configs.fleet.calendar import Blackout
from configs.state import State
from configs.values.cron import check_timezone
from configs.values.durations import Duration, PositiveDuration
from configs.values.names import NAME_PATTERN, check_plan_name

FleetVerb = Literal["migrate", "rehearse", "seed", "follow", "cutover"]
"""Verbs that a fleet runs; a way back is decided by people, plan by plan."""
ALL_OTHERS = "*"
Name = Annotated[str, AfterValidator(check_plan_name)]


def _check_file(value: str) -> str:
    if not value.strip():
        raise ValueError("this is empty; give the path of a plan")
    return value


class FleetPlan(Settings):
    """One plan of the fleet, and what is done with it."""

    plan: Annotated[str, AfterValidator(_check_file)] = Field(
        title="Plan",
        description="The plan's file; a relative path is relative to the fleet file.",
        examples=["plans/orders.yaml"],
    )
    name: Name | None = Field(
        default=None,
        title="Name",
        description="What the fleet calls it, if a plan is listed twice. Default: the plan's own name.",
        json_schema_extra={"type": "string", "pattern": NAME_PATTERN},
    )
    verb: FleetVerb = Field(
        default="migrate",
        title="Verb",
        description="What is done: migrate, rehearse, seed, follow (until a cutover may begin) or cutover.",
    )
    after: list[str] = Field(
        default=[],
        title="After",
        description="Names of the fleet that must be done, and verified, before this one starts.",
        examples=[["users"]],
    )


class Wave(Settings):
    """Plans that are run together; the next wave starts when all of them are done."""

    name: Name = Field(title="Name", description="Name of the wave.", examples=["canary"])
    plans: Annotated[list[str], Field(min_length=1)] = Field(
        title="Plans",
        description='Names of the fleet; "*" stands for all that no other wave names.',
        examples=[["orders-canary"]],
    )
    pause: Duration = Field(
        default=timedelta(0),
        title="Pause",
        description="How long to wait after the wave before, to see whether all is well.",
        examples=["30m"],
    )
    approval: bool = Field(
        default=False,
        title="Approval",
        description="Whether somebody must approve the wave before it starts: snapferry fleet approve.",
    )


class Limits(Settings):
    """How many plans run at the same time. Plans with the same source never do: a domain takes one snapshot
    at a time."""

    total: Annotated[int, Field(ge=1, le=100)] = Field(
        default=4, title="In all", description="At most this many plans at the same time."
    )
    domain: Annotated[int, Field(ge=1)] = Field(
        default=1, title="A domain", description="At most this many that use the same domain, on either side."
    )
    account: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        title="An account",
        description="At most this many that use domains of the same account: that of the role to assume, "
        "else of the profile, else the caller's own. Default: no limit.",
    )
    region: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        title="A Region",
        description="At most this many that use domains of the same Region. Default: no limit.",
    )


class StopRule(Settings):
    """When nothing more is started."""

    failures: Annotated[int, Field(ge=1)] | None = Field(
        default=1,
        title="Failures",
        description="After this many plans that failed or differ, nothing more is started; what runs goes "
        "on. null: go on with whatever does not come after a plan that failed.",
    )


class Retry(Settings):
    """What is done with a run that was interrupted: its worker died, a domain did not answer."""

    attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, title="Attempts", description="How often a plan is started, at most; each one resumes."
    )
    pause: PositiveDuration = Field(
        default=timedelta(seconds=30), title="Pause", description="How long to wait before the next attempt."
    )


class Fleet(Settings):
    """Plans that are run together, in waves, within limits."""

    kind: Literal["fleet"] = Field(title="Kind", description="What this file is: a fleet.")
    name: Name = Field(
        title="Name",
        description='Name of the fleet. Lowercase letters, digits, "-" and "_", at most 60.',
        examples=["december-weekend"],
        json_schema_extra={"pattern": NAME_PATTERN},
    )
    plans: Annotated[list[FleetPlan], Field(min_length=1, max_length=1000)] = Field(
        title="Plans", description="The plans, and what is done with each."
    )
    waves: list[Wave] = Field(
        default=[],
        title="Waves",
        description="Waves, in their order: the canary first. Without waves all plans are one.",
    )
    limits: Limits = Field(default=Limits(), title="Limits", description="What runs at the same time.")
    blackouts: list[Blackout] = Field(
        default=[], title="Blackouts", description="Times in which nothing is started; what runs goes on."
    )
    time_zone: Annotated[str, AfterValidator(check_timezone)] = Field(
        default="UTC", title="Time zone", description="Of the blackouts.", examples=["Europe/Berlin"]
    )
    stop: StopRule = Field(default=StopRule(), title="Stop", description="When nothing more is started.")
    retry: Retry = Field(default=Retry(), title="Retry", description="What is done with interrupted runs.")
    state: State | None = Field(
        default=None,
        title="State",
        description="Where journals and locks of the fleet and of all its plans are, as in a plan. --state "
        "comes first.",
        examples=["s3://my-migrations/snapferry"],
    )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the blackouts."""
        return ZoneInfo(self.time_zone)


def order_problems(names: list[str], after: dict[str, list[str]], waves: list[Wave]) -> Iterator[Conflict]:
    """Yield what keeps the plans from having an order: unknown names, several waves, none, circles.

    Args:
        names: of the plans, in their order.
        after: for each name, those that come before it.
    """
    yield from _unknown(names, after, waves)
    yield from _wave_problems(names, waves)
    circle = _circle(before_each(names, after, waves))
    if circle:
        place = names.index(circle[0])
        shown = " → ".join((*circle, circle[0]))
        message = f"these wait for each other, by after and by the order of the waves: {shown}"
        yield Conflict(("plans", place, "after"), message, (("plans",), ("waves",)))


def _unknown(names: list[str], after: dict[str, list[str]], waves: list[Wave]) -> Iterator[Conflict]:
    for place, name in enumerate(names):
        for number, wanted in enumerate(after[name]):
            if wanted not in names:
                yield Conflict(("plans", place, "after", number), _no_such(wanted, names), (("plans",),))
    for place, wave in enumerate(waves):
        for number, wanted in enumerate(wave.plans):
            if wanted not in (*names, ALL_OTHERS):
                path = ("waves", place, "plans", number)
                yield Conflict(path, _no_such(wanted, names), (("plans",), ("waves",)))


def _no_such(wanted: str, names: list[str]) -> str:
    return f"no plan of the fleet is called {wanted}; there are {', '.join(names[:10])}" + (
        ", …" if len(names) > 10 else ""
    )


def _wave_problems(names: list[str], waves: list[Wave]) -> Iterator[Conflict]:
    depends = (("plans",), ("waves",))
    seen: dict[str, str] = {}
    for place, wave in enumerate(waves):
        if wave.name in (earlier.name for earlier in waves[:place]):
            yield Conflict(("waves", place, "name"), "two waves have this name; rename one", depends)
        for number, name in enumerate(wave.plans):
            if name in seen:
                message = f"wave {seen[name]} has this already; remove it from one of them"
                yield Conflict(("waves", place, "plans", number), message, depends)
            seen.setdefault(name, wave.name)
    left = [name for name in names if name not in seen] if waves and ALL_OTHERS not in seen else []
    if left:
        message = f'in no wave: {", ".join(left[:10])}; add them to a wave, or add "*" to one'
        yield Conflict(("waves",), message, depends)


def waves_of(names: list[str], waves: list[Wave]) -> list[tuple[Wave | None, list[str]]]:
    """The plans of each wave, in order; one wave without a name where the file has none."""
    if not waves:
        return [(None, names)]
    named = {name for wave in waves for name in wave.plans}
    others = [name for name in names if name not in named]
    return [
        (wave, [each for name in wave.plans for each in (others if name == ALL_OTHERS else [name])])
        for wave in waves
    ]


def before_each(names: list[str], after: dict[str, list[str]], waves: list[Wave]) -> dict[str, set[str]]:
    """For each plan, all that must be done before it, by `after` and by the waves."""
    found = {name: {each for each in after[name] if each in names} for name in names}
    earlier: set[str] = set()
    for _, members in waves_of(names, waves):
        for name in members:
            found.get(name, set()).update(earlier - {name})
        earlier |= {name for name in members if name in names}
    return found


def _circle(before: dict[str, set[str]]) -> list[str]:
    """Plans that wait for each other, each for the next one; nothing if there are none."""
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[:0:-1]
    return []
