"""The `verify` verb: compare the source with the target, with or without a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from configs.plan import DomainSettings, IndexSelection, NoAuth, Plan, VerifySettings
from domains.domain import Domain, open_domain
from domains.engine.catalog import Catalog, catalog
from domains.engine.cluster import identity
from domains.errors import Denied
from domains.shard_mark import Mark
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
from tasks.records.resolution import LeftOut, LeftOutReason, Resolution, SelectedIndex
from tasks.records.verification import VerificationRecord
from tasks.seeding.ledger import ledger
from tasks.seeding.scope import singly
from tasks.selection.select import Selection, is_system_index, matches, select
from tasks.verification import run as verifying
from tasks.verification.comparison import Comparison
from tasks.verification.renames import Rename, renamed
from tasks.verification.run import compared


@dataclass(frozen=True)
class VerifyOptions:
    """What is to be compared.

    Args:
        source, target: the two domains.
        indices: which of the source's indices and data streams.
        renames: what is called otherwise on the target.
        settings: how far.
    """

    source: DomainSettings
    target: DomainSettings
    indices: IndexSelection
    renames: tuple[Rename, ...]
    settings: VerifySettings


def verify_without_plan(asked: VerifyOptions) -> VerificationRecord:
    """Compares indices of the source with those of the target, under their names there.

    Reads, and refreshes both sides. Keeps nothing; may be repeated.

    Raises:
        PreconditionError: there is nothing to compare, or something would be compared with itself.
        SnapferryError: a domain could not be looked at.
    """
    source, target = open_domain("source", asked.source), open_domain("target", asked.target)
    whole = _uuid(source, asked.source) == _uuid(target, asked.target)
    held = catalog(source)
    selection = select(held, asked.indices)
    _require_chosen(selection)
    indices = renamed([index for unit in selection.units for index in unit.indices], asked.renames)
    if whole:
        _require_other_names(indices)
    skipped = [item for item in selection.left_out if matches(item.name, asked.indices.include)]
    if not asked.renames:
        skipped += _only_there(catalog(target), held, asked.indices)
    return compared(Comparison(source, target, indices, asked.settings), tuple(skipped))


def _uuid(domain: Domain, settings: DomainSettings) -> str:
    """Who answers; a side that was asked without credentials and wants some is told by its options."""
    try:
        return identity(domain).uuid
    except Denied as error:
        if not isinstance(settings.auth, NoAuth):
            raise
        side = domain.side
        hint = f"requests carried no credentials: give --{side}-region to sign them, or --{side}-user"
        raise PreconditionError(error.message, hint=hint) from error


def _require_chosen(selection: Selection) -> None:
    """A pattern that fits nothing is taken for a mistake: what it was to name would not be compared."""
    if selection.unmatched:
        raise PreconditionError(
            f"--indices {selection.unmatched[0]} fits no index and no data stream on the source",
            hint="correct it, or leave it out",
        )
    if not selection.units:
        why = sorted({item.reason for item in selection.left_out} - {LeftOutReason.NOT_INCLUDED})
        left = f" (left out: {', '.join(why)})" if why else ""
        raise PreconditionError(f"the source has nothing to compare{left}", hint="name other indices")


def _require_other_names(indices: Sequence[SelectedIndex]) -> None:
    """On one cluster an index would be equal to itself, which proves nothing."""
    same = [index.name for index in indices if index.name == index.target]
    if same:
        raise PreconditionError(
            f"source and target are one cluster: {same[0]} would be compared with itself",
            hint="correct an endpoint, or name the other index: --rename OLD=NEW",
        )


def _only_there(target: Catalog, source: Catalog, wanted: IndexSelection) -> Iterator[LeftOut]:
    """What fits on the target and is not on the source: it is listed, for nothing is compared with it."""
    for name, index in target.indices.items():
        called = index.stream or name
        fits = matches(called, wanted.include) and not matches(called, wanted.exclude)
        if fits and name not in source.indices and not is_system_index(called):
            yield LeftOut(name=name, reason=LeftOutReason.ONLY_ON_THE_TARGET)


def verify_plan(plan: Plan, state: Path) -> VerificationRecord:
    """Compares what the plan's latest run moved; without a run, the plan's indices under their own names.

    Reads, and refreshes both sides.

    Raises:
        PlanChanged: the plan, or a cluster, is another than the run's.
        SnapferryError: a domain could not be looked at.
    """
    migration = read_only_migration(plan, RunOptions(state=state), new_run_id())
    runs = State(state, plan.name)
    latest = _latest(runs)
    decided = latest.document.recorded(steps.RESOLVE) if latest else None
    if latest is None or decided is None:
        return verifying.verify(migration, _as_they_wait(migration, resolving.resolve_names(migration), runs))
    require_same_plan(latest, plan, but=("verify", "cutover"))
    require_same_clusters(latest, _uuids(migration))
    return verifying.verify(migration, decided, _marks(latest))


def _latest(state: State) -> Journal | None:
    """The plan's latest migration or cutover."""
    found = filter(None, (state.current(verb) for verb in (Verb.MIGRATE, Verb.CUTOVER)))
    return max(found, key=lambda journal: journal.document.started, default=None)


def _marks(journal: Journal) -> dict[str, tuple[Mark, ...]]:
    """How far the source had come before the snapshot that the copies are from."""
    marked = journal.document.recorded(steps.MARK)
    compared = journal.document.recorded(steps.COMPARE)
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
