"""Begin a run, or resume the one that a command is about: one way for all, by the rules of each command."""

from collections.abc import Callable
from dataclasses import dataclass

from configs.plan import Plan
from flows.sessions.options import RunOptions
from runs.begun_plan import require_same_clusters, require_same_plan
from runs.commands import Called, current
from runs.journal import Journal, StepEntry, now
from runs.lifecycle import RunStatus
from runs.state import State
from runs.step_names import StepName
from runs.verbs import Verb
from tasks.records.plan_document import PlanDocument
from tasks.rehearsal import Rehearsal


@dataclass(frozen=True)
class Request:
    """What a command asks for.

    Args:
        saved: the saved plan that it executes: a new run takes its id over.
        rehearsal: of a rehearsal: how the plan is to be rehearsed.
        seen: the id of the run that it found before it held the plan; empty where it has not searched yet.
    """

    plan: Plan
    options: RunOptions
    saved: PlanDocument | None = None
    rehearsal: Rehearsal | None = None
    seen: str = ""

    @property
    def state(self) -> State:
        """Where the plan's journals are."""
        return State(self.options.state, self.plan.name)


Clusters = tuple[str, str]
"""The UUIDs of source and target."""
Refusal = Callable[[Request], None]
ResumeRefusal = Callable[[Request, Journal], None]


def _accept(request: Request, journal: Journal | None) -> None:
    """Refuse nothing, and prepare nothing."""


@dataclass(frozen=True, kw_only=True)
class VerbRules:
    """Which run a command works on, and what refuses it. `verb_rules.py` has one for each command.

    Args:
        resumes: finds the run to resume; None where the command begins one.
        verb: of the runs that it begins; None where it begins none.
        excluded_by: refuse the command whichever run it is about; in this order, before everything else.
        to_begin: refuse to begin a run.
        to_resume: refuse to resume the run that was found, before its plan is compared.
        may_differ: fields and sections of the plan that may differ from those the run began with. None: the
            plans are not compared, for the command works by the one that the run began with.
        same_options: refuses other options of the command than the run's, after its plan was compared.
        prepare: called when nothing has refused, before a run is begun or resumed: writes what the command's
            options change about earlier runs.
        back: whether it goes from the plan's target to its source; its request's plan has them exchanged.
        removes: whether the command removes what the run made.
        reopens: whether the run is at work again; False where how it ended stays as it is.
        ends: how a session that went well leaves the run, and why.
    """

    resumes: Callable[[Request], Journal | None]
    verb: Verb | None = None
    excluded_by: tuple[Refusal, ...] = ()
    to_begin: tuple[Refusal, ...] = ()
    to_resume: tuple[ResumeRefusal, ...] = ()
    may_differ: tuple[str, ...] | None = ()
    same_options: ResumeRefusal = _accept
    prepare: Callable[[Request, Journal | None], None] = _accept
    back: bool = False
    removes: bool = False
    reopens: bool = True
    ends: tuple[RunStatus, str] = (RunStatus.DONE, "")


def begin_or_resume(request: Request, rules: VerbRules, clusters: Clusters | None = None) -> Journal:
    """Begin the run that a command is about, or resume it; the caller holds the plan.

    Args:
        clusters: those that answer; None where they are compared later.

    Raises:
        PreconditionError, Busy: another run, or how the run stands, excludes the command.
        PlanChanged: the run began with another plan, other options or other clusters.
    """
    found = require_possible(request, rules)
    if found and clusters:
        require_same_clusters(found, clusters)
    rules.prepare(request, found)
    if found is None:
        return _begin(request, rules)
    _resume(found, rules, request)
    return found


def require_possible(request: Request, rules: VerbRules) -> Journal | None:
    """Refuse what the plan's runs exclude, without a look at any domain; the caller holds the plan.

    Returns:
        The run to resume; None if one is to begin.

    Raises:
        as `begin_or_resume`.
    """
    for refuse in rules.excluded_by:
        refuse(request)
    found = rules.resumes(request)
    if found is None:
        for refuse in rules.to_begin:
            refuse(request)
        return None
    for refuse_resuming in rules.to_resume:
        refuse_resuming(request, found)
    if rules.may_differ is not None:
        require_same_plan(found, request.plan, but=rules.may_differ)
    rules.same_options(request, found)
    return found


def _begin(request: Request, rules: VerbRules) -> Journal:
    assert rules.verb
    run_id = request.saved.run_id if request.saved else None
    earlier = next((j for j in request.state.journals() if j.document.verb is rules.verb), None)
    journal = request.state.begin(request.plan, rules.verb, run_id)
    journal.document.before = earlier.document.as_past_end if earlier else None
    journal.document.sessions = 1
    journal.document.back = rules.back
    journal.document.called = _called(request)
    if request.rehearsal:
        journal.document.rehearsal = request.rehearsal.model_dump(mode="json")
    journal.save()
    return journal


def _called(request: Request) -> Called:
    """How the command was called; a deployment has no file of its plan, so a copy stands for it."""
    return current() or Called(plan=str(request.state.keep_plan(request.plan)), state=request.state.shown)


def _resume(journal: Journal, rules: VerbRules, request: Request) -> None:
    if rules.removes:
        journal.document.aborting = True
        journal.document.steps.setdefault(StepName.CLEAN, StepEntry(started=now()))
    if rules.reopens:
        journal.document.called = _called(request)
        journal.resume()
