"""Build the snapshot of a run's progress from its report and from what is known beside its journal."""

from dataclasses import dataclass
from datetime import datetime

from reports.model.progress import (
    Amount,
    BlockProgress,
    IndexProgress,
    ProgressSnapshot,
    RequestProgress,
    SessionProgress,
    StepProgress,
    TailProgress,
    Verdict,
    WindowProgress,
)
from reports.model.report import Report, StepReport
from reports.model.seeding import SourceBlock
from reports.words.next_step import NextStep, after_a_kill
from reports.words.outcomes import state_sentence
from runs.commands import command
from runs.lifecycle import RunStatus
from runs.live.latest import LiveStep
from runs.live.progress_file import LiveProgress
from runs.step_names import StepName

_COUNTED_DOWN_S = 2.0
"""The time left is written this often at least: a longer silence is no progress."""
_COPYING = (StepName.SNAPSHOT, StepName.RESTORE)
_NOT_VERIFIED = frozenset({"not verified", "copied", "unchanged"})


@dataclass(frozen=True)
class Seen:
    """What is known of a run beside its journal.

    Args:
        at: the instant of the snapshot.
        held: whether a live process holds the plan.
        process: its id; None where there is none, or it is not known.
        live: what the run's session last reported.
        here: the name of this machine.
        shared: whether a holder on another machine is seen from here, as with a state in S3.
        block: indices that cutovers of the plan left blocked.
        taking_away: the command that resumes removing the copies, if that has begun and not finished.
        window: seconds that the window should take, from low to high, where that was estimated.
    """

    at: datetime
    held: bool
    process: int | None = None
    live: LiveProgress | None = None
    here: str = ""
    shared: bool = False
    block: SourceBlock | None = None
    taking_away: str | None = None
    window: tuple[float, float] | None = None


def snapshot_of(report: Report, seen: Seen) -> ProgressSnapshot:
    """How the run stands. Where its session has ended, the figures are those of its report."""
    live = seen.live if report.outcome is RunStatus.RUNNING else None
    gone = report.outcome is RunStatus.RUNNING and not seen.held
    stands = report.model_copy(update={"outcome": RunStatus.INTERRUPTED}) if gone else report
    is_running = seen.held and report.outcome is RunStatus.RUNNING
    after = _next(report, seen, gone)
    return ProgressSnapshot(
        at=seen.at,
        plan=report.plan,
        run_id=report.run_id,
        verb=report.verb,
        back=report.back,
        started=report.started,
        ended=report.ended,
        outcome=stands.outcome,
        stands="running" if is_running else state_sentence(stands, gone=gone),
        message=report.message,
        verdict=_verdict(report),
        process=seen.process,
        process_alive=_alive(seen),
        session=_session(seen),
        step=_step(report, seen),
        steps_done=[step.name for step in report.steps if step.ended and not step.error],
        gate=next((gate.name for gate in report.gates if gate.approved is None), None),
        copied=_copied(report, live),
        shards=_shards(report, live),
        indices=_indices(report, live),
        documents=report.totals.documents,
        fetched=report.totals.bytes,
        tail=_tail(report, live),
        window=_window(report, seen),
        source_blocked=_blocked(seen.block),
        requests=_requests(report, live),
        next=after.text,
        next_command=after.command,
    )


def current_step(report: Report) -> StepReport | None:
    """The step that has begun and not ended, else the latest one; a resumed run repeats earlier steps."""
    begun = [step for step in report.steps if step.ended is None]
    return next(iter(begun), report.steps[-1] if report.steps else None)


def _next(report: Report, seen: Seen, gone: bool) -> NextStep:
    """What to do next: about a process at work, about copies being removed, or about the run."""
    closed = next((gate for gate in report.gates if gate.approved is None), None)
    if seen.held and closed and report.outcome == RunStatus.RUNNING:
        file = f" (or touch {closed.file})" if closed.file else ""
        return NextStep(f"approve it{file}", command("approve", closed.name))
    if seen.held:
        return NextStep("wait for it")
    if seen.taking_away:
        return NextStep(command=seen.taking_away)
    if gone:
        return after_a_kill(report.window, report.next, report.next_command)
    return NextStep(report.next, report.next_command)


def _verdict(report: Report) -> Verdict | None:
    if report.level is None:
        return None
    totals, failing = report.totals, {finding.outcome for finding in report.findings if finding.fails}
    if totals.different or "different" in failing:
        return "different"
    if totals.not_compared or failing:
        return "not compared"
    return "as recorded" if totals.recorded else "bracketed" if totals.bracketed else "equal"


def _alive(seen: Seen) -> bool | None:
    if seen.held:
        return True
    can_tell = seen.shared or seen.live is None or seen.live.host == seen.here
    return False if can_tell else None


def _session(seen: Seen) -> SessionProgress | None:
    live = seen.live
    if live is None:
        return None
    return SessionProgress(process=live.process, host=live.host, alive=_alive(seen), began=live.session)


def _step(report: Report, seen: Seen) -> StepProgress | None:
    step, live = current_step(report), seen.live
    if step is None or step.ended is not None:
        return None
    since = max(step.started, live.session) if live else step.started
    said = live.steps.get(step.name) if live else None
    if live is None or said is None:
        at = live.at if live else None
        return StepProgress(step=step.name, since=since, attempts=step.attempts, at=at)
    age_s = min(_COUNTED_DOWN_S, max(0.0, (seen.at - live.at).total_seconds()))
    return step_progress(step.name, said, since, step.attempts, age_s)


def step_progress(
    name: str, said: LiveStep, since: datetime, attempts: int = 1, age_s: float = 0.0
) -> StepProgress:
    """How a step stands by its latest report.

    Args:
        age_s: seconds since its time left was computed.
    """
    return StepProgress(
        step=name,
        since=since,
        attempts=attempts,
        message=said.message,
        done=said.done,
        total=said.total,
        unit=said.unit,
        detail=said.detail,
        waiting=said.waiting,
        share=min(1.0, said.done / said.total) if said.total else None,
        eta_s=None if said.eta_s is None else round(max(0.0, said.eta_s - age_s), 1),
        stalled_s=None if said.stalled_s is None else round(said.stalled_s, 1),
        at=said.at,
    )


def _reported(live: LiveProgress | None, step: StepName) -> LiveStep | None:
    return live.steps.get(step) if live else None


def _copied(report: Report, live: LiveProgress | None) -> dict[str, Amount]:
    """Bytes by step: of a step that is done by its record, else as it last reported them."""
    reused = report.round.reused if report.round else 0
    written = report.snapshot.bytes_written if report.snapshot else None
    ended = {step.name for step in report.steps if step.ended and not step.error}
    recorded: dict[StepName, int | None] = {
        StepName.SNAPSHOT: written,
        StepName.RESTORE: report.totals.bytes + reused if StepName.RESTORE in ended else None,
    }
    found: dict[str, Amount] = {}
    for step in _COPYING:
        whole, said = recorded[step], _reported(live, step)
        if whole is not None:
            found[step] = Amount(done=whole, total=whole)
        elif said and said.unit == "bytes":
            found[step] = Amount(done=said.done, total=said.total)
    return found


def _counted(live: LiveProgress | None, unit: str) -> Amount | None:
    """What the restore has reported of shards or indices."""
    said = _reported(live, StepName.RESTORE)
    count = said.counts.get(unit) if said else None
    return Amount(done=count[0], total=count[1]) if count else None


def _shards(report: Report, live: LiveProgress | None) -> Amount | None:
    started = sum(index.shards for index in report.indices if index.restored)
    if not report.indices:
        return None
    counted = _counted(live, "shards")
    return counted if counted and not started else Amount(done=started, total=_all_shards(report))


def _all_shards(report: Report) -> int:
    return sum(index.shards for index in report.indices)


def _indices(report: Report, live: LiveProgress | None) -> IndexProgress:
    totals = report.totals
    restored, compared = _counted(live, "indices"), _reported(live, StepName.VERIFY)
    verified = sum(index.verdict not in _NOT_VERIFIED for index in report.indices)
    if not verified and compared and compared.unit == "indices":
        verified = compared.done
    return IndexProgress(
        to_move=totals.indices,
        restored=totals.restored or (restored.done if restored else 0),
        verified=verified,
        equal=totals.equal,
    )


def _tail(report: Report, live: LiveProgress | None) -> TailProgress | None:
    follow, said = report.tail.follow if report.tail else None, live.tail if live else None
    if said and (follow is None or said.at >= follow.at):
        return TailProgress(
            at=said.at,
            lag_s=said.lag_s,
            rate_in=said.rate_in,
            rate_out=said.rate_out,
            operations=said.operations,
            window_s=said.window_s,
            can_cut_over=said.can_cut_over,
            why=said.why,
            reason=said.reason,
        )
    if follow is None:
        return None
    return TailProgress(
        at=follow.at,
        lag_s=follow.lag_s,
        rate_in=follow.rate_in,
        rate_out=follow.rate_out,
        operations=follow.tail,
        window_s=follow.window_s,
        can_cut_over=follow.can_cut_over,
        why=follow.why,
        reason=follow.reason,
    )


def _window(report: Report, seen: Seen) -> WindowProgress | None:
    window = report.window
    low, high = seen.window or (None, None)
    if window is None:
        if seen.window is None:
            return None
        return WindowProgress(
            frozen=None, deadline=None, ended=None, left_s=None, expected_low=low, expected_high=high
        )
    is_open = window.ended is None and window.opening is None
    left = (window.deadline - seen.at).total_seconds() if is_open else None
    return WindowProgress(
        frozen=window.frozen,
        deadline=window.deadline,
        ended=window.ended,
        left_s=None if left is None else round(max(0.0, left), 1),
        expected_low=window.expected_low,
        expected_high=window.expected_high,
    )


def _blocked(block: SourceBlock | None) -> BlockProgress | None:
    if block is None:
        return None
    return BlockProgress(side=block.side, indices=len(block.indices), since=block.since, state=block.state)


def _requests(report: Report, live: LiveProgress | None) -> dict[str, RequestProgress]:
    """Those of earlier sessions by the journal, and those of the present one as it reports them."""
    found: dict[str, RequestProgress] = {}
    sent = live.requests if live else {}
    for side in dict.fromkeys((*report.requests, *sent)):
        earlier, now = report.requests.get(side), sent.get(side)
        found[side] = RequestProgress(
            reads=(earlier.reads if earlier else 0) + (now.reads if now else 0),
            writes=(earlier.writes if earlier else 0) + (now.writes if now else 0),
            repeats=now.repeats if now else None,
        )
    return found
