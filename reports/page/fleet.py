"""The report of a fleet as one page, from the same template as that of a run."""

from collections.abc import Iterator

from configs.values.visible import visible_values
from reports.model.fleet import FleetPlanReport, FleetReport
from reports.page.elements import (
    Bar,
    Block,
    Column,
    Facts,
    Figure,
    Figures,
    Part,
    Table,
    Timeline,
    Tone,
    Verdict,
)
from reports.page.rendering import document, rendered
from reports.page.timeline import scale_of
from reports.views.fleet import detail_of, wave_facts
from reports.words import common
from reports.words import fleet as words
from runs.fleets.journal import FleetStatus, PlanStatus

_TONES: dict[str, Tone] = {
    "done": "good",
    "running": "busy",
    "waiting": "plain",
    "refused": "bad",
    "different": "bad",
    "failed": "bad",
    "given up": "bad",
}
_COLUMNS = (
    Column("Plan", "name"),
    Column("Verb", choice=True),
    Column("Wave", choice=True),
    Column("Status", "verdict", choice=True),
    Column("Indices", "number"),
    Column("Documents", "number"),
    Column("Took", "figure"),
    Column("Detail"),
)


def fleet_page(report: FleetReport) -> str:
    """The whole page: one file without a link to elsewhere, for any width, dark or light, and print."""
    shown = visible_values(report)
    about = f"Report of run {shown.run_id} of the fleet, as of its journal. All times are in UTC."
    parts = {part.id: rendered(part) for part in _parts(shown)}
    return document(f"Fleet {shown.fleet}: {shown.status}", parts, about=about)


def _parts(report: FleetReport) -> Iterator[Part]:
    yield Part("part-verdict", "", [_verdict(report), _figures(report)])
    timeline = _timeline(report)
    yield Part("part-timeline", "Timeline", [timeline] if timeline else [])
    yield Part("part-plans", "Plans", [_table(report)])
    yield Part("part-failed", "Not done", _facts((p.name, p.message) for p in report.plans if p.message))
    yield Part("part-waves", "Waves", _facts(wave_facts(report)))
    commands = ((plan.name, f"`{plan.next_command}`") for plan in report.plans if plan.next_command)
    yield Part("part-next", "Next, plan by plan", _facts(commands))


def _facts(found: Iterator[tuple[str, str]]) -> list[Block]:
    facts = tuple(found)
    return [Facts(facts)] if facts else []


def _verdict(report: FleetReport) -> Verdict:
    done = report.status is FleetStatus.DONE
    tone: Tone = "good" if done else "busy" if report.alive else "bad"
    state, _, sentence = words.headline(report).partition(": ")
    return Verdict(
        above=f"Fleet · run {report.run_id}",
        title=report.fleet,
        tone=tone,
        state=common.sentence(state),
        sentence=common.sentence(sentence),
        message="\n".join(
            filter(None, (report.message, report.blackout and f"Nothing starts: {report.blackout}"))
        ),
        next=common.sentence(report.next) if report.next else "",
        command=report.next_command,
    )


def _figures(report: FleetReport) -> Figures:
    totals = report.totals
    blocked = [Figure("Refusing writes", common.number(totals.source_blocked), "indices of sources", "bad")]
    return Figures(
        [
            Figure(
                "Plans done",
                f"{totals.done} of {totals.plans}",
                tone="good" if totals.done == totals.plans else "plain",
            ),
            Figure("Not done", common.number(totals.failed), tone="bad" if totals.failed else "plain"),
            Figure(
                "Documents",
                common.number(totals.documents),
                f"{totals.equal} of {totals.indices} indices equal",
            ),
            Figure("Copied", common.size(totals.bytes)),
            Figure("Took", common.duration(report.seconds)),
            *(blocked if totals.source_blocked else []),
        ]
    )


def _table(report: FleetReport) -> Table:
    rows = [
        (
            plan.name,
            str(plan.verb),
            plan.wave or "–",
            _status(plan),
            plan.indices if plan.run_id else None,
            plan.documents if plan.run_id else None,
            "–" if plan.seconds is None else common.duration(plan.seconds),
            detail_of(plan),
        )
        for plan in report.plans
    ]
    return Table("plans", "How each plan stands", _COLUMNS, rows, ("plan", "plans"), _TONES)


def _status(plan: FleetPlanReport) -> str:
    return "running" if plan.status is PlanStatus.STARTED else str(plan.status)


def _timeline(report: FleetReport) -> Timeline | None:
    """One bar for each plan that was started, from its first start to its end."""
    now = report.ended or max(
        (p.ended or p.started or report.started for p in report.plans), default=report.started
    )
    started = [(plan, plan.started) for plan in report.plans if plan.started]
    if not started:
        return None
    spans = [(begin, max(begin, plan.ended or now)) for plan, begin in started]
    scale = scale_of(spans)
    bars = [
        Bar(
            plan.name,
            scale.at(begin),
            scale.at(end) - scale.at(begin),
            common.clock(begin),
            common.duration((end - begin).total_seconds()),
            _TONES[_status(plan)],
            f"{plan.attempts} attempts" if plan.attempts > 1 else "",
        )
        for (plan, _), (begin, end) in zip(started, spans, strict=True)
    ]
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    below = [f"Pauses are shortened: {common.duration(sum(scale.pauses))}."] if scale.pauses else []
    return Timeline(
        "When each plan ran", bars, common.clock(first), common.clock(last), below=below, noun="Plan"
    )
