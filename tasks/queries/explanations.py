"""What the engines' explanations of one document's score say differently on two sides. Pure.

An explanation is a tree whose leaves are figures. Some come from the document (`freq`, `dl`), some from the
similarity (`k1`, `b`), some from the statistics of the shard (`n`, `N`, `avgdl`), which count documents that
are deleted and not merged away: https://lucene.apache.org/core/9_12_0/core/org/apache/lucene/search/similarities/BM25Similarity.html
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from domains.http.json_replies import Json, children
from tasks.queries.ranking.ties import CLOSE
from tasks.records.queries import Cause

_DOCUMENT_NUMBER = re.compile(r" in \d+\)")
_FIELD = re.compile(r"(?:[A-Za-z]*[(\[+])*([\w.@-]+):")
"""The field of a term: before the first colon, as in `Synonym(title:fox …)`, no text can stand."""
_VALUES = re.compile(r"(?<==)[0-9.Ee+-]+")
_WEIGHT = re.compile(r"weight\((.*)\)")
_STATISTICS = ("n, ", "N, ", "avgdl, ", "docFreq", "docCount", "avgFieldLength")
_COUNTS = ("n, ", "N, ", "docFreq", "docCount")
_SIMILARITY = ("k1, ", "b, ", "parameter k1", "parameter b", "mu", "lambda", "delta", "c, ")
_DOCUMENT = ("freq, ", "dl, ", "termFreq", "fieldLength", "phraseFreq")
_DEEPEST = 40
_FIELDS = 5


@dataclass(frozen=True)
class Leaf:
    """One figure of an explanation.

    Args:
        weight: the term that it is about; empty outside of terms.
        path: the descriptions that lead to it, without the engine's own numbers.
        name: its own description.
    """

    weight: str
    path: tuple[str, ...]
    name: str
    value: float


@dataclass(frozen=True)
class Difference:
    """What differs between two explanations.

    Args:
        count_difference: by how many documents the statistics differ, at most.
    """

    causes: frozenset[Cause]
    evidence: tuple[str, ...]
    count_difference: float = 0.0


def difference(source: Json, target: Json) -> Difference:
    """Why one document has another score on the target. `Cause.DELETED` stands for statistics alone."""
    left, right = ({(leaf.path, leaf.name): leaf for leaf in _leaves(each)} for each in (source, target))
    weights = [{leaf.weight for leaf in each.values() if leaf.weight} for each in (left, right)]
    if weights[0] != weights[1]:
        return Difference(frozenset({Cause.ANALYSIS}), (f"other terms match ({_terms(*weights)})",))
    if left.keys() != right.keys():
        return Difference(frozenset({Cause.SIMILARITY}), ("the score is made by another formula",))
    changed = [(left[key], right[key]) for key in left if not _close(left[key].value, right[key].value)]
    causes = frozenset(_cause_of(leaf) for leaf, _ in changed)
    counts = [abs(a.value - b.value) for a, b in changed if a.name.startswith(_COUNTS)]
    told = dict.fromkeys(
        f"{_named(a)} is {a.value:g} on the source, {b.value:g} on the target" for a, b in changed
    )
    return Difference(causes, tuple(told)[:3], max(counts, default=0.0))


def _close(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=CLOSE)


def _cause_of(leaf: Leaf) -> Cause:
    if leaf.name.startswith(_STATISTICS):
        return Cause.DELETED
    if leaf.name.startswith(_SIMILARITY):
        return Cause.SIMILARITY
    if leaf.name.startswith(_DOCUMENT):
        return Cause.ANALYSIS
    return Cause.UNKNOWN


def _named(leaf: Leaf) -> str:
    """A figure that is known; others may quote the search, as `ConstantScore(name:alice)` does."""
    known = (each for each in (*_STATISTICS, *_SIMILARITY, *_DOCUMENT) if leaf.name.startswith(each))
    return next(known, "another figure").rstrip(", ")


def _terms(source: set[str], target: set[str]) -> str:
    """How many terms of each field match on one side only. The terms are texts of searches: never told."""
    alone = [Counter(map(_field, each)) for each in (source - target, target - source)]
    names = sorted(alone[0].keys() | alone[1].keys())
    said = [
        f"{name}: {alone[0][name]} on the source only, {alone[1][name]} on the target only" for name in names
    ]
    return "; ".join(said[:_FIELDS])


def _field(weight: str) -> str:
    found = _FIELD.match(weight)
    return found[1] if found else "unknown field"


def _leaves(explanation: Json) -> Iterator[Leaf]:
    waiting: list[tuple[Json, tuple[str, ...], str]] = [(explanation, (), "")]
    while waiting:
        part, path, weight = waiting.pop()
        said = _DOCUMENT_NUMBER.sub(")", str(part.get("description", "")))
        found = _WEIGHT.search(said)
        weight = found[1] if found else weight
        name = _VALUES.sub("", said)
        below = children(part, "details")
        value = part.get("value")
        if not below and isinstance(value, int | float):
            yield Leaf(weight, path, name, float(value))
        elif len(path) < _DEEPEST:
            waiting += [(each, (*path, f"{weight} {name}"), weight) for each in below]
