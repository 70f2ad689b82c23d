"""The statement of a certificate, from the journal of a run that was verified."""

from collections.abc import Iterator
from dataclasses import dataclass

from reports.build.verdicts import verification_of
from reports.model.certificate import (
    Approval,
    Certificate,
    CertifiedJournal,
    CertifiedRun,
    CertifiedSnapshot,
    CertifiedWindow,
    Digest,
    Maker,
    Proved,
    Statement,
    Subject,
    digest_of,
    index_subjects,
)
from reports.words.verification import limit
from runs.journal import Document
from tasks import steps
from tasks.records.certificates import CertifiedIndex
from tasks.records.resolution import Resolution
from tasks.records.verification import Verdict, VerificationRecord

_WEAKEST_FIRST: tuple[Proved, ...] = ("bracketed", "as recorded", "equal")
_ALONE = frozenset({"--allow-partial", "--allow-freeze"})


@dataclass(frozen=True)
class PlanFile:
    """The file of a plan that says what the run began with."""

    name: str
    sha256: str


def statement_of(
    document: Document,
    resolution: Resolution,
    verified: VerificationRecord,
    journal: CertifiedJournal,
    maker: Maker,
    file: PlanFile | None,
) -> Statement:
    """State what a run has proved.

    Args:
        verified: its latest verification; every verdict of it has figures.
        file: the plan's file, if it is at hand.
    """
    indices = [_certified(each) for each in verified.verdicts]
    assert resolution.target
    predicate = Certificate(
        verdict=_weakest(verified),
        level=verified.level,
        verified=verified.at,
        limits=[limit(each) for each in verified.limits],
        source=resolution.source,
        origin=resolution.origin,
        target=resolution.target,
        indices=indices,
        left_out=list(verified.skipped),
        findings=list(verified.general),
        run=_run(document),
        journal=journal,
        maker=maker,
    )
    plans = [Subject(name=f"plan:{predicate.run.plan}", digest=digest_of(document.plan))]
    if file:
        plans.append(Subject(name=f"plan-file:{file.name}", digest=Digest(sha256=file.sha256)))
    return Statement(subject=[*plans, *index_subjects(indices)], predicate=predicate)


def uncertain(verified: VerificationRecord) -> Iterator[Verdict]:
    """The verdicts of which the journal lacks what a certificate has to say."""
    for each in verified.verdicts:
        known = each.figures
        if known is None or not known.target_uuid or (known.source and not known.source_uuid):
            yield each


def certifiable_verification(document: Document) -> VerificationRecord | None:
    """The run's latest verification, if it proves what was moved; None if it does not, or there is none."""
    found = verification_of(document)
    return found if found and (found.passed or found.bracketed) else None


def _weakest(verified: VerificationRecord) -> Proved:
    found = {each.outcome for each in verified.verdicts}
    return next(each for each in _WEAKEST_FIRST if each in found)


def _certified(verdict: Verdict) -> CertifiedIndex:
    assert verdict.figures
    return CertifiedIndex(
        source=verdict.source,
        target=verdict.target,
        verdict=verdict.outcome,
        source_count=verdict.source_count,
        target_count=verdict.target_count,
        detail=verdict.detail,
        figures=verdict.figures,
    )


def _run(document: Document) -> CertifiedRun:
    taken, window = document.recorded(steps.SNAPSHOT), document.window
    repaired = document.recorded(steps.REPAIR)
    return CertifiedRun(
        plan=str(document.plan.get("name", "")),
        id=document.run_id,
        verb=document.verb,
        started=document.started,
        ended=document.ended,
        back=document.back,
        consents=list(_consents(document)),
        approvals=[
            Approval(gate=name, at=gate.approved, by=gate.by)
            for name, gate in document.gates.items()
            if gate.approved
        ],
        window=CertifiedWindow(**window.model_dump()) if window else None,
        snapshot=CertifiedSnapshot(repository=taken.repository, name=taken.name, uuid=taken.uuid)
        if taken
        else None,
        deleted=[
            name
            for intent in document.intents
            if intent.action == "delete" and intent.side == "target" and intent.may_have_changed
            for name in intent.names
        ],
        repaired=sum(len(index.documents) for index in repaired.indices) if repaired else 0,
    )


def _consents(document: Document) -> Iterator[str]:
    options = iter(document.called.options if document.called else ())
    for option in options:
        if option.startswith("--allow-"):
            yield option if option in _ALONE or "=" in option else f"{option} {next(options, '')}"
