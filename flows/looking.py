"""What verbs without a flow do: look at both domains, without a run of their own. Imports no Prefect."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from configs.plan import Plan
from domains import figures
from domains.catalog import catalog
from domains.cluster import identity
from domains.digests import Digests, digests
from domains.domain import Domain, Side
from domains.mark import Mark
from flows.beside import require_no_copies
from flows.estimating import estimate_of, kept_estimate
from flows.rehearsals import target_of, to_rehearse
from flows.session import (
    Options,
    decided_before,
    open_domains,
    open_side,
    require_same_clusters,
    run_before,
)
from runs.journal import Document, Journal, now
from runs.state import State, is_finished, new_run_id, plan_record, require_same_plan
from tasks import resolve as resolving
from tasks.checks.catalogue import FIRST, THEN, WINDOW
from tasks.checks.records import CheckRecord
from tasks.checks.run import run_checks
from tasks.checks.safety import consents_needed, existing_uuid
from tasks.estimate import Estimate
from tasks.migration import Consents, Migration
from tasks.planning import Ahead, PlanDocument, plan_document, still_ahead
from tasks.records import MarksRecord, Resolution, SelectedIndex, VerificationRecord
from tasks.rehearsal import Rehearsal
from tasks.rounds.changes import STEP as COMPARE
from tasks.rounds.ledger import ledger
from tasks.rounds.records import ChangesRecord
from tasks.rounds.units import singly
from tasks.saved import sealed
from tasks.survey import SIDES, Survey
from tasks.verification import run as verifying


@dataclass(frozen=True)
class Planned:
    """A migration resolved.

    Args:
        fresh: whether it was resolved just now; False for what a run has decided before.
        continues, finished: the run that the next `migrate` would continue, or only show, if any.
    """

    document: PlanDocument
    fresh: bool
    continues: str | None = None
    finished: str | None = None


def planned(plan: Plan, options: Options, saved: PlanDocument | None = None) -> Planned:
    """What `migrate --execute` would do with these options. Reads only.

    Args:
        saved: the saved plan that would be executed: its run and snapshot are taken over.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    state = State(options.state, plan.name)
    before = run_before(state, options, saved)
    if before is None:
        require_no_copies(state, options.new_run)
    run_id = before.run_id if before else saved.run_id if saved else new_run_id()
    m = onlooker(plan, options, run_id)
    look = Survey.of(m)
    if before is None:
        return Planned(_estimated(m, resolving.resolve(m, look), look, state), fresh=True)
    require_same_plan(before, plan)
    over = is_finished(before)
    decided = _decided(before, m) if over else decided_before(before)
    if decided is None:
        resolution = resolving.resolve(m, look)
        return Planned(_estimated(m, resolution, look, state), fresh=True, continues=before.run_id)
    require_same_clusters(before, (look.identity("source").uuid, look.identity("target").uuid))
    expected = None if over else kept_estimate(before)
    document = _document(m, look, decided, still_ahead(before, finished=over), expected)
    if over:
        return Planned(document, fresh=False, finished=before.run_id)
    return Planned(document, fresh=False, continues=before.run_id)


def rehearsal_planned(plan: Plan, wanted: Rehearsal, options: Options) -> PlanDocument:
    """What `rehearse --execute` would do with these options, before it removes it again. Reads only.

    Raises:
        SnapferryError: refused, or a domain could not be looked at.
    """
    real = onlooker(target_of(plan, wanted), options, new_run_id())
    m, look = to_rehearse(real, wanted)
    state = State(options.state, plan.name)
    document = _estimated(m, resolving.resolve(m, look), look, state, gated=False)
    return sealed(document.model_copy(update={"kind": "rehearsal-plan"}))


def _decided(journal: Journal, m: Migration) -> Resolution:
    return journal.document.recorded("resolve", Resolution) or resolving.resolve_names(m)


def document_of(m: Migration, resolution: Resolution) -> PlanDocument:
    """The document of a run that has just been resolved, without an estimate. Reads only."""
    return _document(m, Survey.of(m), resolution, Ahead(), None)


def _estimated(
    m: Migration, resolution: Resolution, look: Survey, state: State, *, gated: bool = True
) -> PlanDocument:
    """The document of a migration that has just been resolved, with how long it will take."""
    run_id = m.journal.run_id
    expected = estimate_of(look, resolution, state, gated=gated, run_id=run_id)
    return _document(m, look, resolution, Ahead(), expected)


def _document(
    m: Migration, look: Survey, resolution: Resolution, ahead: Ahead, estimate: Estimate | None
) -> PlanDocument:
    names = {index.name for index in resolution.indices} & look.catalog("source").indices.keys()
    return sealed(
        plan_document(
            m,
            look,
            resolution,
            consents=tuple(consents_needed(look)) if not ahead.finished else (),
            digests=digests(m.source, names) if not ahead.finished else Digests(),
            snapshot_uuid=existing_uuid(look) if not ahead.finished else None,
            counts=_counts(look, names) if not ahead.finished else {},
            ahead=ahead,
            estimate=estimate,
        )
    )


def _counts(look: Survey, names: Collection[str]) -> dict[str, int]:
    """Live documents of the open ones of these indices, without a refresh; none where it cannot be told."""
    held = look.catalog("source").indices
    version = look.identity("source").version
    found = figures.counts(look.domain("source"), version, sorted(n for n in names if held[n].open))
    return {name: each.count for name, each in found.items() if not each.problem}


def checked(plan: Plan, consents: Consents) -> tuple[CheckRecord, ...]:
    """The result of every preflight check. Reads only; a side that cannot be opened is a result, too.

    Args:
        consents: what the user has consented to so far.
    """
    openers: dict[Side, Callable[[], Domain]] = {side: partial(open_side, plan, side) for side in SIDES}
    assumed = Consents(frozenset(plan.conflicts.delete), partial=True)
    return run_checks(Survey(plan, openers, assumed, given=consents), FIRST, (*THEN, *WINDOW))


def verified(plan: Plan, state: Path) -> VerificationRecord:
    """Compares what the plan's latest run moved; without a run, the plan's indices under their own names.

    Reads, and refreshes both sides.

    Raises:
        PlanChanged: the plan, or a cluster, is another than the run's.
        SnapferryError: a domain could not be looked at.
    """
    migration = onlooker(plan, Options(state), new_run_id())
    runs = State(state, plan.name)
    latest = _latest(runs)
    decided = latest.document.recorded("resolve", Resolution) if latest else None
    if latest is None or decided is None:
        return verifying.verify(migration, _as_they_wait(migration, resolving.resolve_names(migration), runs))
    require_same_plan(latest, plan, but=("verify", "cutover"))
    require_same_clusters(latest, _uuids(migration))
    return verifying.verify(migration, decided, _marks(latest))


def _latest(state: State) -> Journal | None:
    """The plan's latest migration or cutover."""
    found = filter(None, (state.current(verb) for verb in ("migrate", "cutover")))
    return max(found, key=lambda journal: journal.document.started, default=None)


def _marks(journal: Journal) -> dict[str, tuple[Mark, ...]]:
    """How far the source had come before the snapshot that the copies are from."""
    marked = journal.document.recorded("mark", MarksRecord)
    compared = journal.document.recorded(COMPARE, ChangesRecord)
    return marked.marks if marked else compared.marks if compared else {}


def _as_they_wait(m: Migration, resolution: Resolution, state: State) -> Resolution:
    """Copies of seed rounds wait closed, data streams as backing indices: compared as closed indices are."""
    copies = ledger(state).copies
    if not copies:
        return resolution
    there = catalog(m.target).indices
    shut = {name for name in copies if name in there and not there[name].open}
    units = (
        unit.model_copy(update={"indices": tuple(_waiting(index, shut) for index in unit.indices)})
        for unit in singly(resolution.moving)
    )
    return resolution.model_copy(update={"units": tuple(units)})


def _waiting(index: SelectedIndex, shut: set[str]) -> SelectedIndex:
    return index.model_copy(update={"open": False}) if index.target in shut else index


def _uuids(m: Migration) -> tuple[str, str]:
    return identity(m.source).uuid, identity(m.target).uuid


def onlooker(plan: Plan, options: Options, run_id: str) -> Migration:
    """A migration whose journal is never written."""
    source, target = open_domains(plan)
    document = Document(plan=plan_record(plan), run_id=run_id, verb="look", started=now())
    journal = Journal(options.state / "unwritten.json", document)
    return Migration(plan, source, target, journal, options.consents)
