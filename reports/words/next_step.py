"""What to do next about a run, by its verb and status."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reports.model.seeding import WindowReport
from reports.words.common import clock
from runs.commands import Called, command, in_full
from runs.journal import Document
from runs.lifecycle import RunPhase, RunStatus, is_kept, is_removed, is_rolling_back, phase
from runs.step_names import StepName
from runs.verbs import Verb

ABORT = command("abort", "--execute")
RELEASE = command("finish", "--source", "released", "--execute")
UNFREEZE = "snapferry unfreeze PLAN:target INDEX --execute"
_NAMED = re.compile(f"`({command('[a-z]+')}[^`]*)`")
_NEW_RUN = "--new-run"
_AGAIN = "run the same command again: it continues this run"
_ADVICE = {
    RunStatus.INTERRUPTED: _AGAIN,
    RunStatus.RUNNING: "run the same command again if its process is gone: it continues this run",
    RunStatus.FAILED: "fix the cause, then run the same command again: it continues this run",
}


_WHERE_TO_LOOK: Mapping[str, str] = {
    StepName.RESOLVE: "`snapferry check PLAN` shows what it meets",
    StepName.REGISTER_ON_SOURCE: "`snapferry check PLAN` shows what the bucket and the role lack",
    StepName.FREEZE: "GET _tasks and GET _cat/shards on the source show what is in the way",
    StepName.START_SNAPSHOT: "GET _snapshot/_status on the source shows what it is busy with",
    StepName.SNAPSHOT: "the source's error log tells why; to find an index that cannot be in a snapshot, "
    "narrow indices.include until one succeeds",
    StepName.FIND_ON_TARGET: "GET _snapshot/REPOSITORY/_all on both domains shows what each of them reads",
    StepName.RESTORE: "GET _cluster/allocation/explain and the error log of the target tell why",
    StepName.OPEN_COPIES: "GET _cluster/allocation/explain on the target tells why",
    StepName.VERIFY: "`snapferry report PLAN` names each index, and why it differs or cannot be compared",
    StepName.SET_ALIASES: "the message names what the target refuses",
}
"""Where the cause is found, by the step that failed."""
_ANYWHERE = "`snapferry report PLAN` shows what was sent and answered; the domain's error log may say more"


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Args:
        advice: in words; empty where the command says it all, or where there is nothing to do.
        command: the one command to run next; empty where there is none.
    """

    advice: str = ""
    command: str = ""

    def in_full(self, called: Called | None) -> "NextStep":
        """The same, to be pasted."""
        return NextStep(in_full(self.advice, called), in_full(self.command, called))

    @property
    def text(self) -> str:
        """Both in one sentence."""
        if not self.advice or not self.command or self.command in self.advice:
            return self.advice or self.command
        return f"{self.advice}: {self.command}"


def next_lines(said: str, to_run: str) -> tuple[str, ...]:
    """The next step as lines of a terminal, the last of which a user can paste.

    Args:
        said, to_run: `NextStep.text` and `NextStep.command` in full.
    """
    advice = advice_in(said, to_run)
    lines = (f"To do: {advice}" if advice else "", f"next: {to_run}" if to_run else "")
    return tuple(filter(None, lines))


def advice_in(said: str, to_run: str) -> str:
    """The advice of a next step without the command at its end; empty if that is all."""
    return said.removesuffix(to_run).removesuffix(": ") if to_run else said


def next_step(document: Document, window: WindowReport | None) -> NextStep:
    """What to do next; empty if there is nothing to do.

    If the same end has come before, the usual advice has not helped: first it says where to find the cause.
    """
    usual = _usual(document, window)
    times = document.times_in_a_row
    if times == 1 or phase(document) is RunPhase.AT_GATE or document.status is RunStatus.DONE:
        return usual
    look = _WHERE_TO_LOOK.get(_failed_step(document), _ANYWHERE)
    said = f"the last {times} attempts ended like this, so the same command alone is unlikely to help: {look}"
    return NextStep(f"{said}; then: {usual.advice}" if usual.advice else said, usual.command)


def _failed_step(document: Document) -> str:
    """The step that ended the latest session; empty if none did."""
    failed = [(entry.ended, name) for name, entry in document.steps.items() if entry.error and entry.ended]
    return max(failed, default=(None, ""))[1]


def _usual(document: Document, window: WindowReport | None) -> NextStep:
    if document.unheard:
        return _about_hooks(document)
    if _repair_was_interrupted(document):
        return NextStep(
            "the repair has not ended: the same command resumes it", command("repair", "--execute")
        )
    if document.verb.opens and window:
        return _after_freeze(document, window)
    if document.verb is Verb.SEED and is_removed(document):
        return NextStep("seed again to start with round 1: nothing is left of the rounds", command("seed"))
    if document.status == RunStatus.DONE:
        return _after_success(document)
    if document.status is RunStatus.DIFFERENT and document.verb is Verb.SEED:
        return NextStep("seed again: the next round copies the differing indices again", Verb.SEED.command)
    return NextStep(_advice(document), _command(document))


def _repair_was_interrupted(document: Document) -> bool:
    entry = document.steps.get(StepName.REPAIR)
    over = document.status in {RunStatus.DONE, RunStatus.DIFFERENT}
    return over and entry is not None and (entry.ended is None or entry.error is not None)


def after_a_kill(window: WindowReport | None, said: str, to_run: str) -> NextStep:
    """What to do about a run whose process is gone.

    Args:
        said, to_run: what the report says to do next, and its command.
    """
    return NextStep(said if window else _AGAIN, to_run)


def _advice(document: Document) -> str:
    return document.hint or _ADVICE.get(document.status, "")


def _command(document: Document) -> str:
    """What the advice names in backticks, else what resumes the run; empty where nothing does."""
    named = _NAMED.findall(document.hint)
    if named:
        return str(named[0])
    if document.status not in _ADVICE:
        return ""
    again = resume_command(document)
    anew = _NEW_RUN in document.hint and document.verb in {Verb.MIGRATE, Verb.SEED}
    return f"{again} {_NEW_RUN}" if anew else again


def resume_command(document: Document) -> str:
    """The command that resumes the run, with the options and consents that it was given."""
    return (document.called.again if document.called else "") or document.verb.command


def _about_hooks(document: Document) -> NextStep:
    if document.verb is Verb.MIGRATE:
        advice = "fix the hook, then run the same command again: it calls the hooks and moves nothing"
        return NextStep(advice, resume_command(document))
    return NextStep("fix the hook; the run itself has finished")


def _after_success(document: Document) -> NextStep:
    if document.verb is Verb.REHEARSE:
        return _after_rehearsal(document)
    if document.verb is Verb.FOLLOW and document.back:
        return NextStep("look at the fallback, if you want to go back", command("fallback"))
    if document.verb is Verb.FOLLOW:
        return NextStep("look at the cutover and its window", command("cutover"))
    if document.verb is Verb.SEED:
        return NextStep(
            "seed again as often as you like, then look at the cutover and its window",
            command("cutover"),
        )
    return _cleaned_up(document, None) or NextStep(
        "point your clients at the target, then clean up what the run has left", command("finish")
    )


def _after_rehearsal(document: Document) -> NextStep:
    if is_kept(document) and not is_removed(document):
        return NextStep("inspect what was kept, then remove it", command("abort"))
    return NextStep("look at the real run, estimated from this rehearsal", command("plan"))


def _after_freeze(document: Document, window: WindowReport) -> NextStep:
    since = f"the source has refused writes since {clock(window.frozen)}"
    if is_rolling_back(document):
        failed = document.hint and document.status == RunStatus.FAILED
        advice = document.hint if failed else "run the same command again: it resumes the roll-back"
        return NextStep(advice if window.ended else f"{since}: {advice}", resume_command(document))
    if window.outcome == "put back":
        return _after_roll_back(document, window)
    if window.outcome == "blocking":
        what = document.verb.label.lower()
        way_out = f"the same command finishes the {what} or rolls it back; `{ABORT}` rolls it back"
        return NextStep(f"{since}: {way_out}", resume_command(document))
    if window.outcome == "opening" or document.status != RunStatus.DONE:
        reason = f"{document.hint}; " if document.hint and document.status == RunStatus.FAILED else ""
        advice = f"{reason}run the same command again: it resumes opening the target"
        return NextStep(advice, resume_command(document))
    where = window.repoint.endpoint if window.repoint else "the domain that was opened"
    if document.back and document.record(StepName.WAY_BACK):
        advice = f"point your clients at {where} again; a cutover brings what they write there to the other"
        return NextStep(advice, command("cutover"))
    if document.back:
        return NextStep(f"point your clients at {where} again")
    if document.record(StepName.WAY_BACK) and not document.record(StepName.FINISH):
        advice = f"point your clients at {where}; to be able to go back, follow what they write there"
        return NextStep(advice, command("follow", "--execute"))
    return _cleaned_up(document, window) or NextStep(
        f"point your clients at {where}, then clean up registrations, snapshots and the source's block",
        command("finish"),
    )


def _cleaned_up(document: Document, window: WindowReport | None) -> NextStep | None:
    """What is left to do once `finish` has cleaned up; None before that."""
    finish = document.steps.get(StepName.FINISH)
    if finish is None or finish.record is None or finish.error:
        return None
    if window and window.still_blocked:
        return NextStep("release the source when you are sure: it still refuses writes", RELEASE)
    return NextStep("nothing: everything is cleaned up")


def _after_roll_back(document: Document, window: WindowReport) -> NextStep:
    own = str((document.failure or {}).get("hint", ""))
    over = window.ended and window.ended >= window.deadline
    verb = "fallback" if document.back else "cutover"
    more = "" if over or document.back else ", and the next cutover continues from the copies"
    again = f"the source takes writes again{more}"
    return NextStep(f"{own}; {again}" if own else again, command(verb))
