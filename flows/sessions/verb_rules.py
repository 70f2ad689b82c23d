"""Which run each command resumes, and what refuses it: the rules side by side, as docs/runs.md has them."""

from configs.plan import Plan
from flows.sessions.begin_or_resume import Request, VerbRules
from flows.sessions.exclusion import (
    require_no_copies,
    require_no_frozen_cutover,
    require_no_frozen_fallback,
    require_no_frozen_forward_cutover,
    require_no_removal,
    require_no_unfinished_round,
    require_not_open,
    require_not_open_or_promised,
)
from flows.sessions.options import RunOptions
from flows.sessions.which_run import (
    cutover_to_roll_back,
    finished_run,
    migration_to_resume,
    repairable_run,
    require_leftover,
    require_way_back,
    round_to_remove,
    undoable_migration,
    unfinished_rehearsal,
)
from runs.begun_plan import require_same_plan
from runs.errors import Busy, PlanChanged
from runs.journal import Journal
from runs.lifecycle import RunStatus, is_finished, is_opening, opening_has_begun
from runs.seed_cycles import forget_abort
from runs.verbs import Verb
from tasks.errors import PreconditionError
from tasks.records.plan_document import PlanDocument
from tasks.rehearsal import settings_of

_REMOVED = (RunStatus.ABANDONED, "removed by `snapferry abort`")
_ROLLED_BACK = (RunStatus.ABANDONED, "rolled back by `snapferry abort`")


# what refuses a command


def _no_removal_of_rounds(request: Request) -> None:
    """Refuse the command until a removal has ended; `seed --new-run` gives the removal up instead."""
    if not request.options.new_run:
        require_no_removal(request.state)


def _give_removal_up(request: Request, _: Journal | None) -> None:
    if request.options.new_run:
        forget_abort(request.state)


def _just_finished(_: Request, journal: Journal) -> None:
    """Refuse a run that another process has finished between the search and the lock."""
    if is_finished(journal.document):
        raise Busy(
            f"run {journal.run_id} has just been finished by another process", "see `snapferry report PLAN`"
        )


def _require_way_back(request: Request) -> None:
    require_way_back(request.state)


def _being_removed(_: Request, journal: Journal) -> None:
    if journal.document.aborting:
        raise PreconditionError(
            f"{journal.document.verb.label.lower()} {journal.run_id} is being removed",
            hint="finish that first: snapferry abort PLAN --execute",
        )


def _opening(_: Request, journal: Journal) -> None:
    require_nothing_open(journal)


def require_nothing_open(journal: Journal) -> None:
    """Raise PreconditionError when a cutover or fallback is opening: then nothing is rolled back any more."""
    verb, opened = journal.document.verb, "the source" if journal.document.back else "the target"
    if is_opening(journal.document) and opening_has_begun(journal.document):
        raise PreconditionError(
            f"{verb.label.lower()} {journal.run_id} is opening {opened}: nothing is rolled back any more",
            hint=f"the same command finishes it: {verb.command}",
        )


def _other_options(request: Request, journal: Journal) -> None:
    """Refuse to resume a rehearsal with other options, but for whether to keep what it makes."""
    begun, wanted = settings_of(journal), request.rehearsal
    assert wanted
    differing = [
        f"{name}: {getattr(begun, name)!r} → {getattr(wanted, name)!r}"
        for name in ("prefix", "only", "shadow")
        if getattr(begun, name) != getattr(wanted, name)
    ]
    if differing:
        raise PlanChanged(
            f"rehearsal {journal.run_id} is unfinished; its options were others: {'; '.join(differing)}",
            "resume it with those options, or remove it: snapferry abort PLAN --execute",
        )


def _adopt_keep(request: Request, journal: Journal | None) -> None:
    """Whether to keep what a rehearsal makes is decided by the latest command."""
    wanted = request.rehearsal
    if journal and wanted and settings_of(journal).keep != wanted.keep:
        journal.document.rehearsal = wanted.model_dump(mode="json")
        journal.save()


# the table

MIGRATE = VerbRules(
    verb=Verb.MIGRATE,
    resumes=lambda request: migration_to_resume(
        request.state,
        new_run=request.options.new_run,
        saved=request.saved.run_id if request.saved else "",
    ),
    to_begin=(lambda request: require_no_copies(request.state, request.options.new_run),),
    to_resume=(_just_finished, _being_removed),
)

REHEARSE = VerbRules(
    verb=Verb.REHEARSE,
    resumes=lambda request: unfinished_rehearsal(request.state),
    to_resume=(_being_removed,),
    same_options=_other_options,
    prepare=_adopt_keep,
)

SEED = VerbRules(
    verb=Verb.SEED,
    excluded_by=(_no_removal_of_rounds, lambda request: require_no_frozen_cutover(request.state)),
    resumes=lambda request: None if request.options.new_run else request.state.unfinished(Verb.SEED),
    to_begin=(lambda request: require_not_open(request.state, request.options.new_run),),
    may_differ=("cutover",),
    prepare=_give_removal_up,
)

FOLLOW = VerbRules(
    verb=Verb.FOLLOW,
    excluded_by=(
        lambda request: require_no_removal(request.state),
        lambda request: require_no_frozen_cutover(request.state),
    ),
    resumes=lambda request: request.state.unfinished(Verb.FOLLOW),
    to_begin=(
        lambda request: require_not_open_or_promised(request.state, request.options.new_run),
        lambda request: require_no_unfinished_round(request.state),
    ),
    may_differ=("cutover", "verify"),
)

FOLLOW_BACK = VerbRules(
    verb=Verb.FOLLOW,
    back=True,
    excluded_by=(lambda request: require_no_frozen_cutover(request.state),),
    resumes=lambda request: request.state.unfinished(Verb.FOLLOW),
    to_begin=(_require_way_back,),
    may_differ=("cutover", "verify"),
)

FALLBACK = VerbRules(
    verb=Verb.FALLBACK,
    back=True,
    excluded_by=(lambda request: require_no_frozen_forward_cutover(request.state),),
    resumes=lambda request: request.state.unfinished(Verb.FALLBACK),
    to_begin=(_require_way_back,),
    may_differ=("cutover", "verify"),
)

CUTOVER = VerbRules(
    verb=Verb.CUTOVER,
    excluded_by=(
        lambda request: require_no_removal(request.state),
        lambda request: require_no_frozen_fallback(request.state),
    ),
    resumes=lambda request: request.state.unfinished(Verb.CUTOVER),
    to_begin=(lambda request: require_no_unfinished_round(request.state),),
    may_differ=("cutover",),
)

ABORT_REHEARSAL = VerbRules(
    resumes=lambda request: require_leftover(request.state),
    may_differ=None,
    removes=True,
    ends=_REMOVED,
)

ABORT_MIGRATION = VerbRules(
    resumes=lambda request: undoable_migration(request.state, request.seen),
    may_differ=None,
    removes=True,
    ends=_REMOVED,
)

ABORT_SEEDING = VerbRules(
    resumes=lambda request: round_to_remove(request.state, request.seen),
    may_differ=None,
    removes=True,
    ends=_REMOVED,
)

ABORT_CUTOVER = VerbRules(
    resumes=lambda request: cutover_to_roll_back(request.state, request.seen),
    to_resume=(_opening,),
    may_differ=None,
    ends=_ROLLED_BACK,
)

FINISH = VerbRules(
    resumes=lambda request: finished_run(request.state),
    may_differ=None,
    reopens=False,
)

REPAIR = VerbRules(
    resumes=lambda request: repairable_run(request.state),
    may_differ=("verify", "cutover"),
    reopens=False,
)


def finished_before(plan: Plan, options: RunOptions, saved: PlanDocument | None = None) -> Journal | None:
    """The finished migration that the same command would only show again; None where there is work to do.

    Raises:
        PlanChanged: the plan has changed since.
        PreconditionError: as in `migration_to_resume`.
    """
    journal = MIGRATE.resumes(Request(plan, options, saved))
    if journal is None or not is_finished(journal.document):
        return None
    require_same_plan(journal, plan)
    return journal
