"""The migration as a Prefect flow: for the command, and for deployments."""

from pathlib import Path

from prefect import flow
from prefect.runtime.flow_run import get_parameters
from pydantic import BaseModel, ConfigDict, Field

from configs.plan import Plan
from configs.problems import PlanError
from domains.replies import is_object
from flows import looking
from flows.artifacts import shown_in_prefect
from flows.estimating import expect
from flows.gates import waited_at
from flows.saved_plans import plan_in, read
from flows.session import Options, decided_before, finished_before, session
from flows.steps import run_step
from flows.telling import require_heard, tell_the_end_again
from reports import words
from runs.events import Happening, announce
from runs.journal import Journal
from runs.progress import Progress, tell
from runs.state import State, default_folder, plan_record
from tasks import repository, resolve, restore, snapshot
from tasks.errors import ExecutionError, PreconditionError, VerificationFailed
from tasks.migration import Consents, Migration
from tasks.planning import PlanDocument
from tasks.records import MarksRecord, Resolution, RestoreRecord, Verdict, VerificationRecord
from tasks.saved import require_unchanged
from tasks.verification.run import verify

MARK = "mark"


class ConsentParameters(BaseModel):
    """The risks accepted for this run, each by name; none by default."""

    model_config = ConfigDict(extra="forbid")
    allow_delete: list[str] = Field(
        default_factory=list[str],
        description="Names on the target that may be deleted, as the plan lists them.",
    )
    allow_partial: bool = Field(default=False, description="Whether a PARTIAL snapshot may be restored.")
    allow_freeze: bool = Field(
        default=False, description="Whether the source may be made to refuse writes for a cutover."
    )

    @classmethod
    def of(cls, given: Consents) -> "ConsentParameters":
        """As a flow takes what a command line has given."""
        return cls(allow_delete=sorted(given.delete), allow_partial=given.partial, allow_freeze=given.freeze)

    def consents(self) -> Consents:
        """As the steps take them."""
        return Consents(frozenset(self.allow_delete), self.allow_partial, self.allow_freeze)


def asked(execute: bool, consents: ConsentParameters, state: str | None, *, new_run: bool = False) -> Options:
    """What a flow was asked for, as a session takes it.

    Raises:
        PreconditionError: it was not told to execute.
    """
    if not execute:
        raise PreconditionError("nothing was done: the flow changes domains only with execute: true")
    return Options(Path(state) if state else default_folder(), consents.consents(), new_run)


def run_name() -> str:
    """The flow run's name: the plan's."""
    plan = get_parameters()["plan"]
    return str(plan["name"] if is_object(plan) else plan.name)


@flow(name="migrate", flow_run_name=run_name, persist_result=False)
def migrate(
    plan: Plan,
    execute: bool = False,
    consents: ConsentParameters = ConsentParameters(),  # noqa: B008
    new_run: bool = False,
    state: str | None = None,
    saved_plan: str | None = None,
) -> str:
    """Moves the plan's indices from source to target, verified; continues a run that was interrupted.

    Args:
        plan: the plan, as in its YAML file. It names secrets, it holds none.
        execute: without it the flow refuses: nothing that changes a domain runs unasked.
        consents: the risks accepted.
        new_run: start another run although one has finished, or is unfinished.
        state: the state folder, on the machine that runs the flow; None for the default one.
        saved_plan: a file of `snapferry plan -o` on that machine, made from this plan: exactly that is done.

    Returns:
        The run's id. A finished run is not repeated: its id is returned, or its failure raised again.

    Raises:
        SnapferryError: refused, failed, interrupted or different; the journal holds the whole story.
    """
    options = asked(execute, consents, state, new_run=new_run)
    saved = _saved(plan, saved_plan)
    before = finished_before(plan, options, saved)
    if before:
        tell_the_end_again(plan, State(options.state, plan.name), before)
        return _as_it_ended(before)
    with shown_in_prefect(plan.name, session(plan, options, saved)) as migration:
        chain(migration, saved)
    return migration.journal.run_id


def _saved(plan: Plan, file: str | None) -> PlanDocument | None:
    if file is None:
        return None
    try:
        document = read(Path(file))
        if plan_record(plan_in(document, Path(file))) == plan_record(plan):
            return document
    except PlanError as error:
        raise PreconditionError(str(error)) from error
    raise PreconditionError(f"{file} was saved from another plan than the one given", hint="save it again")


def _as_it_ended(journal: Journal) -> str:
    if journal.document.status == "different":
        raise VerificationFailed(journal.document.message, journal.document.hint)
    require_heard(journal)
    return journal.run_id


def chain(m: Migration, saved: PlanDocument | None = None) -> None:
    """The steps in their order. Each looks before it acts: a continued run goes through all of them again.

    Args:
        saved: the saved plan that is executed; refused when the domains are not as they were.
    """
    resolution = _resolution(m, saved)
    expect(m, resolution)
    register(m, resolution)
    if waited_at(m, "before-snapshot"):
        resolution = _resolution(m, saved)  # after a long wait: what moves, and what refuses it, again
    require_equal(moved(m, resolution))


def register(m: Migration, resolution: Resolution) -> None:
    """Registers the repository on both domains."""
    region = resolution.bucket_region
    source = run_step(m.journal, "register on source", lambda: repository.register_source(m, region))
    kept(m, "register on source", source, words.repository(source))
    target = run_step(m.journal, "register on target", lambda: repository.register_target(m, region))
    kept(m, "register on target", target, words.repository(target))


def moved(m: Migration, resolution: Resolution) -> VerificationRecord:
    """Does what was decided, up to the verification, and returns that; whether it passed is the caller's."""
    marked = _marked(m, resolution)
    adopted = run_step(m.journal, "start snapshot", lambda: snapshot.start_snapshot(m, resolution))
    taken = run_step(m.journal, "snapshot", lambda: snapshot.follow_snapshot(m, adopted=adopted))
    kept(m, "snapshot", taken, words.snapshot(taken))
    run_step(m.journal, "find on target", lambda: snapshot.find_on_target(m, resolution, taken))
    if waited_at(m, "before-restore"):  # it may be gone; what is in the way the restore looks at itself
        run_step(m.journal, "find on target", lambda: snapshot.find_on_target(m, resolution, taken))
    restored = run_step(m.journal, "restore", lambda: restore.restore(m, resolution, taken))
    kept(m, "restore", restored, words.restored(restored))
    require_restored(restored)
    verified = run_step(m.journal, "verify", lambda: verify(m, resolution, marked.marks))
    kept(m, "verify", verified, words.verified(verified))
    if verified.passed:
        announce(Happening("verified", words.verified(verified)))
    return verified


def _marked(m: Migration, resolution: Resolution) -> MarksRecord:
    """How far the source had come before the snapshot: once that may have begun, what was read before it."""
    before = m.journal.document.recorded(MARK, MarksRecord)
    if before or m.journal.intents("snapshot"):
        return before or MarksRecord(marks={})
    marked = run_step(m.journal, MARK, lambda: snapshot.mark(m, resolution))
    m.journal.keep(MARK, marked)
    return marked


def kept(m: Migration, step: str, record: BaseModel, said: str) -> None:
    """Writes a step's record, and tells that it is done."""
    m.journal.keep(step, record)
    tell(Progress(step, said, finished=True))


def _resolution(m: Migration, saved: PlanDocument | None) -> Resolution:
    """Decided once: from the snapshot on, a continued run keeps to what was decided."""
    decided = decided_before(m.journal)
    if decided:
        return decided
    resolution = run_step(m.journal, "resolve", lambda: resolve.resolve(m))
    if saved:
        require_unchanged(saved, looking.document_of(m, resolution))
    resolve.require_moving(resolution)
    kept(m, "resolve", resolution, words.resolved(resolution))
    return resolution


def require_restored(record: RestoreRecord) -> None:
    """Raises ExecutionError unless every index was restored."""
    failed = [index for index in record.indices if not index.restored]
    if failed:
        named = ", ".join(index.target for index in failed[:5])
        raise ExecutionError(
            f"{len(failed)} of {len(record.indices)} indices were not restored: {named}",
            "put the reasons right, then run the same command again: it restores them once more "
            "(of a data stream, delete on the target what is half there first)",
        )


def require_true_copy(record: VerificationRecord) -> None:
    """Raises VerificationFailed unless all that the source held at its snapshot is there."""
    if not record.bracketed:
        require_equal(record)


def require_equal(record: VerificationRecord) -> None:
    """Raises VerificationFailed unless every index was compared and found equal."""
    if record.passed:
        return
    failing = record.failing
    if not failing and record.refuted:
        raise VerificationFailed(
            "; ".join(words.finding(finding) for finding in record.refuted[:3]),
            "`snapferry verify` asks again",
        )
    shown = "; ".join(f"{verdict.target} ({_counts(verdict)})" for verdict in failing[:3])
    more = f"; and {len(failing) - 3} more" if len(failing) > 3 else ""
    raise VerificationFailed(
        f"{len(failing)} of {len(record.verdicts)} indices differ or could not be compared: {shown}{more}",
        "`snapferry verify` compares again; `snapferry report` lists every index",
    )


def _counts(verdict: Verdict) -> str:
    source, target = (
        "unknown" if count is None else str(count) for count in (verdict.source_count, verdict.target_count)
    )
    return f"{source} on the source, {target} on the target"
