"""The `verify` verb: compare the source with the target, with or without a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from configs.plan import DomainSettings, IndexSelection, NoAuth, Plan, VerifySettings
from domains.domain import Domain
from domains.engine.catalog import Catalog, catalog
from domains.engine.cluster import identity
from domains.errors import Denied
from domains.shard_mark import Mark
from flows.sessions.first_contact import Contact, contact_between
from flows.sessions.options import RunOptions
from flows.sessions.session import read_only_migration
from runs.begun_plan import require_same_clusters, require_same_plan
from runs.journal import Journal
from runs.state import State, new_run_id
from runs.verbs import Verb
from tasks import steps
from tasks.errors import PreconditionError
from tasks.migration import Migration
from tasks.planning import resolve as resolving
from tasks.queries.in_verification import with_queries
from tasks.records.repair import RepairedIndex
from tasks.records.resolution import LeftOut, LeftOutReason, Resolution, SelectedIndex
from tasks.records.verification import Verdict, VerificationRecord
from tasks.seeding.ledger import ledger
from tasks.seeding.scope import COPY_SETTINGS, split_streams
from tasks.selection.select import Selection, matches, select
from tasks.selection.system_indices import system_indices_of
from tasks.tail.later_proof import compare_later
from tasks.verification import run as verifying
from tasks.verification.against_record import verify_against_record
from tasks.verification.asked_settings import with_asked_settings
from tasks.verification.comparison import NAMED, Comparison
from tasks.verification.renames import Rename, renamed
from tasks.verification.run import compared


@dataclass(frozen=True)
class VerifyOptions:
    """What to compare.

    Args:
        source, target: the two domains.
        indices: the source's indices and data streams to compare.
        renames: indices with a different name on the target.
        settings: how thoroughly to compare.
    """

    source: DomainSettings
    target: DomainSettings
    indices: IndexSelection
    renames: tuple[Rename, ...]
    settings: VerifySettings


def verify_without_plan(options: VerifyOptions) -> VerificationRecord:
    """Compare indices of the source with those of the target, under their names there.

    Reads, and refreshes both sides. Records nothing; safe to repeat.

    Raises:
        PreconditionError: there is nothing to compare, or something would be compared with itself.
        SnapferryError: a domain could not be read.
    """
    scope = scope_without_plan(options)
    comparison = Comparison(scope.source, scope.target, scope.indices, options.settings)
    return compared(comparison, scope.skipped)


@dataclass(frozen=True)
class ComparedScope:
    """Two domains without a plan, and the pairs of indices to compare.

    Args:
        skipped: names that nothing is compared with.
    """

    source: Domain
    target: Domain
    indices: tuple[SelectedIndex, ...]
    skipped: tuple[LeftOut, ...]


def scope_without_plan(options: VerifyOptions) -> ComparedScope:
    """What is compared between two domains, under its names there. Reads only.

    Raises:
        PreconditionError: there is nothing to compare, or something would be compared with itself.
        SnapferryError: a domain could not be read.
    """
    met = _contact(options)
    (source, target), same_cluster = met.domains, met.uuids[0] == met.uuids[1]
    source_catalog = catalog(source)
    selection = select(source_catalog, options.indices)
    _require_selection(selection)
    indices = renamed([index for unit in selection.units for index in unit.indices], options.renames)
    if same_cluster:
        _require_other_names(indices)
    skipped = [item for item in selection.left_out if matches(item.name, options.indices.include)]
    if not options.renames:
        skipped += _only_on_target(catalog(target), source_catalog, options.indices)
    return ComparedScope(source, target, indices, tuple(skipped))


def _contact(options: VerifyOptions) -> Contact:
    """Both domains; if a side without credentials asks for some, the error names the options."""
    try:
        return contact_between(options.source, options.target, lambda side, _: f"--{side}")
    except Denied as error:
        side = "source" if error.asked.startswith("source") else "target"
        settings = options.source if side == "source" else options.target
        if not isinstance(settings.auth, NoAuth):
            raise
        hint = f"the requests carried no credentials: give --{side}-region to sign them, or --{side}-user"
        raise PreconditionError(error.message, hint=hint) from error


def _require_selection(selection: Selection) -> None:
    """Refuse a pattern that matches nothing: probably a mistake, and what it meant would not be compared."""
    if selection.unmatched:
        raise PreconditionError(
            f"--indices {selection.unmatched[0]} matches no index or data stream on the source",
            hint="correct it, or leave it out",
        )
    if not selection.units:
        why = sorted({item.reason for item in selection.left_out} - {LeftOutReason.NOT_INCLUDED})
        left = f" (left out: {', '.join(why)})" if why else ""
        raise PreconditionError(f"the source has nothing to compare{left}", hint="name other indices")


def _require_other_names(indices: Sequence[SelectedIndex]) -> None:
    """Refuse to compare an index with itself on one cluster, which proves nothing."""
    same = [index.name for index in indices if index.name == index.target]
    if same:
        raise PreconditionError(
            f"source and target are one cluster: {same[0]} would be compared with itself",
            hint="correct an endpoint, or name the other index: --rename OLD=NEW",
        )


def _only_on_target(target: Catalog, source: Catalog, wanted: IndexSelection) -> Iterator[LeftOut]:
    """List what matches on the target but is not on the source, as nothing is compared with it."""
    for name, index in target.indices.items():
        name_to_match = index.stream or name
        fits = matches(name_to_match, wanted.include) and not matches(name_to_match, wanted.exclude)
        if fits and name not in source.indices and system_indices_of(name_to_match) is None:
            yield LeftOut(name=name, reason=LeftOutReason.ONLY_ON_THE_TARGET)


def verify_plan(plan: Plan, state: Path) -> VerificationRecord:
    """Compare what the plan's latest run moved; without a run, the plan's indices under their own names.

    Reads, and refreshes both sides.

    Raises:
        PlanChanged: the plan or a cluster is not the one of that run.
        SnapferryError: a domain could not be read.
    """
    return _verified(*scope_of_plan(plan, state), state)


def scope_of_plan(plan: Plan, state: Path) -> tuple[Migration, Resolution, Journal | None]:
    """What the plan's latest run moved; without a run, the plan's indices under their own names. Reads only.

    Raises:
        PlanChanged: the plan or a cluster is not the one of that run.
        SnapferryError: a domain could not be read.
    """
    migration = read_only_migration(plan, RunOptions(state=state), new_run_id())
    runs = State(state, plan.name)
    latest = _latest(runs)
    decided = latest.document.recorded(steps.RESOLVE) if latest else None
    if latest is None or decided is None:
        named = _with_closed_copies(migration, resolving.resolve_names(migration), runs)
        return migration, named, latest
    require_same_plan(latest, plan, but=("verify", "cutover"))
    require_same_clusters(latest, _uuids(migration))
    return migration, decided, latest


def _verified(
    m: Migration, resolution: Resolution, latest: Journal | None, state: Path
) -> VerificationRecord:
    """Compare, run the query gate, and look for settings of the plan that the engine has set aside."""
    if m.source_domain:
        repaired = latest.document.recorded(steps.REPAIR) if latest else None
        record = verify_again(m, resolution, latest, repaired.by_source if repaired else {})
        return with_queries(m, resolution, record)
    record = verify_against_record(m, resolution, latest.document if latest else None, state)
    return _with_settings(m, resolution, record)


def verify_again(
    m: Migration,
    resolution: Resolution,
    latest: Journal | None,
    repaired: Mapping[str, RepairedIndex],
    most_named: int = NAMED,
) -> VerificationRecord:
    """Compare what a run moved, some time after it. Refreshes both sides.

    Args:
        latest: the run; None without one.
        repaired: by name on the source: documents that `repair` has written since.
        most_named: documents that a verdict names, at most.
    """
    marks = _marks(latest) if latest else {}
    proved = _by_tail(m, resolution, latest, marks)
    record = verifying.verify(m, resolution, marks, proved, repaired, most_named)
    return _with_settings(m, resolution, record)


def _with_settings(m: Migration, resolution: Resolution, record: VerificationRecord) -> VerificationRecord:
    return with_asked_settings(m, resolution, record, but=COPY_SETTINGS, later=True)


def _by_tail(
    m: Migration, resolution: Resolution, latest: Journal | None, marks: Mapping[str, tuple[Mark, ...]]
) -> dict[str, Verdict]:
    """Verdicts on the indices that went by the tail: their copies have sequence numbers of their own."""
    proof = latest.document.recorded(steps.PROVE) if latest else None
    if proof is None or m.plan.verify.level == "counts":
        return {}
    opened = [index for index in resolution.indices if index.open and index.name in proof.bases]
    return compare_later(m, opened, proof.bases, marks)


def _latest(state: State) -> Journal | None:
    """The plan's latest migration or cutover."""
    found = filter(None, (state.current(verb) for verb in (Verb.MIGRATE, Verb.CUTOVER)))
    return max(found, key=lambda journal: journal.document.started, default=None)


def _marks(journal: Journal) -> dict[str, tuple[Mark, ...]]:
    """The source's shard marks from before the snapshot that the copies come from."""
    marked = journal.document.recorded(steps.MARK)
    compared = journal.document.recorded(steps.COMPARE)
    return marked.marks if marked else compared.marks if compared else {}


def _with_closed_copies(m: Migration, resolution: Resolution, state: State) -> Resolution:
    """Treat seeded copies, which are closed and hold backing indices on their own, as closed indices."""
    copies = ledger(state).copies
    if not copies:
        return resolution
    there = catalog(m.target).indices
    closed = {name for name in copies if name in there and not there[name].open}
    units = (
        unit.model_copy(update={"indices": tuple(_marked_closed(index, closed) for index in unit.indices)})
        for unit in split_streams(resolution.moving)
    )
    return resolution.model_copy(update={"units": tuple(units)})


def _marked_closed(index: SelectedIndex, closed: set[str]) -> SelectedIndex:
    return index.model_copy(update={"open": False}) if index.target in closed else index


def _uuids(m: Migration) -> tuple[str, str]:
    return identity(m.source).uuid if m.source_domain else "", identity(m.target).uuid
