"""When each plan of a fleet would start and end, by the same rules that start them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.fleet.loading import LoadedFleet
from runs.fleets.journal import Attempt, FleetDocument, PlanEntry, PlanStatus
from runs.fleets.scheduling import decide
from runs.verbs import Verb


@dataclass(frozen=True)
class Span:
    """When a plan would run, and what it waits for before that."""

    start: datetime
    end: datetime


def new_document(fleet: LoadedFleet, run_id: str, at: datetime, *, new_runs: bool = False) -> FleetDocument:
    """The journal of a run that begins at this moment."""
    waves = {name: wave.name if wave else "" for wave, names in fleet.waves for name in names}
    plans = {
        name: PlanEntry(plan=member.plan.name, verb=Verb(member.entry.verb), wave=waves[name])
        for name, member in fleet.members.items()
    }
    return FleetDocument(
        fleet=fleet.settings.model_dump(mode="json", by_alias=True),
        run_id=run_id,
        started=at,
        new_runs=new_runs,
        plans=plans,
    )


def forecast(fleet: LoadedFleet, lasting: Mapping[str, timedelta], at: datetime) -> dict[str, Span]:
    """When each plan would run if all went well and every wave were approved at once.

    Args:
        lasting: how long each plan takes.
        at: when the fleet is started.
    """
    document = new_document(fleet, "forecast", at)
    waves = [wave.name for wave, _ in fleet.waves if wave]
    spans: dict[str, Span] = {}
    while len(spans) < len(fleet.members):
        decision = decide(fleet, document, waves, at)
        for name in decision.starts:
            spans[name] = Span(at, at + lasting[name])
            entry = document.plans[name]
            entry.status, entry.attempts = PlanStatus.STARTED, [Attempt(at=at)]
        at = _next(spans, document, [wait.until for wait in decision.waits.values() if wait.until])
        for name, span in spans.items():
            entry = document.plans[name]
            if span.end <= at and entry.latest:
                entry.status, entry.latest.ended = PlanStatus.DONE, span.end
    return spans


def _next(spans: Mapping[str, Span], document: FleetDocument, waits: list[datetime]) -> datetime:
    """The next moment at which something changes."""
    running = (span.end for name, span in spans.items() if document.plans[name].status is PlanStatus.STARTED)
    return min([*running, *waits])
