"""How alike two rankings with ties are: overlap and rank-biased overlap. Pure."""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

from tasks.queries.ranking.ties import Ranking, same_key

PERSISTENCE = 0.9
"""The chance that a reader goes on to the next rank: the first ten ranks have 86 % of the weight."""
D = TypeVar("D", bound=Hashable)


@dataclass(frozen=True)
class Likeness:
    """How alike the first ranks of two rankings are.

    Args:
        overlap, rbo: 0 to 1; 1 for rankings that differ only inside of ties.
        depth: the ranks that were compared.
        undecided: whether the ranks after those tie with more documents than were fetched, on both sides.
    """

    overlap: float
    rbo: float
    depth: int
    undecided: bool = False


def likeness(source: Ranking[D], target: Ranking[D], top: int) -> Likeness:
    """Compare the first `top` ranks.

    Where both sides end in the same tie, with more members than were fetched, only the ranks above are
    compared: which of its members a reply holds is chance.
    """
    depth = min(top, max(source.length, target.length))
    left, right = source.open_from(depth), target.open_from(depth)
    if left and right and left.above == right.above and same_key(left.key, right.key):
        above = left.above
        return Likeness(overlap(source, target, above), rbo(source, target, above), above, undecided=True)
    return Likeness(overlap(source, target, depth), rbo(source, target, depth), depth)


def overlap(source: Ranking[D], target: Ranking[D], depth: int) -> float:
    """The share of the first ranks that both sides can fill with the same documents.

    The members of a tie that is cut by `depth` are interchangeable: those count that fit best. 1 where
    neither side has any.
    """
    places = min(depth, max(source.length, target.length))
    if not places:
        return 1.0
    certain, maybe, free = _split(source, places)
    other, other_maybe, other_free = _split(target, places)
    taken = min(free, len(maybe & other))
    other_taken = min(other_free, len(other_maybe & certain))
    both = min(free - taken, other_free - other_taken, len(maybe & other_maybe))
    return (len(certain & other) + taken + other_taken + both) / places


def _split(found: Ranking[D], depth: int) -> tuple[frozenset[D], frozenset[D], int]:
    """The documents that are certainly among the first, those of the tie that is cut, and its places."""
    certain = frozenset(each for group in found.groups if group.end <= depth for each in group.documents)
    cut = next((group for group in found.groups if group.above < depth < group.end), None)
    return certain, cut.documents if cut else frozenset(), depth - cut.above if cut else 0


def rbo(source: Ranking[D], target: Ranking[D], depth: int, persistence: float = PERSISTENCE) -> float:
    """Rank-biased overlap, extrapolated from the first `depth` ranks, with ties.

    `A_k p^k + (1 - p)/p · Σ A_d p^d` over the depths d = 1 … k, where A_d is the agreement of the first d:
    RBO_ext of Webber, Moffat and Zobel, “A similarity measure for indefinite rankings”, TOIS 28 (2010). A
    document of a tie that is cut at d belongs to the first d by its fraction, and A_d is normalised as RBO^b
    of Corsi and Urbano, “The Treatment of Ties in Rank-Biased Overlap”, SIGIR 2024: so two rankings with the
    same ties have 1, whatever the order inside of them. A ranking that ends before `depth` has nothing there.

    Returns:
        0 (nothing in common) to 1; symmetric; 1 where there is nothing to compare.
    """
    if not depth:
        return 1.0
    total, agreed = 0.0, 1.0
    for at in range(1, depth + 1):
        agreed = _agreement(source, target, at)
        total += agreed * persistence**at
    made = agreed * persistence**depth + (1 - persistence) / persistence * total
    return min(1.0, max(0.0, made))


def _agreement(source: Ranking[D], target: Ranking[D], depth: int) -> float:
    left = {each: source.share(each, depth) for each in source.first(depth)}
    right = {each: target.share(each, depth) for each in target.first(depth)}
    if not left or not right:
        return 1.0 if not left and not right else 0.0
    common = math.fsum(share * right.get(each, 0.0) for each, share in left.items())
    lengths = [math.fsum(share * share for share in each.values()) for each in (left, right)]
    return min(1.0, common / math.sqrt(lengths[0] * lengths[1]))
