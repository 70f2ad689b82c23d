"""Build a run's report from its journal."""

from collections.abc import Iterator

from reports.build.cleanup import finish_of
from reports.build.conflicts import conflicts_of
from reports.build.durations import estimate_report, rehearsal_report
from reports.build.over_time import progress_of
from reports.build.plan_settings import plan_settings
from reports.build.repair import repair_of
from reports.build.verdicts import seeded, verification_of
from reports.model.report import (
    Change,
    GateReport,
    HookReport,
    IndexReport,
    MetadataReport,
    Report,
    RequestsReport,
    StepReport,
    TailReport,
    Totals,
)
from reports.model.seeding import RoundReport, WindowReport
from reports.words import metadata
from reports.words.next_step import next_step
from reports.words.verification import limit
from runs.commands import Called, in_full
from runs.journal import Document
from runs.verbs import Verb
from tasks import steps
from tasks.records.reindexing import ReindexRecord
from tasks.records.resolution import Resolution
from tasks.records.transfer import IndexRestore, RestoreRecord
from tasks.records.verification import Verdict, VerificationRecord


def report_of(document: Document, shown_by: Called | None = None) -> Report:
    """Build the report of a run from its journal alone.

    Args:
        shown_by: how the command was called that shows it: commands in the report name the plan as it does;
            with None, as the run's own command did.
    """
    called = shown_by if shown_by and shown_by.plan else document.called
    resolution = document.recorded(steps.RESOLVE)
    restored, copied = document.recorded(steps.RESTORE), document.recorded(steps.REINDEX)
    merged, switched = document.recorded(steps.MERGE), document.recorded(steps.SWITCH_ALIASES)
    verified = verification_of(document)
    round_, window = _rounds(document, called)
    indices = (
        [*_indices(resolution, restored, copied, verified), *_appeared(resolution, verified)]
        if resolution
        else []
    )
    if round_ and document.verb is Verb.SEED:
        indices = seeded(indices, round_)
    after = next_step(document, window).in_full(called)
    registered = [document.recorded(key) for key in (steps.REGISTER_ON_SOURCE, steps.REGISTER_ON_TARGET)]
    return Report(
        plan=str(document.plan["name"]),
        run_id=document.run_id,
        verb=document.verb,
        outcome=document.status,
        message=in_full("; ".join(filter(None, (document.message, document.unheard))), called),
        next=after.text,
        next_command=after.command,
        started=document.started,
        ended=document.ended,
        seconds=round(sum(step.seconds for step in document.steps.values()), 3),
        source=resolution.source if resolution else None,
        origin=resolution.origin if resolution else None,
        target=resolution.target if resolution else None,
        back=document.back,
        level=verified.level if verified else None,
        limits=[limit(each) for each in verified.limits] if verified else [],
        findings=list(verified.general) if verified else [],
        queries=verified.queries if verified else None,
        totals=_totals(indices),
        repositories=[record for record in registered if record],
        snapshot=document.recorded(steps.SNAPSHOT),
        steps=list(_steps(document)),
        estimate=estimate_report(document),
        rehearsal=rehearsal_report(document),
        round=round_,
        window=window,
        tail=_tail(document),
        finish=finish_of(document),
        repair=repair_of(document),
        indices=indices,
        left_out=list(resolution.left_out) if resolution else [],
        conflicts=list(conflicts_of(document)),
        changes=list(_changes(document)),
        deleted=[name for each in (restored, copied, switched) if each for name in each.deleted],
        metadata=list(_metadata(document)),
        merged=list(merged.indices) if merged else [],
        aliases=switched,
        requests={side: RequestsReport(**counted) for side, counted in document.requests.items()},
        gates=[GateReport(name=gate, **entry.model_dump()) for gate, entry in document.gates.items()],
        hooks=[HookReport(**entry.model_dump()) for entry in document.hooks],
        notes=list(resolution.notes) if resolution else [],
        progress=list(progress_of(document)),
        plan_settings=plan_settings(document),
    )


def _tail(document: Document) -> TailReport | None:
    """The part of what went by the tail; None where nothing could."""
    ways, follow = document.recorded(steps.CHOOSE_WAYS), document.recorded(steps.FOLLOW)
    if not follow and not (ways and ways.tail) and not document.recorded(steps.PROVE):
        return None
    return TailReport(
        ways=list(ways.ways) if ways else [],
        caught_up=document.recorded(steps.CATCH_UP),
        follow=follow,
        last=document.recorded(steps.LAST_TAIL),
        proof=document.recorded(steps.PROVE),
    )


def _rounds(document: Document, called: Called | None) -> tuple[RoundReport | None, WindowReport | None]:
    """The parts that only seed rounds and cutovers have; their builders are imported for them alone."""
    if not document.verb.is_round:
        return None, None
    from reports.build.seeding import round_report
    from reports.build.window import window_report

    window = window_report(document)
    if window:
        window = window.model_copy(update={"falling_back": in_full(window.falling_back, called)})
    return round_report(document), window


def _indices(
    resolution: Resolution,
    restored: RestoreRecord | None,
    copied: ReindexRecord | None,
    verified: VerificationRecord | None,
) -> Iterator[IndexReport]:
    arrived = {index.target: index for index in restored.indices} if restored else {}
    verdicts = {verdict.target: verdict for verdict in verified.verdicts} if verified else {}
    filled = {index.target for index in copied.indices} if copied else set[str]()
    for unit in (*resolution.moving, *resolution.reindexed):
        for index in unit.indices:
            restore: IndexRestore | None = arrived.get(index.target) or arrived.get(unit.target)
            verdict: Verdict | None = verdicts.get(index.target)
            yield IndexReport(
                source=index.name,
                target=index.target,
                stream=index.stream,
                action="reindex" if unit in resolution.reindexed else unit.action,
                verdict=verdict.outcome if verdict else "not verified",
                source_count=verdict.source_count if verdict else None,
                target_count=verdict.target_count if verdict else None,
                shards=index.shards,
                bytes=restore.bytes if restore and restore.restored else None,
                restored=bool(restore and restore.restored) or index.target in filled,
                detail=(restore.problem if restore else "") or (verdict.detail if verdict else ""),
                documents=list(verdict.documents) if verdict else [],
                more=verdict.more if verdict else 0,
            )


def _metadata(document: Document) -> Iterator[MetadataReport]:
    for step in (steps.METADATA_BEFORE, steps.METADATA_AFTER):
        copied = document.recorded(step)
        if copied:
            yield MetadataReport(
                step=step.name,
                outcomes=list(copied.outcomes),
                hazards=[metadata.hazard(each) for each in copied.hazards],
                notices=[metadata.notice(each) for each in copied.notices],
                checklist=[metadata.checklist(each) for each in copied.checklist],
            )


def _appeared(resolution: Resolution, verified: VerificationRecord | None) -> Iterator[IndexReport]:
    """Indices that the verification found and the run had not decided on."""
    decided = {index.target for index in (*resolution.indices, *resolution.copied)}
    for verdict in verified.verdicts if verified else ():
        if verdict.target not in decided:
            yield IndexReport(
                source=verdict.source,
                target=verdict.target,
                stream=None,
                action="restore",
                verdict=verdict.outcome,
                source_count=verdict.source_count,
                target_count=verdict.target_count,
                shards=verdict.shards,
                bytes=None,
                restored=False,
                detail=verdict.detail,
            )


def _totals(indices: list[IndexReport]) -> Totals:
    verdicts = [index.verdict for index in indices]
    return Totals(
        indices=len(indices),
        restored=sum(index.restored for index in indices),
        equal=verdicts.count("equal"),
        recorded=verdicts.count("as recorded"),
        bracketed=verdicts.count("bracketed"),
        different=verdicts.count("different"),
        not_compared=verdicts.count("not compared"),
        documents=sum(index.target_count or 0 for index in indices),
        bytes=sum(index.bytes or 0 for index in indices),
    )


def _steps(document: Document) -> Iterator[StepReport]:
    for name, step in document.steps.items():
        yield StepReport(
            name=name,
            attempts=step.attempts,
            seconds=round(step.seconds, 3),
            started=step.started,
            ended=step.ended,
            error=step.error,
        )


def _changes(document: Document) -> Iterator[Change]:
    for intent in document.intents:
        named = intent.detail.get("names") or [intent.detail.get("name", "")]
        shown = ", ".join(map(str, named[:5])) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
        yield Change(
            at=intent.at,
            side=intent.side,
            action=intent.action,
            what=shown,
            result=intent.result or "unknown",
            changed=intent.may_have_changed,
        )
