"""Run the plan's acceptance queries on both sides, without search pipelines."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from configs.verify import AcceptanceQuery
from domains.domain import Domain
from domains.engine.cluster import identity
from domains.engine.comparison.msearch import header, no_pipeline, problem_of, run_searches
from domains.errors import DomainError
from domains.http.json_replies import Json, child
from domains.versions import Version
from tasks.records.resolution import SelectedIndex
from tasks.records.verification import Finding, Outcome
from tasks.selection.select import matches
from tasks.verification.comparison import Comparison

_CLOSE = 1e-9  # for sums of doubles: after a merge the engine adds them up in another sequence


@dataclass(frozen=True)
class _Answer:
    """One side's answer to a query: its number of hits, and its aggregations."""

    count: int = 0
    aggregations: object = None
    problem: str = ""


def answers(c: Comparison) -> tuple[Finding, ...]:
    """Run the acceptance queries; one finding each, in the plan's sequence. Reads only.

    Raises:
        DomainError: transient errors only.
    """
    asked = c.settings.queries
    if not asked:
        return ()
    source = _asked(c.source, [(names_of(c.indices, query.index)[0], query) for query in asked])
    target = _asked(c.target, [(names_of(c.indices, query.index)[1], query) for query in asked])
    return tuple(_finding(*each) for each in zip(asked, source, target, strict=True))


def answers_on_target(
    target: Domain, indices: Sequence[SelectedIndex], asked: Sequence[AcceptanceQuery]
) -> tuple[Finding, ...]:
    """Run acceptance queries where there is no source: only what they expect is judged. Reads only.

    Raises:
        DomainError: transient errors only.
    """
    if not asked:
        return ()
    nowhere = _Answer(problem="there is no source")
    found = _asked(target, [(names_of(indices, query.index)[1], query) for query in asked])
    return tuple(_finding(query, nowhere, answer) for query, answer in zip(asked, found, strict=True))


def names_of(indices: Sequence[SelectedIndex], index: str) -> tuple[list[str], list[str]]:
    """The names to query on the source and on the target.

    These are the plan's, unless the pattern matches an index that has another name on the target: then they
    are the matching indices, each under its name on that side.
    """
    fitting = [each for each in indices if matches(each.name, [index])]
    if all(each.name == each.target for each in fitting):
        return [index], [index]
    return [each.name for each in fitting], [each.target for each in fitting]


def _asked(domain: Domain, queries: Sequence[tuple[list[str], AcceptanceQuery]]) -> list[_Answer]:
    try:
        version = identity(domain).version
    except DomainError as error:
        if error.transient:
            raise
        return [_Answer(problem=str(error)) for _ in queries]
    return [_answer(domain, version, *each) for each in queries]


def _answer(domain: Domain, version: Version, names: list[str], query: AcceptanceQuery) -> _Answer:
    """Send one query per request: a query that the engine does not understand fails its whole request."""
    aggregations = {"aggs": query.aggs} if query.aggs else {}
    body = {"size": 0, "query": query.query, "track_total_hits": True, **aggregations, **no_pipeline(version)}
    asked = header(version, "") | {"index": names, "expand_wildcards": "open"}
    try:
        (found,) = run_searches(domain, [(asked, body)])
        problem = problem_of(found, of_one_shard=False)
        if problem:
            return _Answer(problem=f"{domain.label}: {problem}")
        return _Answer(int(found["hits"]["total"]["value"]), child(found, "aggregations"))
    except DomainError as error:
        if error.transient:
            raise
        return _Answer(problem=str(error))


def _finding(query: AcceptanceQuery, source: _Answer, target: _Answer) -> Finding:
    problem = target.problem or (source.problem if query.equal else "")
    if problem:
        return _found(query, "not compared", problem)
    wrong = "; ".join(_wrong(query, source, target))
    if wrong:
        return _found(query, "different", wrong)
    return _found(query, "equal", f"{target.count} documents on the target")


def _wrong(query: AcceptanceQuery, source: _Answer, target: _Answer) -> Iterator[str]:
    beside = "" if source.problem else f" ({source.count} on the source)"
    if query.expect and not query.expect.fits(target.count):
        yield f"it finds {target.count} documents on the target{beside}, not {query.expect}"
    elif query.equal and source.count != target.count:
        yield f"it finds {source.count} documents on the source, {target.count} on the target"
    if query.equal and not same_values(source.aggregations, target.aggregations):
        yield "its aggregations differ"


def same_values(left: object, right: object) -> bool:
    """Whether two parts of replies are equal, apart from the rounding of doubles."""
    if isinstance(left, dict) and isinstance(right, dict):
        one, other = cast("Json", left), cast("Json", right)
        return one.keys() == other.keys() and all(same_values(one[key], other[key]) for key in one)
    if isinstance(left, list) and isinstance(right, list):
        ones, others = cast("list[object]", left), cast("list[object]", right)
        return len(ones) == len(others) and all(map(same_values, ones, others))
    if isinstance(left, float) and isinstance(right, float):
        return left == right or math.isclose(left, right, rel_tol=_CLOSE)
    return left == right


def _found(query: AcceptanceQuery, outcome: Outcome, detail: str) -> Finding:
    return Finding(what="query", outcome=outcome, place=query.index, detail=detail)
