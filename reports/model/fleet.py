"""The report of a fleet's run, and what a fleet would do, as their JSON shows them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from reports.model.base import ReportPart
from runs.fleets.journal import FleetStatus, PlanStatus
from runs.fleets.scheduling import WaitReason
from runs.verbs import Verb


class WaitReport(ReportPart):
    """Why a plan is not started."""

    reason: WaitReason
    why: str = Field(description="The same, in words.")
    until: datetime | None = Field(description="When that is over; null if it is not known.")


class FleetPlanReport(ReportPart):
    """One plan of the fleet."""

    name: str = Field(description="What the fleet calls it.")
    plan: str = Field(description="The plan's own name.")
    verb: Verb
    wave: str = Field(description="Its wave; empty where the fleet has none.")
    status: PlanStatus
    message: str = Field(description="Why it stands as it does; empty if that is plain.")
    wait: WaitReport | None = Field(description="Why it is not started; null once it is, or may be now.")
    run_id: str = Field(description="The plan's run; empty before it has one.")
    attempts: int = Field(description="How often it was started.")
    worker: str = Field(description="Who runs it, or ran it last.")
    started: datetime | None
    ended: datetime | None
    seconds: float | None = Field(description="From its first start to its end, or until now.")
    step: str = Field(description="What its run does now; empty if it does not run.")
    share: float | None = Field(description="How much of that step is done, from 0 to 1; null if not known.")
    gate: str = Field(description="The gate that it waits at; empty if it does not.")
    indices: int = Field(description="Indices that it moves; 0 before that is decided.")
    equal: int = Field(description="Indices that were compared and are equal.")
    documents: int = Field(description="Live documents counted on the target.")
    bytes: int = Field(description="Bytes fetched by the target.")
    window_seconds: float | None = Field(description="Of a cutover: how long its source refused writes.")
    source_blocked: int = Field(description="Indices of its source that refuse writes because of it.")
    next_command: str = Field(description="The command about it to run next; empty for none.")


class WaveReport(ReportPart):
    """One wave of the fleet."""

    name: str
    plans: list[str]
    done: int
    pause_s: float
    approval: bool = Field(description="Whether somebody must approve it.")
    approved_by: str = Field(description="Who has approved it; empty if nobody has.")


class FleetTotals(ReportPart):
    """Sums over the plans."""

    plans: int
    done: int
    failed: int = Field(description="Over, and not done.")
    running: int
    waiting: int
    indices: int
    equal: int
    documents: int
    bytes: int
    source_blocked: int


class FleetReport(ReportPart):
    """The report of one run of a fleet."""

    format: Literal[1] = 1
    fleet: str = Field(description="The fleet's name.")
    run_id: str
    status: FleetStatus
    alive: bool = Field(description="Whether a process works on it.")
    message: str
    next: str = Field(description="What to do next, in words.")
    next_command: str = Field(description="The command to run next; empty for none.")
    started: datetime
    ended: datetime | None
    seconds: float
    sessions: int = Field(description="How many processes have worked on it.")
    blackout: str = Field(description="The blackout that it is in, in words; empty if it is in none.")
    totals: FleetTotals
    waves: list[WaveReport]
    plans: list[FleetPlanReport]


class PlanForecast(ReportPart):
    """What one plan would do, and when."""

    name: str
    plan: str
    verb: Verb
    wave: str
    problem: str = Field(description="Why it would be refused now; empty if it would not.")
    indices: int | None = Field(description="Null where it is not known.")
    bytes: int | None
    low: float | None = Field(description="Seconds, at least; null where they are not known.")
    high: float | None = Field(description="The same, at most.")
    start_low: datetime = Field(description="When it would start, if all take the shortest time.")
    start_high: datetime = Field(description="The same, if all take the longest.")
    end_low: datetime
    end_high: datetime


class FleetForecast(ReportPart):
    """What a fleet would do. What is not known counts as nothing, and is named."""

    fleet: str
    resumes: str = Field(description="The unfinished run that it would resume; empty if it would start one.")
    start: datetime
    end_low: datetime
    end_high: datetime
    unknown: list[str] = Field(description="Plans whose duration is not known.")
    consents: dict[str, list[str]] = Field(description="Options that a plan still needs, by its name.")
    waves: list[WaveReport]
    plans: list[PlanForecast]
