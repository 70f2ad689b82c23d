"""Comparing two domains by themselves: without a plan, a run or a state folder. Imports no Prefect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from configs.plan import DomainSettings, IndexSelection, NoAuth, VerifySettings
from domains.catalog import Catalog, catalog
from domains.cluster import identity
from domains.domain import Domain, open_domain
from domains.errors import Denied
from tasks.errors import PreconditionError
from tasks.records import LeftOut, SelectedIndex, VerificationRecord
from tasks.selection import Selection, matches, select
from tasks.system_indices import is_system_index
from tasks.verification.comparison import Comparison
from tasks.verification.renames import Rename, renamed
from tasks.verification.run import compared


@dataclass(frozen=True)
class Asked:
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


def verified_alone(asked: Asked) -> VerificationRecord:
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
        why = sorted({item.reason for item in selection.left_out if item.reason != "not included"})
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
            yield LeftOut(name=name, reason="only on the target")
