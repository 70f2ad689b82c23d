"""Which documents a ranking has lost, gained or moved. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from tasks.queries.ranking.ties import Ranking
from tasks.records.queries import RankChange, RankKind

Document = tuple[str, str]
"""Index, under its name on the source, and id."""


def changes(
    source: Ranking[Document],
    target: Ranking[Document],
    depth: int,
    scores: tuple[Mapping[Document, float | None], Mapping[Document, float | None]],
) -> list[RankChange]:
    """The documents of the first `depth` ranks that are not where they were, the best ranks first.

    A member of a tie that is cut by `depth` is lost or gained only if the other side does not have it in its
    first ranks or in its own cut tie.

    Args:
        scores: of each side, by document; None where the search is not sorted by them.
    """
    before, after = ({each: found.ranks[each] for each in found.first(depth)} for found in (source, target))
    found = list(_changes(before, after))
    made = (
        RankChange(
            index=document[0],
            id=document[1],
            kind=kind,
            source_rank=before.get(document),
            target_rank=after.get(document),
            source_score=scores[0].get(document),
            target_score=scores[1].get(document),
        )
        for kind, document in found
    )
    return sorted(made, key=lambda each: (min(_ranks(each)), each.id))


def _changes(
    before: Mapping[Document, int], after: Mapping[Document, int]
) -> Iterator[tuple[RankKind, Document]]:
    for document in before.keys() | after.keys():
        was, is_now = before.get(document), after.get(document)
        if is_now is None:
            yield "lost", document
        elif was is None:
            yield "gained", document
        elif was != is_now:
            yield "moved", document


def _ranks(change: RankChange) -> Iterable[int]:
    return (rank for rank in (change.source_rank, change.target_rank) if rank is not None)


def score_difference(
    source: Mapping[Document, float | None], target: Mapping[Document, float | None]
) -> float | None:
    """The largest relative difference of scores of the same document; None where none can be compared."""
    both = [(source[each], target[each]) for each in source.keys() & target.keys()]
    pairs = [(left, right) for left, right in both if left is not None and right is not None]
    return max((abs(a - b) / max(abs(a), abs(b)) for a, b in pairs if a != b), default=0.0 if pairs else None)
