"""Why a search has no whole answer, told without the words of the engine: these quote the search."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from domains.engine.comparison.msearch import problem_of
from domains.errors import Blocked, Denied, DomainError, Missing, Refused
from domains.http.error_bodies import TRANSIENT_TYPES
from domains.http.json_replies import Json, child, children, is_object

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,80}")
_DEEPEST = 20
_BUSY = frozenset({429, 502, 503, 504})
_OF_THE_SEARCH = frozenset(
    {
        "class_cast_exception",
        "illegal_argument_exception",
        "number_format_exception",
        "parse_exception",
        "parsing_exception",
        "query_shard_exception",
        "script_exception",
        "too_many_clauses",
        "too_many_nested_clauses",
        "x_content_parse_exception",
    }
)
"""Errors of a shard that the same search meets again."""


@dataclass(frozen=True)
class SearchProblem:
    """Why an answer is not a whole one.

    Args:
        said: types of errors and numbers of shards, and no text of the search.
        passes: whether the same search may have a whole answer a little later.
    """

    said: str
    passes: bool


def search_problem(answer: Json) -> SearchProblem | None:
    """What is wrong with one answer of `_msearch`; None if every shard answered in full."""
    if "error" in answer:
        kinds = tuple(dict.fromkeys(_types(answer["error"])))
        status: object = answer.get("status")
        said = f"refused: {', '.join(kinds) or 'an error without a type'}"
        busy = status in _BUSY or not TRANSIENT_TYPES.isdisjoint(kinds)
        return SearchProblem(f"{said} (status {status})" if isinstance(status, int) else said, busy)
    said = problem_of(_without_count(answer), of_one_shard=False)
    if not said:
        return None
    failures = (failure.get("reason") for failure in children(child(answer, "_shards"), "failures"))
    kinds = tuple(dict.fromkeys(kind for reason in failures for kind in _types(reason)))
    said = f"{said}: {', '.join(kinds)}" if kinds else said
    return SearchProblem(said, _OF_THE_SEARCH.isdisjoint(kinds))


def said_of_search(error: DomainError) -> str:
    """The message of a request with a search that failed, without a reason that may quote the search."""
    if isinstance(error, Refused) and not isinstance(error, Denied | Missing | Blocked):
        kind = error.reply.type if _TYPE.fullmatch(error.reply.type) else ""
        return f"{error.asked}: HTTP {error.status} {kind}".rstrip()
    return error.message


def _types(error: object) -> Iterator[str]:
    """The types of an error, of its root causes and of what caused it."""
    for _ in range(_DEEPEST):
        if not is_object(error):
            return
        for each in (error, *children(error, "root_cause")):
            kind: object = each.get("type")
            if isinstance(kind, str) and _TYPE.fullmatch(kind):
                yield kind
        error = error.get("caused_by")


def _without_count(answer: Json) -> Json:
    """The answer without its total: a lower bound is no problem here."""
    hits = {key: value for key, value in child(answer, "hits").items() if key != "total"}
    return {**answer, "hits": hits}
