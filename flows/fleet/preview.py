"""What a fleet would do, and when: each plan previewed, then put in order. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.fleet.loading import LoadedFleet, Member
from domains.errors import SnapferryError
from flows.previews.migration import migration_preview, rehearsal_preview
from flows.previews.seeding import cutover_preview, follow_preview, seed_preview
from flows.sessions.options import RunOptions
from reports.build.fleet import wave_reports
from reports.model.fleet import FleetForecast, PlanForecast
from runs.fleets.forecast import Span, forecast
from runs.fleets.journal import FleetJournal
from runs.fleets.state import FleetState
from runs.progress import Progress, report_progress
from runs.verbs import Verb
from tasks.migration import Consents
from tasks.records.previews import RoundPreview
from tasks.rehearsal import Rehearsal


@dataclass(frozen=True)
class _Preview:
    """What is known of one plan."""

    problem: str = ""
    indices: int | None = None
    bytes: int | None = None
    low: float | None = None
    high: float | None = None
    consents: tuple[str, ...] = ()


def fleet_preview(
    fleet: LoadedFleet,
    state: FleetState,
    before: FleetJournal | None,
    consents: Mapping[str, Consents],
    at: datetime,
) -> FleetForecast:
    """Preview every plan, and when it would run. A plan that is refused does not hold the others.

    Args:
        before: the run that would be resumed; None where one would be started.
        consents: by name of the plan.
        at: when the fleet would be started.
    """
    found: dict[str, _Preview] = {}
    for done, (name, member) in enumerate(fleet.members.items()):
        report_progress(Progress("fleet", f"reading {name}", done, len(fleet.members), "plans"))
        found[name] = _preview(member, state, consents.get(name, Consents()))
    low = forecast(fleet, {name: timedelta(seconds=each.low or 0) for name, each in found.items()}, at)
    high = forecast(fleet, {name: timedelta(seconds=each.high or 0) for name, each in found.items()}, at)
    waves = {name: wave.name if wave else "" for wave, names in fleet.waves for name in names}
    return FleetForecast(
        fleet=state.name,
        resumes=before.document.run_id if before and not before.document.is_done else "",
        start=at,
        end_low=max(span.end for span in low.values()),
        end_high=max(span.end for span in high.values()),
        unknown=[name for name, each in found.items() if each.high is None],
        consents={name: list(each.consents) for name, each in found.items() if each.consents},
        waves=list(wave_reports(fleet, state, before)),
        plans=[
            _forecast_of(member, waves[name], found[name], low[name], high[name])
            for name, member in fleet.members.items()
        ],
    )


def _forecast_of(member: Member, wave: str, found: _Preview, low: Span, high: Span) -> PlanForecast:
    return PlanForecast(
        name=member.name,
        plan=member.plan.name,
        verb=Verb(member.entry.verb),
        wave=wave,
        problem=found.problem,
        indices=found.indices,
        bytes=found.bytes,
        low=found.low,
        high=found.high,
        start_low=low.start,
        start_high=high.start,
        end_low=low.end,
        end_high=high.end,
    )


def _preview(member: Member, state: FleetState, consents: Consents) -> _Preview:
    try:
        return _read(member, RunOptions(state=state.folder, consents=consents))
    except SnapferryError as error:
        return _Preview(problem=error.message)


def _read(member: Member, options: RunOptions) -> _Preview:
    """Preview one plan.

    Raises:
        SnapferryError: it is refused, or a domain could not be read.
    """
    plan, name = member.plan, member.name
    if member.entry.verb in {"migrate", "rehearse"}:
        rehearses = member.entry.verb == "rehearse"
        document = (
            rehearsal_preview(plan, Rehearsal(), options)
            if rehearses
            else migration_preview(plan, options).document
        )
        made = document.estimate
        return _Preview(
            indices=len(document.resolution.indices),
            bytes=sum(index.bytes or 0 for index in document.resolution.indices),
            low=made.whole.low if made else None,
            high=made.whole.high if made else None,
            consents=tuple(_named(consent, name) for consent in document.consents),
        )
    previews = {"seed": seed_preview, "follow": follow_preview, "cutover": cutover_preview}
    return _of_round(previews[member.entry.verb](plan, options), name, options.consents)


def _of_round(found: RoundPreview, name: str, consents: Consents) -> _Preview:
    window = found.window
    needs = found.verb is Verb.CUTOVER and not consents.allow_freeze
    return _Preview(
        indices=len(found.resolution.indices),
        bytes=sum(index.bytes or 0 for index in found.resolution.indices),
        low=window.low if window else None,
        high=window.high if window else None,
        consents=(f"--allow-freeze {name}",) if needs else (),
    )


def _named(consent: str, name: str) -> str:
    """A consent as the fleet's command takes it: with the plan's name before what it is about."""
    option, _, what = consent.partition(" ")
    return f"{option} {name}:{what}" if what else f"{option} {name}"
